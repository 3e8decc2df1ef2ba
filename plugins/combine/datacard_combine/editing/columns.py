"""Columns that go, and lines that act on nothing without them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from datacard_combine.editing.following import variants_of
from datacard_combine.editing.lines.patterns import Names
from datacard_combine.editing.lines.tree import is_global_rename
from datacard_combine.meaning.state import State
from datacard_combine.syntax.views import EditLine, RateParam, Row, ShapesLine
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from collections.abc import Set as AbstractSet

    from datacard_combine.editing.lines.changes import Changes
    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.syntax.views import View


def columns_of(tree: Tree, channel: str, is_process: Callable[[str], bool]) -> set[int]:
    """Return the places of the columns in channels that a pattern stands for."""
    return {
        place
        for place, column in enumerate(tree.content.head.columns)
        if grammar.is_like(column.channel, channel) and is_process(column.process)
    }


def without_columns(tree: Tree, columns: AbstractSet[int], changes: Changes, emptied: Collection[str] = ()) -> None:
    """Take columns away, and channels and processes that have no column left.

    Args:
        tree: the card.
        columns: places of the columns.
        changes: what becomes of the lines.
        emptied: channels that go, also those that had no column.
    """
    head, seen = tree.content.head, tree.seen
    left = [column for place, column in enumerate(head.columns) if place not in columns]
    gone = [head.columns[place] for place in sorted(columns)]
    channels, processes = ({getattr(column, of) for column in left} for of in ("channel", "process"))
    names = [
        Names(
            "channel",
            head.channels,
            dict.fromkeys([*emptied, *(one.channel for one in gone if one.channel not in channels)]),
        ),
        Names("process", head.processes, dict.fromkeys(one.process for one in gone if one.process not in processes)),
    ]
    for view in tree.views:
        if any(not variants_of(view, its, tree) for its in names) or _is_idle(view, tree, columns):
            changes.drop(view.line)
        elif isinstance(view, Row):
            changes.words(view.line, {view.first + place: "" for place in columns})
    for table_line in (seen.table, seen.names, seen.ids, seen.rates):
        if table_line is not None:
            changes.words(table_line.line, {place + 1: "" for place in columns})
    observed = seen.observed.names if seen.observed else head.channels
    places = {place + 1: "" for place, name in enumerate(observed) if name in names[0].new}
    for line in (seen.observed, seen.observation):
        if line is not None and line != seen.table:
            changes.words(line.line, places)


def acts_on(view: View, tree: Tree) -> set[int]:
    """Return the places of the columns that a line is about; none for a line that is about other parts of the card."""
    head = tree.content.head
    if isinstance(view, Row):
        return {place for place, cell in enumerate(view.cells[: len(head.columns)]) if cell.strip("-")}
    if isinstance(view, EditLine):
        if view.verb in {"changepdf", "freeze"} or is_global_rename(view):
            return set()
        return {place for *_, place in State.of(head).matching(view.words[1], view.words[0])}
    if isinstance(view, RateParam):
        equal = fnmatchcase if grammar.ANY in view.channel + view.process else str.__eq__
    elif isinstance(view, ShapesLine) and grammar.ANY not in (view.channel, view.process):
        equal = str.__eq__
    else:
        return set()
    return {
        place
        for place, column in enumerate(head.columns)
        if equal(column.channel, view.channel) and equal(column.process, view.process)
    }


def _is_idle(view: View, tree: Tree, gone: Collection[int]) -> bool:
    """Return whether a line acts on columns that go, and on no other."""
    on = acts_on(view, tree)
    return bool(on) and on.issubset(gone)
