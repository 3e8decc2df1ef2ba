"""Paths of the files of a card, all below its own directory."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from datacard_combine.editing.lines.changes import Changes
from datacard_combine.editing.templates.files import NewNames
from datacard_combine.syntax.views import Parameter, RateParam, ShapesLine
from datacard_core import DeclarationError, LinkedFile, grammar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.editing.templates.files import Moved
    from datacard_combine.syntax.views import View


def bundled(tree: Tree) -> Changes:
    """Return the lines with files that lie elsewhere named as if they were beside the card."""
    changes = Changes()
    for view in tree.views:
        if isinstance(view, ShapesLine) and not view.is_fake:
            changes.words(view.line, {3: _inside(view.fields[0])})
        for place, word in sources_of(view):
            file, _, name = word.partition(":")
            changes.words(view.line, {place: f"{_inside(file)}:{name}"})
    return changes


def sources_of(view: View) -> Iterator[tuple[int, str]]:
    """Yield place and text of the word of a line that names an object of a workspace in a file."""
    if isinstance(view, RateParam) and view.is_file:
        yield 4, view.words[0]
    if isinstance(view, Parameter) and view.kind == grammar.EXT_ARG and view.words and ":" in view.words[-1]:
        yield 1 + len(view.words), view.words[-1]


def files_of(tree: Tree, moved: Moved, card: Path) -> list[LinkedFile]:
    """Return the files of a card that exist: those with templates, and those with parameters.

    Args:
        tree: the card with the paths that it has now.
        moved: its templates, by the paths that it is to have.
        card: path of the card.

    Raises:
        DeclarationError: two files would have one path.
    """
    folder = card.parent
    found = {(source, new): NewNames(names) for (source, new), names in moved.copies(folder).items()}
    for view in tree.views:
        for _, word in sources_of(view):
            file = word.partition(":")[0]
            if (folder / file).is_file():
                found.setdefault((folder / file, _inside(file)), NewNames({}))
    if twice := [new for new, count in Counter(new for _, new in found).items() if count > 1]:
        both = " and ".join(repr(str(source)) for source, new in found if new == twice[0])
        raise DeclarationError(f"{card}: the files {both} would be one, {twice[0]!r}: rename one of them")
    return [LinkedFile(new, source, names, names.is_changed) for (source, new), names in found.items()]


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    return pure.name if pure.is_absolute() or os.path.normpath(path).startswith("..") else path
