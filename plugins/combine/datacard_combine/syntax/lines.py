"""Lines of a card as they stand in the file, so that they can be written back byte for byte."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"\S+")


@attrs.frozen
class Line:
    """One line of a card."""

    number: int
    """Place in the file, from 1."""
    text: str
    """The line without its end."""
    end: str = "\n"
    """Characters that end the line, empty for a last line without an end."""
    words: tuple[str, ...] = attrs.field(
        default=attrs.Factory(lambda self: tuple(self.text.split()), takes_self=True), eq=False
    )
    """Text between blanks, as Combine splits it."""

    def column(self, word: int) -> int:
        """Return the place in the line, from 1, at which a word begins; of a missing one, the place behind the last."""
        if word >= len(self.words):
            return 1 + len(self.text.rstrip())
        # By the length of what is left: a search for each word would take a second in a card of a thousand columns.
        return 1 + len(self.text) - len(self.text.split(None, word)[word])

    def replacing(self, words: dict[int, str]) -> Line:
        """Return the line with other words at some places and the blanks between words as they are."""
        pieces, behind = [], 0
        for place, found in enumerate(_WORD.finditer(self.text)):
            pieces += [self.text[behind : found.start()], words.get(place, found.group())]
            behind = found.end()
        return Line(self.number, "".join([*pieces, self.text[behind:]]), self.end)


def split(text: str) -> tuple[Line, ...]:
    """Return the lines of a text; `joined` gives back the text."""
    lines = []
    # Combine opens cards as text, where Python takes \r\n, \r and \n for the end of a line, and no other character.
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        body = line.rstrip("\r\n")
        lines.append(Line(number, body, line[len(body) :], tuple(body.split())))
    return tuple(lines)


def joined(lines: Iterable[Line]) -> str:
    """Return the text of lines."""
    return "".join(f"{line.text}{line.end}" for line in lines)
