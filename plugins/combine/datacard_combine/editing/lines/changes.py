"""Changes of the lines of a card: other words, and lines that go or come."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

import attrs

from datacard_combine.editing.lines.layout import laid_out
from datacard_combine.syntax.views import (
    BinLine,
    Counts,
    EditLine,
    GroupLine,
    ObservationLine,
    ProcessLine,
    RateLine,
    Row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import View

Words: TypeAlias = dict[int, str]
"""New words of a line by their places; an empty word goes, with the blanks around it."""


@attrs.define(eq=False)
class Changes:
    """New lines in the place of lines of a card, and lines that come or go."""

    variants: dict[int, list[Words]] = attrs.field(factory=dict)
    """Lines that a line becomes, by its number: none for one that goes, several for one that is repeated."""
    behind: defaultdict[int, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    """Texts of new lines, by the number of the line that they follow."""

    def words(self, line: Line, words: Words) -> None:
        """Give a line other words."""
        for variant in self.variants.setdefault(line.number, [{}]):
            variant.update(words)

    def drop(self, line: Line) -> None:
        """Take a line away."""
        self.variants[line.number] = []

    def is_dropped(self, line: Line) -> bool:
        """Return whether a line goes."""
        return self.variants.get(line.number) == []

    def text(self, lines: Sequence[Line], views: Sequence[View]) -> str:
        """Return the new text of all lines; lines that stood in columns still do."""
        made: dict[int, list[str]] = {}
        for block in _blocks(views):
            found = [(view, variant) for view in block for variant in self.variants.get(view.line.number, [{}])]
            texts = laid_out([(view.line, _first(view), _end(view), variant) for view, variant in found])
            for (view, _), text in zip(found, texts, strict=True):
                made.setdefault(view.line.number, []).append(text)
        ending = next((line.end for line in lines if line.end), "\n")
        pieces: list[str] = []
        for line in lines:
            texts = [] if self.is_dropped(line) else made.get(line.number, [line.text])
            new = [*texts, *self.behind.get(line.number, ())]
            # Only the last line of a card may have no end.
            pieces += [f"{text}{line.end or ending}" for text in new[:-1]]
            pieces += [f"{text}{line.end}" for text in new[-1:]]
        return "".join(pieces)


def _blocks(views: Sequence[View]) -> Iterator[Sequence[View]]:
    """Yield lines whose words may stand below each other."""
    table: list[View] = []
    others: defaultdict[type[View], list[View]] = defaultdict(list)
    for view in views:
        if isinstance(view, ObservationLine):
            # The names of its channels stand above it.
            yield [*table, view]
            table = []
        elif isinstance(view, BinLine | ProcessLine | RateLine | Row):
            table.append(view)
        elif isinstance(view, GroupLine | EditLine | Counts):
            yield [view]
        else:
            others[type(view)].append(view)
    yield table
    yield from others.values()


def _first(view: View) -> int:
    """Return the place of the first word that belongs to a column or channel."""
    return view.first if isinstance(view, Row) else 1


def _end(view: View) -> int:
    """Return the place behind the last word that the language reads."""
    return view.first + len(view.cells) if isinstance(view, Row) else len(view.line.words)
