"""Edits of a card, carried out one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_combine.editing.adding import added, added_process
from datacard_combine.editing.dropping import dropped
from datacard_combine.editing.renaming import renamed
from datacard_combine.meaning.card import content_of, views_of
from datacard_combine.syntax.faults import collected
from datacard_combine.syntax.lines import split
from datacard_core import Add, AddProcess, DeclarationError, Drop, Rename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_combine.editing.lines.changes import Changes
    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.editing.templates.files import Moved
    from datacard_core import CardEdit


def carried_out(tree: Tree, moved: Moved, edits: Iterable[CardEdit]) -> tuple[Tree, Moved]:
    """Return a card with edits, and the places of its templates.

    Raises:
        DeclarationError: an edit names what the card has not, or cannot be made.
    """
    for edit in edits:
        new = with_changes(tree, changes_of(tree, edit))
        moved = moved.after(tree.content, new.content, is_renamed=isinstance(edit, Rename))
        tree = new
    return tree, moved


def changes_of(tree: Tree, edit: CardEdit) -> Changes:
    """Return what an edit changes."""
    if isinstance(edit, Rename):
        return renamed(tree, edit)
    if isinstance(edit, Drop):
        return dropped(tree, edit)
    if isinstance(edit, Add):
        return added(tree, edit)
    if isinstance(edit, AddProcess):
        return added_process(tree, edit)
    raise DeclarationError(f"{edit!r:.200} is not an edit, expected a Rename, Drop, Add or AddProcess")


def with_changes(tree: Tree, changes: Changes) -> Tree:
    """Return a card with changed lines."""
    lines = split(changes.text(tree.lines, tree.views))
    views, _ = collected(views_of(lines))
    return attrs.evolve(tree, lines=lines, views=views, content=collected(content_of(views))[0])
