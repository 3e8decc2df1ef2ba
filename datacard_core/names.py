"""Names: what Combine accepts, and the closest match to a misspelt one."""

from __future__ import annotations

import difflib
import numbers
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

# Combine splits a card at blanks and builds RooFit expressions from names; a leading digit makes its parser
# refuse a bin and rename a nuisance to `theta…`.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_YEAR = re.compile(r"[A-Za-z0-9_.-]+")


def name_problem(what: str, name: object) -> str | None:
    """Say what is wrong with a name that will stand in a card, or None."""
    if not isinstance(name, str):
        return f"{what} {name!r} is a {type(name).__name__}, expected a string"
    if not _NAME.fullmatch(name):
        return (
            f"{what} {name!r} is no name for Combine: expected letters, digits, '_', '.' and '-', "
            f"with a letter or '_' first{_suggestion(name)}"
        )
    return None


def year_problem(what: str, year: object) -> str | None:
    """Say what is wrong with a year, which ends the name of a column, or None."""
    if not isinstance(year, str):
        example = str(year) if isinstance(year, numbers.Integral) else "2022"
        return f"{what} {year!r} is a {type(year).__name__}, expected a string such as {example!r}"
    if not _YEAR.fullmatch(year):
        return f"{what} {year!r} cannot end the name of a column: expected letters, digits, '_', '.' and '-'"
    return None


def plain(name: str) -> str:
    """A name of any library as Python's own string, which messages show as it is written; all else as it is."""
    return str.__str__(name) if isinstance(name, str) else name


def names_of(names: Any) -> tuple[str, ...]:
    """One name, or several, as a tuple; a string is one name, never its letters, and a set is sorted."""
    if isinstance(names, np.ndarray):
        names = names.tolist()
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        names = [names]
    if isinstance(names, set | frozenset):
        names = sorted(names, key=str)  # by their text: what is no name stays in it, for others to refuse
    return tuple(plain(name) for name in names)


def closest(word: str, known: Iterable[str]) -> str:
    """The way out of a misspelling, to end a message with: the closest of the known names, or all of them."""
    known = list(dict.fromkeys(known))
    by_lower = {name.lower(): name for name in reversed(known)}
    matches = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    if matches:
        return f" (did you mean {by_lower[matches[0]]!r}?)"
    return f" (known: {listing(known)})" if known else ""


def listing(names: Iterable[object], most: int = 12) -> str:
    """The names with commas between, cut after the first `most`, with the count of the rest."""
    names = list(names)
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(str(name) for name in names[:most]) + rest


def duplicates(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, in their order; what is no string is no name."""
    counts = Counter(name for name in names if isinstance(name, str))
    return [name for name, count in counts.items() if count > 1]


def _suggestion(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    safe = f"_{safe}" if safe[:1].isdigit() or safe[:1] in {".", "-"} else safe
    return f", for example {safe!r}" if safe else ""
