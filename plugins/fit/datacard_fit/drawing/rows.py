"""Pages with one row for each parameter: pulls, and impacts beside them in the layout that CMS uses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from datacard_plots.axes.ticks import draw_axis
from datacard_plots.style import DOWN, GREY, UP, draw_header, plain
from matplotlib.figure import Figure
from matplotlib.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_plots.options import PlotOptions
    from matplotlib.axes import Axes

    from datacard_fit.fits import FitResult
    from datacard_fit.impacts import Impacts

ROWS = 30
"""Parameters on one page, as `plotImpacts.py` has them."""
_LONGEST = 44
"""Most characters of a name."""
_WIDTH, _ROW, _MARGINS = 8.0, 0.26, 1.5
"""Width of a page, height of a row, and height of what is above and below the rows, in inches."""
_PULLS = (-2.4, 2.4)
_SAME = 0.01
"""Largest difference between the values of one parameter in two minimisations of one fit, in its uncertainty."""


@attrs.frozen(kw_only=True)
class _Pull:
    """Value of a parameter relative to its constraint."""

    name: str
    value: float
    """Distance from the measured value in widths of the constraint, nan without a constraint."""
    down: float
    up: float
    text: str
    """Value and errors, which stand in the place of a pull without a constraint."""


def impact_pages(found: Impacts, options: PlotOptions) -> Iterator[Figure]:
    """Yield pages with the pull of each parameter, and the POI at both ends of its interval."""
    low, best, high = found.fitted
    title = f"{plain(found.poi)} = {best:.3g} {_ends(low - best, high - best)}"
    shifts = [[end - impact.poi[1] for end in impact.poi[::2]] for impact in found.impacts]
    widest = max((abs(shift) for pair in shifts for shift in pair if math.isfinite(shift)), default=0.0) or 1.0
    for start in range(0, len(found.impacts), ROWS):
        rows = slice(start, start + ROWS)
        pulls = [_pull(impact.name, impact.prefit, impact.fitted) for impact in found.impacts[rows]]
        figure, (left, right) = _page(pulls, start, ends=(0.66, 0.98))
        for row, (down, up) in enumerate(shifts[rows]):
            _draw_shift(right, row, down, DOWN)
            _draw_shift(right, row, up, UP)
        right.set_xlim(-1.15 * widest, 1.15 * widest)
        right.axvline(0, color="black", linewidth=0.6)
        draw_axis(right, "x", f"Δ{plain(found.poi)}", size=8)
        handles = [Patch(color=UP, label="+1σ impact"), Patch(color=DOWN, label="-1σ impact")]
        figure.legend(handles=handles, loc="lower left", ncols=2, fontsize=8)
        # Above both axes, as their words would meet in the middle of the page.
        place, last = left.get_position(), right.get_position()
        both = figure.add_axes(
            (place.x0, place.y0, last.x1 - place.x0, place.height), frameon=False, xticks=[], yticks=[]
        )
        draw_header(both, options)
        figure.text(0.98, 1 - 0.18 / figure.get_figheight(), title, ha="right", va="top", size=11)
        yield figure


def _draw_shift(axes: Axes, row: int, shift: float, colour: str) -> None:
    if math.isfinite(shift):
        axes.barh(row, shift, height=0.8, color=colour, alpha=0.85, linewidth=0)
    else:
        # A shift that was not found is no shift of 0.
        axes.text(0, row, "?", color=colour, ha="right" if colour == DOWN else "left", va="center", size=8)


def pull_pages(fitted: FitResult, options: PlotOptions, shown: Mapping[str, float]) -> Iterator[Figure]:
    """Yield pages with the pull of each parameter; those of single bins have none of their own.

    Args:
        fitted: the fit.
        options: appearance.
        shown: fitted values of parameters whose pulls other pages show, which are left out where the values agree.
    """
    errors = fitted.errors.tolist()
    triples = zip(fitted.names, fitted.before, fitted.values.tolist(), errors, strict=True)
    pulls = [
        _pull(name, before, (value - error, value, value + error))
        for name, before, value, error in triples
        if name not in fitted.intervals
        and math.isfinite(error)
        and not name.startswith("prop_bin")
        # Another fit, such as one of other data, has other values, and its pulls are told.
        and not abs(value - shown.get(name, math.inf)) <= _SAME * error
    ]
    for start in range(0, len(pulls), ROWS):
        figure, (axes,) = _page(pulls[start : start + ROWS], start, ends=(0.98,))
        draw_header(axes, options, title="Pulls")
        yield figure


def _pull(name: str, before: Sequence[float], after: Sequence[float]) -> _Pull:
    below, center, above = before
    low, value, high = after
    width = above - center if value >= center else center - below
    text = f"{value:.3g} {_ends(low - value, high - value)}"
    if not width > 0:
        return _Pull(name=name, value=math.nan, down=math.nan, up=math.nan, text=text)
    # The ends of the interval are divided by the width of their own side.
    return _Pull(
        name=name,
        value=(value - center) / width,
        down=(value - low) / (center - below),
        up=(high - value) / (above - center),
        text=text,
    )


def _ends(down: float, up: float) -> str:
    low, high = ("?" if math.isnan(end) else f"{end:+.2g}" for end in (down, up))
    return rf"$^{{{high}}}_{{{low}}}$"


def _page(pulls: Sequence[_Pull], start: int, *, ends: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """Return a page with the rows of some parameters, and its axes: that of the pulls, and others beside it.

    Args:
        pulls: the parameters.
        start: number of parameters on the pages before.
        ends: right end of each of the axes, as a fraction of the width.
    """
    height = _ROW * max(len(pulls), 4) + _MARGINS
    figure = Figure(figsize=(_WIDTH, height))
    bottom, top = 0.65 / height, 1 - 0.6 / height
    lefts = [0.36, *(end + 0.02 for end in ends)]
    axes = [
        figure.add_axes((left, bottom, right - left, top - bottom)) for left, right in zip(lefts, ends, strict=False)
    ]
    for one in axes:
        one.set_ylim(len(pulls) - 0.5, -0.5)
        one.yaxis.set_visible(False)
        for row in range(0, len(pulls), 2):
            one.axhspan(row - 0.5, row + 0.5, color="#eeeeee", linewidth=0, zorder=0)
    _draw_pulls(axes[0], pulls)
    for row, pull in enumerate(pulls):
        name = f"{start + row + 1}  {plain(pull.name, _LONGEST)}"
        axes[0].text(-0.02, row, name, transform=axes[0].get_yaxis_transform(), ha="right", va="center", size=7.5)
    return figure, axes


def _draw_pulls(axes: Axes, pulls: Sequence[_Pull]) -> None:
    style: Any = {"linestyle": ":", "color": GREY, "linewidth": 0.7, "zorder": 1}
    for line in (-2, -1, 0, 1, 2):
        axes.axvline(line, **style)
    there = [row for row, pull in enumerate(pulls) if math.isfinite(pull.value)]
    values = np.array([pulls[row].value for row in there])
    bars = np.nan_to_num(np.array([[pulls[row].down, pulls[row].up] for row in there]).reshape(-1, 2).T)
    axes.errorbar(values, there, xerr=bars, fmt="o", color="black", markersize=3, linewidth=1, zorder=3)
    for row, pull in enumerate(pulls):
        if math.isnan(pull.value):
            axes.text(0, row, pull.text, ha="center", va="center", size=7.5, color=GREY)
    # A parameter far from its measurement widens the axis: it must not vanish.
    reach = max([_PULLS[1], *np.abs(values).tolist()])
    axes.set_xlim(-1.05 * reach, 1.05 * reach)
    draw_axis(axes, "x", r"$(\hat{\theta} - \theta_0) / \Delta\theta$", size=8)
