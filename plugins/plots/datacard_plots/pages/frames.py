"""Frames of small plots on a page: their places, ticks that never change, and histograms as paths."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from datacard_plots.axes.variable import drawn_edges, named_bins, named_places, room_for_names, slice_edges
from datacard_plots.pages.sheet import CENTRE, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from datacard_core import Axis, FloatArray

    Lines = list[tuple[float, float, float, float]]

WIDTH, HEIGHT = 792.0, 576.0
"""Size of a page in points, 11 by 8 inches."""
TICK = 3.0
LABEL = 7.5
"""Length of ticks, and size of their labels, in points."""
MOST_NAMES = 20
"""Largest number of named bins; with more bins, only every n-th has its name."""


@attrs.frozen
class Box:
    """A rectangle on the page, in points."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def top(self) -> float:
        """Height of the upper side."""
        return self.bottom + self.height

    def across(self, values: FloatArray, low: float, high: float) -> FloatArray:
        """Return the heights of values between `low` and `high` at the sides, cut there."""
        scaled: FloatArray = self.bottom + self.height * np.clip((values - low) / (high - low), 0, 1)
        return scaled


@attrs.frozen(eq=False, slots=False)
class Frames:
    """Places of a number of plots, each of yields above and ratios below, that share the variable."""

    axis: Axis
    count: int

    @cached_property
    def boxes(self) -> list[tuple[Box, Box]]:
        """The box of the yields and that of the ratio of each plot, row by row."""
        # As many columns as rows, or one more: the page is wider than high.
        across = math.ceil(math.sqrt(self.count))
        down = math.ceil(self.count / across)
        bottom = 42 + 72 * room_for_names(self.axis, MOST_NAMES)
        left, right, top, gap = 44.0, 12.0, 62.0, 38.0
        width = (WIDTH - left - right - gap * (across - 1)) / across
        height = (HEIGHT - bottom - top - 26.0 * (down - 1)) / down
        boxes = []
        for number in range(self.count):
            row, column = divmod(number, across)
            x, y = left + column * (width + gap), bottom + (down - 1 - row) * (height + 26.0)
            # A third for the ratio, as deviations are small there.
            lower = 0.31 * height
            boxes.append((Box(x, y + lower + 4, width, height - lower - 4), Box(x, y, width, lower)))
        return boxes

    @cached_property
    def edges(self) -> FloatArray:
        """Edges of the bins between 0 and 1, shape (bins + 1,)."""
        edges = drawn_edges(self.axis)
        scaled: FloatArray = (edges - edges[0]) / (edges[-1] - edges[0])
        return scaled

    @cached_property
    def lines(self) -> FloatArray:
        """Sides, ticks of the variable and the line at 1 of all plots, shape (lines, 2 ends, x and y)."""
        lines: Lines = []
        for pair in self.boxes:
            for box in pair:
                right = box.left + box.width
                corners = ((box.left, box.bottom), (right, box.bottom), (right, box.top), (box.left, box.top))
                lines += [(*corner, *corners[(at + 1) % 4]) for at, corner in enumerate(corners)]
                if self.axis.slices:
                    inner = [box.left + edge * box.width for edge in slice_edges(self.axis, self.edges)[1:-1].tolist()]
                    lines += [(x, box.bottom, x, box.top) for x in inner]
                for place, _ in self._ticks:
                    x = box.left + place * box.width
                    lines += [(x, box.bottom, x, box.bottom + TICK), (x, box.top, x, box.top - TICK)]
        return np.array(lines).reshape(-1, 2, 2)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Labels of the ticks of the variable, below the lowest plot of each column."""
        across = math.ceil(math.sqrt(self.count))
        upright = room_for_names(self.axis, MOST_NAMES) > 0
        found = []
        for _, box in self.boxes[-across:]:
            for place, text in self._ticks:
                x = box.left + place * box.width
                if upright:
                    found.append(
                        Word(
                            x=x + CENTRE * LABEL,
                            y=box.bottom - 4,
                            text=text,
                            size=LABEL,
                            align=1,
                            is_upright=True,
                        )
                    )
                else:
                    found.append(Word(x=x, y=box.bottom - 4 - LABEL, text=text, size=LABEL, align=0.5, is_outline=True))
        return tuple(found)

    @cached_property
    def _ticks(self) -> list[tuple[float, str]]:
        """Places between 0 and 1, and labels, of the ticks of the variable."""
        if names := named_bins(self.axis, MOST_NAMES):
            return list(zip(named_places(self.axis, self.edges, MOST_NAMES), names, strict=True))
        edges = drawn_edges(self.axis)
        low, high = float(edges[0]), float(edges[-1])
        return [((value - low) / (high - low), label) for value, label in numbered(low, high, 5)]


def numbered(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return round numbers between two values with their texts, in at most so many intervals."""
    places = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    room = 1e-9 * (high - low)
    inside = [float(place) for place in places if low - room <= place <= high + room]
    # Digits beyond the first one of the step tell neighbours apart, such as those of run numbers.
    step, farthest = float(places[1] - places[0]), float(np.abs(places).max())
    digits = max(6, math.floor(math.log10(farthest / step)) + 3)
    # Rounding in the last digit of a sum of steps is no part of the number.
    return [(place, _text(0.0 if abs(place) < room else place, digits)) for place in inside]


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("-", "−").replace("e+0", "e").replace("e+", "e")  # noqa: RUF001 - minus sign


def segments(lines: FloatArray) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Return vertices and codes of separate lines, shape (lines, 2 ends, x and y)."""
    return lines.reshape(-1, 2), np.tile(np.array([Path.MOVETO, Path.LINETO], np.uint8), len(lines))


def steps(rows: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Return vertices and codes of histograms, given by edges and heights on the page; NaN interrupts the line."""
    parts = list(_steps(rows))
    codes = [np.full(len(part), Path.LINETO, np.uint8) for part in parts]
    for one in codes:
        # Without a new start, histograms of two processes would be joined.
        one[:1] = Path.MOVETO
    return np.concatenate(parts or [np.empty((0, 2))]), np.concatenate(codes or [np.empty(0, np.uint8)])


def _steps(rows: Sequence[tuple[FloatArray, FloatArray]]) -> Iterator[FloatArray]:
    for edges, heights in rows:
        yield np.stack([np.repeat(edges, 2)[1:-1], np.repeat(heights, 2)], axis=1)


def bands(rows: Sequence[tuple[FloatArray, FloatArray, FloatArray]]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Return vertices and codes of areas, given by edges, lower and upper heights; bins of NaN are left out."""
    parts = []
    for edges, low, high in rows:
        # A bin without nominal content has no ratio.
        there = np.isfinite(low) & np.isfinite(high)
        left, right = edges[:-1][there], edges[1:][there]
        corners = [(left, low[there]), (right, low[there]), (right, high[there]), (left, high[there])]
        # The fifth vertex closes the area; its place is not used.
        parts.append(np.stack([np.stack(corner, axis=1) for corner in (*corners, corners[0])], axis=1).reshape(-1, 2))
    vertices = np.concatenate(parts or [np.empty((0, 2))])
    codes = np.array([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], np.uint8)
    return vertices, np.tile(codes, len(vertices) // 5)
