"""Axes of the plots: edges, names of bins, ranges and ratios."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import StepPatch
from matplotlib.ticker import AutoMinorLocator

from datacard_plots.axes.ticks import Ticks
from datacard_plots.texts import distinct, formula, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from datacard_core import Axis, FloatArray

__all__ = ["draw_arrows", "draw_steps"]

LONGEST_TICK = 24
"""Most characters in the name of a bin."""
WIDTH_OF_NAMES = 1.75
"""Characters per possible name that fit side by side; longer names are turned upright."""


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


def named_bins(axis: Axis, most: int) -> list[str]:
    """Return the names of every n-th bin, at most `most` of them."""
    return list(distinct(_all_names(axis)[:: _every(axis, most)], LONGEST_TICK).values())


def _all_names(axis: Axis) -> tuple[str, ...]:
    """Return the names of bins with labels, or of the slices of several variables in a row."""
    return axis.categories or tuple(part.title for part in axis.slices)


def _every(axis: Axis, most: int) -> int:
    return math.ceil(len(_all_names(axis)) / most) or 1


def slice_edges(axis: Axis, edges: FloatArray) -> FloatArray:
    """Return the edges of the slices of several variables in a row, those of the bins without slices."""
    ends = [0, *itertools.accumulate(part.axis.bins for part in axis.slices)]
    return edges[ends] if axis.slices else edges


def named_places(axis: Axis, edges: FloatArray, most: int) -> list[float]:
    """Return the places of the names of `named_bins`."""
    places: list[float] = centres(slice_edges(axis, edges))[:: _every(axis, most)].tolist()
    return places


def _stand_upright(axis: Axis, most: int) -> bool:
    names = named_bins(axis, most)
    return len(names) * max(map(len, names), default=0) > WIDTH_OF_NAMES * most


def room_for_names(axis: Axis, most: int) -> float:
    """Return the height in inches that upright names of bins need below the axes."""
    return 0.075 * max(map(len, named_bins(axis, most))) if _stand_upright(axis, most) else 0.0


def draw_variable(axes: Axes, axis: Axis, edges: FloatArray, most: int, *, size: float | None, minor: bool) -> Ticks:
    """Draw the x axis: its range and, for categories, the names of at most `most` bins; lines and names for slices.

    Args:
        axes: the axes, at their final place in the figure.
        axis: the variable.
        edges: edges for drawing.
        most: largest number of named bins.
        size: size of the labels in points, 0 without labels; that of the style if not given.
        minor: True to draw minor ticks.
    """
    axes.set_xlim(edges[0], edges[-1])
    if not _all_names(axis):
        if minor:
            axes.xaxis.set_minor_locator(AutoMinorLocator())
        ticks = Ticks.of(axes, "x", size=size)
        ticks.set_by_locators()
        return ticks
    upright = _stand_upright(axis, most)
    ticks = Ticks.of(axes, "x", size=8.0 if size is None else min(size, 8.0), rotation=90 if upright else 0, long=0)
    if axis.slices:
        for edge in slice_edges(axis, edges)[1:-1].tolist():
            axes.axvline(edge, color="black", linestyle=":", linewidth=0.8)
    ticks.set(named_places(axis, edges, most), named_bins(axis, most))
    return ticks


def draw_steps(axes: Axes, values: FloatArray, edges: FloatArray, base: Any = None, **style: Any) -> Any:
    """Draw a histogram as a line, or as an area above a base, and return its patch; the ranges do not follow it."""
    # The same patch as that of `Axes.stairs`, which looks for the extent of each line to set ranges.
    form: dict[str, Any] = {"fill": False} if base is None else {"fill": True, "linewidth": 0}
    patch = StepPatch(values, edges, **{"baseline": base, **form, **style})
    axes.add_artist(patch)
    return patch


def draw_arrows(axes: Axes, edges: FloatArray, points: FloatArray) -> None:
    """Draw an arrow for each point above or below the range of the axes, which would not be seen."""
    low, high = axes.get_ylim()
    for marker, outside, height in (("^", points > high, 0.96), ("v", points < low, 0.04)):
        if outside.any():
            places = np.full(np.count_nonzero(outside), low + height * (high - low))
            axes.plot(centres(edges)[outside], places, marker, color="black", markersize=5)


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
