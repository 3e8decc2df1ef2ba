"""Parameters that no line defines any more, and the lines that name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.editing.following import variants_of
from datacard_combine.editing.lines.patterns import Names
from datacard_combine.syntax.views import EditLine, GroupLine, Parameter, RateParam, Row
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_combine.editing.lines.changes import Changes
    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.syntax.views import View

_NAMES = (re.compile(r"[A-Za-z_][\w.]*"), re.compile(r"[A-Za-z_][\w.-]*"))
"""Names in formulas, where "-" is a minus, and in lists."""


def drop_unused(tree: Tree, changes: Changes) -> None:
    """Take parameters that no line defines any more out of groups, constraints and edits."""
    gone = _gone(tree, changes)
    for view in tree.views:
        # The constraint of a factor means nothing without the factor.
        if isinstance(view, Parameter) and view.kind in grammar.CONSTRAINT_KEYWORDS and view.name in gone:
            changes.drop(view.line)
    names = Names("nuisance", tree.parameters, dict.fromkeys(gone))
    for view in tree.views:
        if isinstance(view, GroupLine | EditLine) and not changes.is_dropped(view.line):
            variants = variants_of(view, names, tree)
            if variants:
                changes.words(view.line, variants[0])
            else:
                changes.drop(view.line)
    _groups(tree, changes)


def _gone(tree: Tree, changes: Changes) -> set[str]:
    """Return the names whose defining lines all go, but for their constraints."""
    lost = {name for view in tree.views if changes.is_dropped(view.line) for name in _defined(view)}
    left = [view for view in tree.views if not changes.is_dropped(view.line)]
    used = {name for view in left for name in _used(view)}
    for view in left:
        if isinstance(view, Parameter) and view.kind in grammar.CONSTRAINT_KEYWORDS and view.name not in used:
            continue
        lost.difference_update(_defined(view))
    return lost


def _defined(view: View) -> tuple[str, ...]:
    if isinstance(view, Row | RateParam | Parameter):
        return (view.name,)
    return (view.words[2],) if isinstance(view, EditLine) and view.verb == "add" else ()


def _used(view: View) -> set[str]:
    """Return the names in the formula of a line, and in the list of its arguments."""
    if isinstance(view, RateParam) and view.is_formula:
        texts = view.words
    elif isinstance(view, Parameter) and view.kind == "constr":
        texts = view.words[:-1] or view.words
    else:
        return set()
    return {name for text in texts for names in _NAMES for name in names.findall(text)}


def _groups(tree: Tree, changes: Changes) -> None:
    """Take away groups without members, and begin a group with the first of its lines that is left."""
    begun: set[str] = set()
    for view in tree.views:
        if not isinstance(view, GroupLine) or changes.is_dropped(view.line):
            continue
        words = changes.variants.get(view.line.number, [{}])[0]
        if view.members and all(words.get(3 + at, name) == "" for at, name in enumerate(view.members)):
            changes.drop(view.line)
            continue
        if view.is_addition and view.name not in begun:
            changes.words(view.line, {2: "="})
        begun.add(view.name)


def problems_of_use(tree: Tree, changes: Changes) -> Iterator[str]:
    """Yield the lines that stay and need a parameter that goes."""
    gone = _gone(tree, changes)
    for view in tree.views:
        if not changes.is_dropped(view.line) and (used := sorted(_used(view) & gone)):
            kind = grammar.RATE_PARAM if isinstance(view, RateParam) else "constr"
            name = view.name if isinstance(view, RateParam | Parameter) else ""
            yield f"{tree.place(view.line)}: {kind} {name!r} uses {', '.join(map(repr, used))}: drop it too"
