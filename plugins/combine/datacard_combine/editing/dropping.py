"""Channels, processes, nuisances and groups that go, with all that only they have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datacard_combine.editing.columns import acts_on, columns_of, without_columns
from datacard_combine.editing.counting import counted
from datacard_combine.editing.following import LITERALS, variants_of
from datacard_combine.editing.lines.changes import Changes
from datacard_combine.editing.lines.patterns import Names
from datacard_combine.editing.users import drop_unused, problems_of_use
from datacard_combine.syntax.views import EditLine, GroupLine, RateParam, Row
from datacard_core import DeclarationError, grammar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from datacard_combine.editing.lines.tree import Tree
    from datacard_core import Drop


def dropped(tree: Tree, edit: Drop) -> Changes:
    """Return the lines without some names.

    Raises:
        DeclarationError: a name is unknown or is used by what stays; all problems.
    """
    names, problems = edit.resolved(tree.known(edit.what))
    changes = Changes()
    if not problems:
        problems += _FORMS[edit.what](tree, edit, names, changes)
    if not problems:
        drop_unused(tree, changes)
        problems += problems_of_use(tree, changes)
    if problems:
        raise DeclarationError(map(tree.told, problems))
    counted(tree, changes)
    return changes


def _channels(tree: Tree, _: Drop, names: Collection[str], changes: Changes) -> Iterator[str]:
    left = [name for name in tree.content.head.channels if name not in names]
    if not left:
        yield "no channel would be left"
        return
    columns = {place for place, column in enumerate(tree.content.head.columns) if column.channel in names}
    without_columns(tree, columns, changes, names)


def _processes(tree: Tree, edit: Drop, names: Collection[str], changes: Changes) -> Iterator[str]:
    columns = columns_of(tree, edit.channel, lambda process: process in names)
    if not columns:
        yield f"no process {', '.join(map(repr, names))} in channels {edit.channel!r}"
    head = tree.content.head
    left = Counter(column.channel for place, column in enumerate(head.columns) if place not in columns)
    for channel in dict.fromkeys(head.columns[place].channel for place in sorted(columns)):
        if not left[channel]:
            yield f"channel {channel!r} would have no process left: drop the channel"
    without_columns(tree, columns, changes)


def _nuisances(tree: Tree, edit: Drop, names: Collection[str], changes: Changes) -> Iterator[str]:
    if (edit.channel, edit.process) != (grammar.ANY, grammar.ANY):
        yield from _effects(tree, edit, names, changes)
        return
    for view in tree.views:
        if isinstance(view, EditLine) and view.verb != "add":
            made = [view.words[place] for place in LITERALS.get(view.verb, ()) if place < len(view.words)]
            if found := [name for name in made[-1:] if name in names and not _is_own(tree, name)]:
                place = tree.place(view.line)
                yield f"{place}: the edit {view.verb!r} makes {found[0]!r} of another nuisance: drop that one"
    going = Names("nuisance", tree.parameters, dict.fromkeys(names))
    for view in tree.views:
        changes.variants[view.line.number] = variants_of(view, going, tree)


def _is_own(tree: Tree, name: str) -> bool:
    return any(isinstance(view, Row | RateParam) and view.name == name for view in tree.views)


def _effects(tree: Tree, edit: Drop, names: Collection[str], changes: Changes) -> Iterator[str]:
    """Take the effects of nuisances on some columns away."""
    columns = columns_of(tree, edit.channel, lambda process: grammar.is_like(process, edit.process))
    if not columns:
        yield f"no process {edit.process!r} in channels {edit.channel!r}"
    for view in tree.views:
        if isinstance(view, Row) and view.name in names:
            changes.words(view.line, {view.first + place: grammar.NO_EFFECT for place in columns})
            if columns.issuperset(place for place in range(len(view.cells)) if view.cells[place].strip("-")):
                changes.drop(view.line)
        elif isinstance(view, RateParam) and view.name in names:
            on = acts_on(view, tree)
            if on <= columns:
                changes.drop(view.line)
            elif on & columns:
                yield f"{tree.place(view.line)}: the line acts on further columns too: write a line for each of them"


def _groups(tree: Tree, _: Drop, names: Collection[str], changes: Changes) -> Iterator[str]:
    yield from ()
    for view in tree.views:
        if isinstance(view, GroupLine) and view.name in names:
            changes.drop(view.line)


_FORMS = {"channel": _channels, "process": _processes, "nuisance": _nuisances, "group": _groups}
