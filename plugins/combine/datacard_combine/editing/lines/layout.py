"""Layout of changed lines: words that stood below each other stay so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_combine.syntax.lines import Line

_WORD = re.compile(r"\S+")
_GAP = 2
"""Blanks that a longer word leaves before the next one, if there were as many."""
_BY_CHANCE = 2
"""Number of lines whose words may begin or end below each other by chance."""

_Key: TypeAlias = tuple[bool, int]
"""Place of a word: among those before the first column, or among those of the columns."""


@attrs.define(eq=False, kw_only=True)
class _Written:
    """A line while it is written anew."""

    text: str
    words: dict[int, str]
    spans: dict[_Key, tuple[int, int]]
    places: dict[_Key, int]
    lead: int
    """Number of words before the first column."""
    made: str = ""
    read: int = 0
    """Place behind the last word of the old text."""
    shift: int = 0
    """Characters that dropped columns have taken."""

    @classmethod
    def of(cls, line: Line, first: int, end: int, words: dict[int, str]) -> _Written:
        spans, places = {}, {}
        for place, found in enumerate(_WORD.finditer(line.text)):
            if place < end:
                key = (place >= first, place - first if place >= first else place)
                spans[key], places[key] = found.span(), place
        return cls(text=line.text, words=words, spans=spans, places=places, lead=first)

    @property
    def is_moved(self) -> bool:
        """True if the next word would not stand where it did."""
        return len(self.made) != self.read or self.shift != 0

    def copy_before(self, key: _Key) -> None:
        """Write the words before one as they are, but for those that are written already."""
        at, place = key
        before = self.spans.get((at, place - 1)) or (self.spans.get((False, self.lead - 1)) if at else None)
        if before is not None and before[1] > self.read:
            self.made += self.text[self.read : before[1]]
            self.read = before[1]

    def gap(self, key: _Key) -> str:
        """Return the blanks before a word."""
        return self.text[self.read : self.spans[key][0]]

    def word(self, key: _Key) -> str:
        """Return the new word at a place, empty for one that goes."""
        start, stop = self.spans[key]
        return self.words.get(self.places[key], self.text[start:stop])

    def put(self, key: _Key, start: int | None) -> None:
        """Write a word that begins at a column of the text, or behind the blanks that were before it."""
        gap, word = self.gap(key), self.word(key)
        if word:
            self.made += (gap if start is None else " " * (start - len(self.made))) + word
        self.read = self.spans[key][1]


def laid_out(block: Sequence[tuple[Line, int, int, dict[int, str]]]) -> list[str]:
    """Return the new texts of lines.

    Args:
        block: lines that may stand in columns, each with the place of its first column, the place behind the last one,
            and its new words.
    """
    if not any(words for *_, words in block):
        return [line.text for line, *_ in block]
    lines = [_Written.of(*entry) for entry in block]
    changed = {key for line in lines for key, place in line.places.items() if place in line.words}
    is_moved = False
    for key in sorted({key for line in lines for key in line.spans}):
        # In a large table most words stay where they are.
        if key not in changed and not is_moved:
            continue
        left = {at: line for at, line in enumerate(lines) if key in line.spans}
        for line in left.values():
            line.copy_before(key)
        for group, side in list(_aligned(left, key)):
            _put_aligned([left.pop(at) for at in group], key, side)
        for line in left.values():
            line.put(key, None)
        is_moved = any(line.is_moved for line in lines)
    return [line.made + line.text[line.read :] for line in lines]


def _aligned(lines: Mapping[int, _Written], key: _Key) -> Iterator[tuple[list[int], int]]:
    """Yield lines whose words at a place begin below each other, with 0, or end so, with 1."""
    plain = {at: line for at, line in lines.items() if "\t" not in line.gap(key)}
    groups: tuple[dict[int, list[int]], ...] = ({}, {})
    for at, line in plain.items():
        for side in (0, 1):
            groups[side].setdefault(line.spans[key][side], []).append(at)
    # Words of equal length end below each other too, so that the beginnings come first.
    side = 1 if len(groups[1]) == 1 and len(groups[0]) > 1 and len(plain) > _BY_CHANCE else 0
    if max(map(len, groups[side].values()), default=0) > len(plain) / 2:
        yield from ((group, side) for group in groups[side].values() if len(group) > 1)


def _put_aligned(group: Sequence[_Written], key: _Key, side: int) -> None:
    if not any(line.word(key) for line in group):
        for line in group:
            start, stop = line.spans[key]
            after = line.spans.get((key[0], key[1] + 1))
            line.shift -= stop - line.read if side or after is None else after[0] - start
            line.put(key, None)
        return
    # Where the words would begin, or end, if the longest of them did not need more room.
    wanted = max(line.spans[key][side] + line.shift for line in group)
    for line in group:
        least = len(line.made) + (min(len(line.gap(key)), _GAP) if line.made else 0)
        wanted = max(wanted, least + (len(line.word(key)) if side else 0))
    for line in group:
        line.put(key, wanted - len(line.word(key)) if side else wanted)
