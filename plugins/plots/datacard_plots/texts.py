"""Conversion of names to text that matplotlib draws literally, and of labels to formulas."""

from __future__ import annotations

from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from matplotlib.font_manager import findfont, get_font
from matplotlib.mathtext import MathTextParser

from datacard_plots.fonts import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@cache
def _glyphs() -> frozenset[int]:
    # Reading the font is slow, and all plots use the same one.
    return frozenset(get_font(findfont(PLAIN)).get_charmap())


def _drawable(text: str) -> str:
    """Return the text with Python escapes in place of characters that the font lacks."""
    glyphs = _glyphs()
    return "".join(
        character
        if character.isprintable() and ord(character) in glyphs
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def plain(text: str, most: int = 1000) -> str:
    """Return a name for literal drawing, shortened in the middle to at most `most` characters.

    The $ is escaped, as matplotlib would read text between two of them as a formula.
    """
    text = _drawable(text)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"
    return text.replace("$", r"\$")


def distinct(names: Iterable[str], most: int) -> dict[str, str]:
    """Return a text for literal drawing for each name, of at most `most` characters, and different for each name."""
    texts = {name: plain(name, most) for name in names}
    for alike in _alike(texts):
        texts |= _told_apart(alike, most)
    return texts


def _told_apart(names: Sequence[str], most: int) -> dict[str, str]:
    """Return the part of each of several names around the first character in which they differ."""
    first = next(place for place, letters in enumerate(zip_longest(*names)) if len(set(letters)) > 1)
    texts = {name: plain(_part(name, max(0, first - most // 3), most)) for name in names}
    for alike in _alike(texts):
        # Names of one text in spite of that differ in characters that the font lacks.
        numbered = {name: f"{texts[name]} #{number}" for number, name in enumerate(alike, start=1)}
        texts |= _told_apart(alike, most) if len(alike) < len(names) else numbered
    return texts


def _part(name: str, start: int, most: int) -> str:
    before, rest = "…" if start else "", name[start:]
    room = most - len(before)
    return before + (rest if len(rest) <= room else f"{rest[: room - 1]}…")


def _alike(texts: Mapping[str, str]) -> list[list[str]]:
    """Return the names that have one text, for each text of several names."""
    by_text: dict[str, list[str]] = {}
    for name, text in texts.items():
        by_text.setdefault(text, []).append(name)
    return [names for names in by_text.values() if len(names) > 1]


def process_texts(labels: Mapping[str, str], most: int) -> dict[str, str]:
    """Return the text of each process from its label, a formula if it has one, and different for each process.

    Args:
        labels: the label of each process, by name.
        most: most characters of a text that is no formula.
    """
    shared = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    full = {name: f"{label} ({name})" if label in shared else label for name, label in labels.items()}
    short = distinct(full.values(), most)
    # The characters of a formula are commands in part: it is wider in letters than on paper.
    return {
        name: formula(text) if "$" in text and len(text) <= 2 * most else short[text] for name, text in full.items()
    }


def formula(text: str) -> str:
    """Return the label of an axis, with text between two $ as a formula if matplotlib can parse it."""
    text = _drawable(text)
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return plain(text)
    return text


def listing(names: Sequence[str], room: int) -> str:
    """Return as many names as fit into `room` characters, and the number of the remaining names."""
    shown = [plain(names[0], room)] if names else []
    for name in names[1:]:
        if len(", ".join([*shown, name])) > room:
            return f"{', '.join(shown)} and {len(names) - len(shown)} more"
        shown.append(plain(name))
    return ", ".join(shown)
