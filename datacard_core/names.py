"""Names: the rules of Combine, lists of names in messages, and the closest match to a misspelt name."""

from __future__ import annotations

import difflib
import numbers
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

# Combine splits a card at blanks and puts names into expressions of RooFit. With a digit first, its parser refuses a
# bin and renames a nuisance to `theta…`.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_YEAR = re.compile(r"[A-Za-z0-9_.-]+")


def name_problem(what: str, name: object) -> str | None:
    """Return the reason why a name cannot stand in a card, or None.

    Args:
        what: the kind of name, to begin the sentence with.
        name: the name.
    """
    if not isinstance(name, str):
        return f"{what} {name!r} is a {type(name).__name__}, expected a string"
    if not _NAME.fullmatch(name):
        return (
            f"{what} {name!r} is not a name that Combine accepts: expected letters, digits, '_', '.' and '-', "
            f"with a letter or '_' first{_suggestion(name)}"
        )
    return None


def year_problem(what: str, year: object) -> str | None:
    """Return the reason why a year cannot end the name of a column, or None.

    Args:
        what: the kind of year, to begin the sentence with.
        year: the year.
    """
    if not isinstance(year, str):
        example = str(year) if isinstance(year, numbers.Integral) else "2022"
        return f"{what} {year!r} is a {type(year).__name__}, expected a string such as {example!r}"
    if not _YEAR.fullmatch(year):
        return f"{what} {year!r} cannot end the name of a column: expected letters, digits, '_', '.' and '-'"
    return None


def plain(name: str) -> str:
    """Return a string as Python's `str`, and a value of another type unchanged."""
    # The repr of numpy's strings, in a message, is `np.str_('ttbar')`.
    return str.__str__(name) if isinstance(name, str) else name


def names_of(names: Any) -> tuple[str, ...]:
    """Return one name, or several, as a tuple; a string is one name, and a set is sorted."""
    if isinstance(names, np.ndarray):
        names = names.tolist()
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        names = [names]
    if isinstance(names, set | frozenset):
        # Sorted by their text, as a set may hold numbers too; later checks refuse them.
        names = sorted(names, key=str)
    return tuple(plain(name) for name in names)


def closest(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the closest known name, or all known names."""
    known = list(dict.fromkeys(known))
    # Reversed, so that the first of several names stays that differ in upper and lower case only.
    by_lower = {name.lower(): name for name in reversed(known)}
    matches = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    if matches:
        return f" (did you mean {by_lower[matches[0]]!r}?)"
    return f" (known: {listing(known)})" if known else ""


def listing(names: Iterable[object], most: int = 12) -> str:
    """Return the names with commas between, cut after the first `most`, with the number of the rest."""
    names = list(names)
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(str(name) for name in names[:most]) + rest


def duplicates(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in their order."""
    # Values of other types may not be hashable; other checks refuse them.
    counts = Counter(name for name in names if isinstance(name, str))
    return [name for name, count in counts.items() if count > 1]


def _suggestion(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    safe = f"_{safe}" if safe[:1].isdigit() or safe[:1] in {".", "-"} else safe
    return f", for example {safe!r}" if safe else ""
