"""Numbers behind the keywords of `rateParam`, `param` and `extArg`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.syntax.numbers import parsed

if TYPE_CHECKING:
    from collections.abc import Sequence


def numbers_of(words: Sequence[str]) -> tuple[float | None, tuple[float, float] | None]:
    """Return start and range of a parameter, None for what is missing or no number."""
    return parsed(words[0]), range_of(words[-1]) if len(words) > 1 else None


def range_of(text: str) -> tuple[float, float] | None:
    """Return the numbers of `[low,high]`, or None for other text."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    numbers = [parsed(part) for part in text[1:-1].split(",")]
    found = [number for number in numbers if number is not None]
    if len(numbers) != 2 or len(found) != 2 or not found[0] < found[1]:  # noqa: PLR2004 - a pair
        return None
    return found[0], found[1]


def spread_of(text: str) -> tuple[float, float] | None:
    """Return the widths below and above the mean, from a number or `-lower/+upper`; None for other text."""
    if "/" not in text:
        width = parsed(text)
        return None if width is None else (width, width)
    below, _, above = text.partition("/")
    if below[:1] != "-" or above[:1] != "+":
        return None
    found = (parsed(below[1:]), parsed(above[1:]))
    return None if found[0] is None or found[1] is None else (found[0], found[1])
