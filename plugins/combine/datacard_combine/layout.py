"""Layout of a card's text: sections with a rule behind each, and tables whose columns begin at the same place."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Combine skips lines that begin with two dashes.
RULE = "-" * 80
GAP = "  "
"""Gap between two columns of a table, even between the longest words: Combine splits lines at blanks."""


def text_of(sections: Iterable[Sequence[str]]) -> str:
    """Return the text of sections of lines, without those that are empty."""
    return "".join(f"{line}\n" for section in sections if section for line in (*section, RULE))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines whose columns start at the same place, a gap behind the longest word before it."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return [GAP.join(word.ljust(width) for word, width in zip(row, widths, strict=False)).rstrip() for row in rows]


def table(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the block of columns: the lines of its head, a rule, and the rows of nuisances."""
    # Combine ends the head at the line of rates, so it is the last one before the nuisances.
    lines = aligned([*head, *rows])
    return lines if not rows else [*lines[: len(head)], RULE, *lines[len(head) :]]
