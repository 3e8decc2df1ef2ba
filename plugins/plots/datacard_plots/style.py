"""How plots look, and how names become text that matplotlib takes as it is."""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib.style
import numpy as np
from matplotlib.font_manager import findfont, get_font
from matplotlib.mathtext import MathTextParser
from matplotlib.ticker import AutoMinorLocator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

    from datacard_core import Axis
    from datacard_plots.prefit import FloatArray

# M. A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270: ten colours that colour-blind
# readers can tell apart, which CMS recommends.
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
"""What tells those from each other that have the same colour, ten places apart."""

UP, DOWN = COLOURS[2], COLOURS[0]
GREY = "#555555"
FONT = "DejaVu Sans"
METADATA: dict[str, Any] = {"CreationDate": None}
"""A PDF has the time in it, if nobody takes it out."""

SETTINGS: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 10,
    "axes.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-4, 5),
}

LONGEST_TICK = 24


@contextmanager
def own_style() -> Iterator[None]:
    """Equal channels look the same, whatever style the analysis has chosen; afterwards its style is back."""
    with matplotlib.style.context(["default", SETTINGS]):
        yield


def colour(position: int) -> str:
    """The colour of the process at that place."""
    return COLOURS[position % len(COLOURS)]


def hatch(position: int) -> str:
    """The hatch of the process at that place: none for the first ten."""
    return HATCHES[position // len(COLOURS) % len(HATCHES)]


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def _drawable(text: str) -> str:
    """With the escapes of Python for what the font does not have."""
    glyphs = _glyphs()
    return "".join(
        character
        if character.isprintable() and ord(character) in glyphs
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def plain(text: str, most: int = 1000) -> str:
    """A name as it is, without its middle if it has more characters than that: a $ begins no formula."""
    text = _drawable(text)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"
    return text.replace("$", r"\$")


def formula(text: str) -> str:
    """The label of an axis: what stands between two $ is a formula, if it can be read as one."""
    text = _drawable(text)
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return plain(text)
    return text


def listing(names: Sequence[str], room: int) -> str:
    """Names one after the other, as many as there is room for in characters, and how many more there are."""
    shown = [plain(names[0], room)] if names else []
    for name in names[1:]:
        if len(", ".join([*shown, name])) > room:
            return f"{', '.join(shown)} and {len(names) - len(shown)} more"
        shown.append(plain(name))
    return ", ".join(shown)


def drawn_edges(axis: Axis) -> FloatArray:
    """The edges; those at infinity are as far away as the bin beside them is wide."""
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
    """The names of the bins, in steps if there are more than that."""
    categories = axis.categories or ()
    return [plain(category, LONGEST_TICK) for category in categories[:: _every(axis, most)]]


def _every(axis: Axis, most: int) -> int:
    return math.ceil(len(axis.categories or ()) / most) or 1


def _stand_upright(axis: Axis, most: int) -> bool:
    names = _names(axis, most)
    return len(names) * max(map(len, names), default=0) > 1.75 * most


def room_for_names(axis: Axis, most: int) -> float:
    """What names that stand upright need below the axes, in inches."""
    return 0.075 * max(map(len, _names(axis, most))) if _stand_upright(axis, most) else 0.0


def draw_variable(axes: Axes, axis: Axis, edges: FloatArray, most: int) -> None:
    """The x axis: its range, and the names of the bins where they have some, of no more than so many."""
    axes.set_xlim(edges[0], edges[-1])
    if axis.categories is None:
        axes.xaxis.set_minor_locator(AutoMinorLocator())
        return
    rotation = 90 if _stand_upright(axis, most) else 0
    axes.set_xticks(centres(edges)[:: _every(axis, most)], _names(axis, most), size=8, rotation=rotation)
    axes.tick_params(axis="x", which="both", length=0)


def axis_label(axis: Axis) -> str:
    """Its label, or its name."""
    return formula(axis.label) if axis.label else plain(axis.name)


def centres(edges: FloatArray) -> FloatArray:
    """The middle of each bin."""
    middle: FloatArray = (edges[:-1] + edges[1:]) / 2
    return middle


def ratio_to(nominal: FloatArray, values: FloatArray) -> FloatArray:
    """Values over nominal, nan where the nominal is not above 0."""
    with np.errstate(over="ignore"):
        return np.divide(values, nominal, out=np.full_like(nominal, np.nan), where=nominal > 0)


def highest(*arrays: FloatArray) -> float:
    """The highest finite value, at least 0."""
    values = np.concatenate([array.ravel() for array in arrays])
    values = values[np.isfinite(values)]
    return max(0.0, float(values.max())) if len(values) else 0.0


def ratio_range(halves: Sequence[float], *ratios: FloatArray) -> float:
    """The smallest of the half ranges around 1 that shows them all, or the largest."""
    farthest = highest(*(np.abs(ratio - 1) for ratio in ratios))
    return next((half for half in halves if 1.05 * farthest < half), halves[-1])
