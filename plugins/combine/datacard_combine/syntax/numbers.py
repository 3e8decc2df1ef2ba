"""Numbers in the words of a line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from datacard_combine.syntax.faults import doubtful, mistaken, refused
from datacard_core import grammar

if TYPE_CHECKING:
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line


def number_at(line: Line, word: int, what: str) -> Reading[float]:
    """Read a number as Combine does; 0 if there is none."""
    text = line.words[word]
    value = parsed(text)
    if value is None:
        comma = ": the decimal sign is a point" if "," in text else ""
        yield refused("value.number", f"{what} {text!r} is not a number{comma}", line, word)
        return 0.0
    if not math.isfinite(value):
        yield mistaken("value.not-finite", f"{what} {text!r} is not finite, expected a finite number", line, word)
    elif not grammar.is_number(text):
        message = f"{what} {text!r} is a number for Python alone: write {grammar.number(value)}"
        yield doubtful("value.number", message, line, word)
    return value


def parsed(text: str) -> float | None:
    """Return the number that Python, and so Combine, reads from a text, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def whole(text: str) -> int | None:
    """Return the whole number that Python, and so Combine, reads from a text, or None."""
    try:
        return int(text)
    except ValueError:
        return None
