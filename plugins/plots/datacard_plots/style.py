"""Appearance of the plots, and conversion of names to text that matplotlib draws literally."""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import matplotlib.style
import numpy as np
from matplotlib.font_manager import findfont, get_font
from matplotlib.mathtext import MathTextParser
from matplotlib.ticker import AutoMinorLocator

from datacard_plots.ticks import Ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    from datacard_core import Axis, FloatArray

# Ten colours that colour-blind readers can distinguish, recommended by CMS:
# M. A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270.
COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
HATCHES = ("", "....", "xxxx", "----", "||||", "++++", "oooo", "****", "OOOO", "\\\\\\\\")
"""Hatches that distinguish processes of the same colour, which are ten positions apart."""

UP, DOWN = COLOURS[2], COLOURS[0]
GREY = "#555555"
FONT = "DejaVu Sans"
"""Font that every matplotlib installation contains, so that plots look the same everywhere."""
METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
"""Metadata by format, without a date: matplotlib would add the current time to some, and equal channels must give equal
bytes."""

SETTINGS: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 10,
    "axes.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-4, 5),
    # Names of parts of an SVG are hashes, with a random salt by default.
    "svg.hashsalt": "datacard_core",
}

LONGEST_TICK = 24
"""Most characters in the name of a bin."""
WIDTH_OF_NAMES = 1.75
"""Characters per possible name that fit side by side; longer names are turned upright."""


@contextmanager
def plot_style() -> Iterator[None]:
    """Apply the style of these plots, and restore the style of the analysis afterwards."""
    with matplotlib.style.context(["default", SETTINGS]):
        yield


def colour(position: int) -> str:
    """Return the colour of the process at that position."""
    return COLOURS[position % len(COLOURS)]


def hatch(position: int) -> str:
    """Return the hatch of the process at that position, which is empty for the first ten."""
    return HATCHES[position // len(COLOURS) % len(HATCHES)]


@cache
def _glyphs() -> frozenset[int]:
    # Reading the font is slow, and all plots use the same one.
    return frozenset(get_font(findfont(FONT)).get_charmap())


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


def drawn_edges(axis: Axis) -> FloatArray:
    """Return the edges for drawing: a bin that reaches to infinity becomes as wide as its neighbour."""
    edges = axis.edges.copy()
    inside = edges[np.isfinite(edges)]
    if not len(inside):
        return np.arange(len(edges), dtype=np.float64)
    width = float(np.diff(inside)[0]) if len(inside) > 1 else 1.0
    edges[edges == -np.inf] = inside[0] - width
    width = float(np.diff(inside)[-1]) if len(inside) > 1 else 1.0
    edges[edges == np.inf] = inside[-1] + width
    return edges


def _names(axis: Axis, most: int) -> list[str]:
    """Return the names of every n-th bin, at most `most` of them."""
    categories = axis.categories or ()
    return list(distinct(categories[:: _every(axis, most)], LONGEST_TICK).values())


def _every(axis: Axis, most: int) -> int:
    return math.ceil(len(axis.categories or ()) / most) or 1


def _stand_upright(axis: Axis, most: int) -> bool:
    names = _names(axis, most)
    return len(names) * max(map(len, names), default=0) > WIDTH_OF_NAMES * most


def room_for_names(axis: Axis, most: int) -> float:
    """Return the height in inches that upright names of bins need below the axes."""
    return 0.075 * max(map(len, _names(axis, most))) if _stand_upright(axis, most) else 0.0


def draw_variable(axes: Axes, axis: Axis, edges: FloatArray, most: int, *, size: float, minor: bool) -> Ticks:
    """Draw the x axis: its range and, for categories, the names of at most `most` bins.

    Args:
        axes: the axes, at their final place in the figure.
        axis: the variable.
        edges: edges for drawing.
        most: largest number of named bins.
        size: size of the labels in points, 0 without labels.
        minor: True to draw minor ticks.
    """
    axes.set_xlim(edges[0], edges[-1])
    if axis.categories is None:
        if minor:
            axes.xaxis.set_minor_locator(AutoMinorLocator())
        ticks = Ticks.of(axes, "x", size=size)
        ticks.set_by_locators()
        return ticks
    upright = _stand_upright(axis, most)
    ticks = Ticks.of(axes, "x", size=min(size, 8.0), rotation=90 if upright else 0, long=0)
    ticks.set(centres(edges)[:: _every(axis, most)].tolist(), _names(axis, most))
    return ticks


def axis_label(axis: Axis) -> str:
    """Return the label of the axis or, without a label, its name."""
    return formula(axis.label) if axis.label else plain(axis.name)


def centres(edges: FloatArray) -> FloatArray:
    """Return the centre of each bin, shape (bins,)."""
    middle: FloatArray = (edges[:-1] + edges[1:]) / 2
    return middle


def ratio_to(nominal: FloatArray, values: FloatArray) -> FloatArray:
    """Return values over nominal, and NaN where the nominal is not above 0."""
    with np.errstate(over="ignore"):
        return np.divide(values, nominal, out=np.full_like(nominal, np.nan), where=nominal > 0)


def highest(*arrays: FloatArray) -> float:
    """Return the highest finite value, at least 0."""
    values = np.concatenate([array.ravel() for array in arrays])
    values = values[np.isfinite(values)]
    return max(0.0, float(values.max())) if len(values) else 0.0


def ratio_range(halves: Sequence[float], *ratios: FloatArray) -> float:
    """Return the smallest half range around 1 that shows all ratios with a margin of 5 %, or the largest."""
    farthest = highest(*(np.abs(ratio - 1) for ratio in ratios))
    return next((half for half in halves if 1.05 * farthest < half), halves[-1])
