"""Names: lists of names in messages, the closest match to a misspelt name, and the mark of public classes."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)


def public(cls: _Class) -> _Class:
    """Return a class that reprs, errors and pickles show where it is promised to be: in `datacard_core`."""
    # The modules that define such classes may move.
    cls.__module__ = __name__.partition(".")[0]
    return cls


def plain(name: Any) -> Any:
    """Return a string as Python's `str`, and a value of another type unchanged."""
    # The repr of numpy's strings, in a message, is `np.str_('ttbar')`.
    return str.__str__(name) if isinstance(name, str) else name


def names_of(names: Any) -> tuple[str, ...]:
    """Return one name, or several, as a tuple; a string is one name, and a set is sorted."""
    # Not imported, as the help of the command needs this module: where numpy is not loaded there are no arrays.
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(names, numpy.ndarray):
        names = names.tolist()
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        names = [names]
    if isinstance(names, set | frozenset):
        # Sorted by their text, as a set may hold numbers too; later checks refuse them.
        names = sorted(names, key=str)
    return tuple(plain(name) for name in names)


def closest(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the closest known name, or all known names."""
    # Objects of other types may stand among names that are refused for it.
    known = [name for name in dict.fromkeys(known) if isinstance(name, str)]
    # Reversed, so that the first of several names stays that differ in upper and lower case only.
    by_lower = {name.lower(): name for name in reversed(known)}
    matches = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    if matches:
        return f" (did you mean {by_lower[matches[0]]!r}?)"
    return f" (known: {listing(known)})" if known else ""


def misspelt(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that a word is likely to be a misspelling of, or None.

    Names that differ in a digit, such as 2016 and 2018, and short names that differ in a letter, such as ttW and ttZ,
    are taken as different names.
    """
    if not isinstance(word, str):
        return None
    names = (name for name in known if isinstance(name, str) and name != word)
    return next((name for name in names if _is_slip(word.lower(), name.lower())), None)


def listing(names: Iterable[object], most: int = 12) -> str:
    """Return the names with commas between, cut after the first `most`, with the number of the rest."""
    names = list(names)
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(str(name) for name in names[:most]) + rest


def duplicates(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in their order."""
    # Values of other types may not be hashable; other checks refuse them.
    found = [name for name in names if isinstance(name, str)]
    # Almost always there are none, which a set tells in a tenth of the time.
    if len(set(found)) == len(found):
        return []
    return [name for name, count in Counter(found).items() if count > 1]


# Above the ratios of different names of one family: 0.76 for 2022_preEE and 2022_postEE, 0.8 for wjets and zjets.
_ALIKE = 0.8

_SHORT = 3
"""Length up to which one letter more makes a different name: VV and VVV, ttH and ttHH."""


def _is_slip(word: str, name: str) -> bool:
    """Return whether two lower-case words are equal but for case, swapped or left out letters, or few other ones."""
    if word == name:
        return True
    short, long = sorted((word, name), key=len)
    if len(short) == len(long):
        unlike = [place for place, letters in enumerate(zip(short, long, strict=True)) if len(set(letters)) > 1]
        first, last = unlike[0], unlike[-1] + 1
        if len(unlike) == 2 and short[first:last] == long[first:last][::-1]:  # noqa: PLR2004 - a pair
            return True
    elif len(short) > _SHORT and any(long[:place] + long[place + 1 :] == short for place in range(len(long))):
        return True
    # The ratio is at most that of the lengths, which most pairs of words fail at no cost.
    if len(short) <= _SHORT or 2 * len(short) / (len(word) + len(name)) <= _ALIKE or _digits(word) != _digits(name):
        return False
    return difflib.SequenceMatcher(None, word, name).ratio() > _ALIKE


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))
