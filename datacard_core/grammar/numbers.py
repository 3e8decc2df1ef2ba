"""Numbers in a Combine datacard."""

from __future__ import annotations

import math
import numbers
import re

# The numbers of C and of Python alike; float() would also take digits of other scripts, "1_0" and "nan".
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COUNT = re.compile(r"[0-9]+")


def number(value: float) -> str:
    """Return the shortest text that reads back as the same number.

    Raises:
        TypeError: the value is a text, a bool or another object.
    """
    # The repr of numpy's floats would be `np.float64(…)`.
    return repr(real_number(value))


def real_number(value: object) -> float:
    """Return a real number of any library as a float.

    Raises:
        TypeError: the value is a text, which `float` would read, a bool or another object.
    """
    if isinstance(value, float):
        return float(value)
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{value!r:.200} ({type(value).__name__}) is not a number")
    return float(value)


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


def is_finite_number(value: object) -> bool:
    """Return True for a finite real number of any library, and False for a bool or any other value.

    Meant for the options of a systematic, which reach its kind as the script wrote them. NaN, infinities and integers
    beyond the range of a double are not finite numbers here, because a card cannot hold them.

    Args:
        value: The value to judge, of any type.
    """
    # Python counts True as the integer 1, but a script that says True for a number has made a mistake.
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # raised for an integer beyond the range of a double
        return False
