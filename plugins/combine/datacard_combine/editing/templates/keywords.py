"""Keywords in places of templates whose values an edit does not know, such as `$MASS`."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_KEYWORDS = re.compile(r"\$(?:PROCESS|CHANNEL|SYSTEMATIC|MASS)|\$[A-Za-z_]\w*")
_NAMED = frozenset(grammar.KEYWORDS) - {"$MASS"}
_MARK = "\0"
_MARKED = re.compile(f"{_MARK}([^{_MARK}]*){_MARK}")


def marked(fields: Iterable[str]) -> dict[str, str]:
    """Return values for the keywords of `shapes` lines that are their names between marks."""
    words = {word for field in fields for word in _KEYWORDS.findall(field)} - _NAMED
    return {word[1:]: f"{_MARK}{word[1:]}{_MARK}" for word in sorted(words, reverse=True)}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its keywords; those without a value stay marked."""
    return _MARKED.sub(lambda found: values.get(found[1], found.group()), text) if _MARK in text else text


def plain(text: str) -> str:
    """Return a text with its keywords as a card has them."""
    return _MARKED.sub(r"$\1", text)


def values_of(text: str, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the names that a text with keywords stands for, with the values of its keywords.

    Args:
        text: the text.
        names: all names, sorted.
    """
    if _MARK not in text:
        if names[(at := bisect_left(names, text)) : at + 1] == [text]:
            yield text, {}
        return
    pieces = _MARKED.split(text)
    words = list(dict.fromkeys(pieces[1::2]))
    pattern, seen = re.escape(pieces[0]), set()
    for word, behind in zip(pieces[1::2], pieces[2::2], strict=True):
        # A keyword that comes again has the same value.
        pattern += (rf"(?:\{words.index(word) + 1})" if word in seen else "(.+)") + re.escape(behind)
        seen.add(word)
    at = bisect_left(names, pieces[0])
    while at < len(names) and names[at].startswith(pieces[0]):
        if match := re.fullmatch(pattern, names[at]):
            yield names[at], dict(zip(words, match.groups(), strict=True))
        at += 1
