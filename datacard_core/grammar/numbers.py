"""Numbers in a Combine datacard."""

from __future__ import annotations

import math
import re

# The numbers of C and of Python alike; float() would also take digits of other scripts, "1_0" and "nan".
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COUNT = re.compile(r"[0-9]+")


def number(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    # The repr of numpy's floats would be `np.float64(…)`.
    return repr(float(value))


def is_number(text: str) -> bool:
    """Return whether a text is a finite number that C and Python read alike."""
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def is_count(text: str) -> bool:
    """Return whether a text is a whole number of digits alone."""
    return _COUNT.fullmatch(text) is not None


def short(value: float) -> str:
    """Return the text of a number, whole numbers without a point."""
    # Combine's own cards write whole numbers without a point in these lines.
    return number(value).removesuffix(".0")
