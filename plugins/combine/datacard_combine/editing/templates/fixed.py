"""Templates whose names cannot follow: those in workspaces and tables. The `shapes` lines name them as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.meaning.shapes import TABLES, ShapesLines
from datacard_combine.syntax.views import Row, ShapesLine
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_combine.editing.lines.changes import Changes
    from datacard_combine.editing.lines.patterns import Names
    from datacard_combine.editing.lines.tree import Tree

_FILE = 3
"""Place of the file among the words of a `shapes` line."""


def keep_templates(tree: Tree, names: Names, changes: Changes) -> None:
    """Name fixed templates of renamed processes and channels as before, if need be in lines of their own."""
    if names.what not in {"process", "channel"}:
        return
    keyword = f"${names.what.upper()}"
    lines = [view for view in tree.views if isinstance(view, ShapesLine) and not view.is_fake]
    for view in lines:
        name = view.process if names.what == "process" else view.channel
        if name in names.new and _is_fixed(view):
            changes.words(view.line, {_FILE + at: field.replace(keyword, name) for at, field in enumerate(view.fields)})
    for old in names.new:
        if any(_is_fixed(view) and keyword in " ".join(view.fields) for view in _general(tree, names.what, old)):
            for view in _general(tree, names.what, old):
                fields = [field.replace(keyword, old) if _is_fixed(view) else field for field in view.fields]
                place = [names.word(old), view.channel] if names.what == "process" else [view.process, names.word(old)]
                changes.behind[view.line.number].append(" ".join(["shapes", *place, *fields]))


def _general(tree: Tree, what: str, name: str) -> list[ShapesLine]:
    """Return the lines that Combine may take for a name because they are for all names of its kind."""
    lines = tree.content.head.shapes
    if what == "process":
        # A line of a channel for all processes comes before that of a process for all channels.
        own = {view.channel for view in lines if view.process == name}
        return [view for view in lines if view.process == grammar.ANY and view.channel not in own]
    own = {view.process for view in lines if view.channel == name}
    general = [view for view in lines if view.channel == grammar.ANY and view.process not in own]
    return [] if grammar.ANY in own else general


def fixed_problems(tree: Tree, new: dict[str, str]) -> Iterator[str]:
    """Yield the nuisances that change their name and have fixed templates."""
    lines = ShapesLines(tree.content.head.shapes)
    for view in tree.views:
        if isinstance(view, Row) and view.name in new and view.kind.startswith(grammar.SHAPE):
            columns = zip(tree.content.head.columns, view.cells, strict=False)
            used = [lines.of(column.channel, column.process) for column, cell in columns if cell.strip("-")]
            if fixed := [line for line in used if line and _is_fixed(line) and "$SYSTEMATIC" in " ".join(line.fields)]:
                yield (
                    f"{tree.place(view.line)}: the templates of {view.name!r} in {fixed[0].fields[0]!r} keep their "
                    "names, as only histograms in ROOT files can have others: the nuisance has to keep its name too"
                )


def _is_fixed(view: ShapesLine) -> bool:
    return view.fields[0].endswith(TABLES) or any(":" in field for field in view.fields[1:])
