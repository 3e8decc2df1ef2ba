"""Figures of scans, limits and correlations."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from datacard_plots.axes.ticks import draw_axis
from datacard_plots.style import UP, draw_header, plain
from matplotlib.figure import Figure

from datacard_fit.fits import level_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_plots.options import PlotOptions
    from matplotlib.axes import Axes

    from datacard_fit.fits import FitResult
    from datacard_fit.limits import Limit
    from datacard_fit.scans import Scan

LEVELS = {"68 %": 0.68, "95 %": 0.95}
"""Confidence levels that scans show."""
# The bands of limits as the community draws them today: they can be told apart by colour-blind readers.
_INNER, _OUTER = "#607641", "#F5BB54"
_MOST_PARAMETERS = 40
_WIDTH, _HEIGHT = 6.4, 5.0


def scan_pages(found: Scan, options: PlotOptions) -> Iterator[Figure]:
    """Yield the page of a scan: a curve in one parameter, contours in two."""
    figure, axes = _page(options)
    names = [plain(name) for name in found.names]
    if len(names) == 1:
        _draw_curve(axes, found.points[:, 0], 2 * found.rise)
        draw_axis(axes, "y", "2ΔNLL")
    else:
        _draw_plane(axes, found)
        axes.plot(*found.best, "P", color="black", markersize=7, label="best fit")
        axes.legend(fontsize=8, loc="upper right")
        draw_axis(axes, "y", names[1])
    draw_axis(axes, "x", names[0])
    yield figure


def _draw_curve(axes: Axes, values: Any, rise: Any) -> None:
    order = np.argsort(values, kind="stable")
    axes.plot(values[order], rise[order], color="black", linewidth=1.4)
    top = min(1.1 * max(float(np.nanmax(rise)), 1e-3), 10)
    for text, confidence in LEVELS.items():
        level = level_of(confidence)
        if level > top:
            # Its text would stand above the axes.
            continue
        axes.axhline(level, color=UP, linestyle="--", linewidth=0.8)
        axes.annotate(text, (1, level), (-3, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
                      ha="right", size=8, color=UP)  # fmt: skip
    axes.set_ylim(0, top)


def _draw_plane(axes: Axes, found: Scan) -> None:
    first, second = (np.unique(found.points[:, place]) for place in (0, 1))
    plane = np.full((len(second), len(first)), np.nan)
    columns, rows = np.searchsorted(first, found.points[:, 0]), np.searchsorted(second, found.points[:, 1])
    plane[rows, columns] = 2 * found.rise
    drawn = axes.pcolormesh(first, second, plane, cmap="Blues_r", shading="nearest", vmin=0, vmax=10, rasterized=True)
    axes.figure.colorbar(drawn, ax=axes, label="2ΔNLL", format="{x:g}").minorticks_off()
    if min(plane.shape) > 1:
        # With two degrees of freedom, the quantile of χ² has a closed form.
        levels = [-2 * math.log(1 - confidence) for confidence in LEVELS.values()]
        lines = axes.contour(first, second, plane, levels=levels, colors="black", linestyles=("-", "--"))
        axes.clabel(lines, fmt=dict(zip(levels, LEVELS, strict=True)), fontsize=8)


def limit_pages(limits: Mapping[str | float, Limit], options: PlotOptions) -> Iterator[Figure]:
    """Yield the page of limits: points over categories, or bands over the values of a parameter."""
    figure, axes = _page(options)
    keys = list(limits)
    over_values = len(keys) > 1 and all(isinstance(key, Real) for key in keys)
    places = np.array([float(key) for key in keys]) if over_values else np.arange(len(keys), dtype=float)
    order = np.argsort(places, kind="stable")
    expected = np.array([limits[keys[at]].expected for at in order]).T
    observed = np.array([math.nan if (seen := limits[keys[at]].observed) is None else seen for at in order])
    # Limits of several POIs may stand side by side.
    levels, pois = (
        " and ".join(dict.fromkeys(texts))
        for texts in zip(*((f"{100 * one.confidence:g} %", plain(one.poi)) for one in limits.values()), strict=True)
    )
    text = f"{levels} CL limit on {pois}"
    if over_values:
        _draw_bands(axes, places[order], expected, observed)
        draw_axis(axes, "x")
        draw_axis(axes, "y", text)
    else:
        _draw_categories(axes, [str(key) for key in keys], expected, observed)
        draw_axis(axes, "x", text)
        draw_axis(axes, "y", size=8)
    # There is room at the top.
    axes.legend(fontsize=8, loc="upper right")
    yield figure


def _draw_bands(axes: Axes, places: Any, expected: Any, observed: Any) -> None:
    low2, low, median, high, high2 = expected
    axes.fill_between(places, low2, high2, color=_OUTER, linewidth=0, label="95 % expected")
    axes.fill_between(places, low, high, color=_INNER, linewidth=0, label="68 % expected")
    axes.plot(places, median, "--", color="black", linewidth=1.2, label="median expected")
    if np.isfinite(observed).any():
        axes.plot(places, observed, "o-", color="black", markersize=3, linewidth=1.2, label="observed")
    axes.set_ylim(0, 1.4 * float(np.nan_to_num([high2, observed]).max()) or 1)


def _draw_categories(axes: Axes, names: list[str], expected: Any, observed: Any) -> None:
    rows = np.arange(len(names))
    low2, low, median, high, high2 = expected
    axes.barh(rows, high2 - low2, left=low2, height=0.7, color=_OUTER, label="95 % expected")
    axes.barh(rows, high - low, left=low, height=0.7, color=_INNER, label="68 % expected")
    style: Any = {"color": "black", "linewidth": 1.2}
    axes.vlines(median, rows - 0.35, rows + 0.35, linestyle="--", label="median expected", **style)
    if np.isfinite(observed).any():
        axes.plot(observed, rows, "o", color="black", markersize=4, label="observed")
    # Names of cards need more room than numbers.
    axes.set_position((0.28, 0.14, 0.68, 0.76))
    axes.yaxis.minorticks_off()
    axes.set_yticks(rows, [plain(name, 24) for name in names])
    # Room for the legend above the first category.
    axes.set_ylim(len(names) - 0.5, -0.5 - 0.35 * len(names) - 0.5)
    axes.set_xlim(left=0)


def correlation_pages(fitted: FitResult, options: PlotOptions) -> Iterator[Figure]:
    """Yield the page of the correlations of the parameters that are correlated most, the POIs among them."""
    correlation = fitted.correlation
    moved = np.flatnonzero(np.diagonal(correlation) > 0)
    if not moved.size:
        return
    strength = np.abs(correlation[np.ix_(moved, moved)] - np.eye(len(moved))).max(axis=1, initial=0)
    is_poi = np.array([fitted.names[at] in fitted.intervals for at in moved])
    kept = np.sort(moved[np.argsort(-(strength + 2 * is_poi), kind="stable")[:_MOST_PARAMETERS]])
    figure = Figure(figsize=(8, 7.2))
    axes = figure.add_axes((0.26, 0.26, 0.6, 0.66))
    drawn = axes.imshow(correlation[np.ix_(kept, kept)], cmap="RdBu_r", vmin=-1, vmax=1)
    figure.colorbar(drawn, ax=axes, label="correlation", format="{x:g}").minorticks_off()
    names = [plain(fitted.names[at], 26) for at in kept.tolist()]
    axes.minorticks_off()
    axes.set_xticks(range(len(kept)), names)
    axes.set_yticks(range(len(kept)), names)
    draw_axis(axes, "x", size=6, rotation=90)
    draw_axis(axes, "y", size=6)
    left_out = len(moved) - len(kept)
    draw_header(
        axes,
        options,
        title="Correlations",
        note=f"without {left_out} parameters of small correlations" * bool(left_out),
    )
    yield figure


def _page(options: PlotOptions) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    axes = figure.add_axes((0.16, 0.14, 0.8, 0.76))
    draw_header(axes, options)
    return figure, axes
