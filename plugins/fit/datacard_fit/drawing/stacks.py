"""Stacks of the events of a fit, with its uncertainty, the sum before the fit, and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from datacard_plots.axes.ticks import draw_axis
from datacard_plots.axes.variable import draw_arrows, draw_steps
from datacard_plots.intervals import error_bars
from datacard_plots.style import GREY, UP, colour, draw_header, hatch, plain
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_plots.options import PlotOptions
    from matplotlib.axes import Axes

    from datacard_core import FloatArray
    from datacard_fit.shapes import ChannelShapes, Shapes

TITLES = {"fit_b": "background fit", "fit_s": "signal fit"}
_SIZE = 6.4
_LEAST = 0.1
"""Half range of the axis of the ratio, at least."""


def stack_pages(stages: Mapping[str, Shapes], options: PlotOptions) -> Iterator[Figure]:
    """Yield a page for each channel: the last stage as a stack, and the sum of the first one as a line."""
    stage = list(stages)[-1]
    for before, after in zip(next(iter(stages.values())).channels, stages[stage].channels, strict=True):
        if options.blind:
            # All of them: a likelihood knows no edges, by which a range would choose bins.
            after = attrs.evolve(after, data=None)  # noqa: PLW2901 - what is drawn
        figure = Figure(figsize=(_SIZE, _SIZE))
        above, ratio = figure.add_axes((0.14, 0.32, 0.82, 0.6)), figure.add_axes((0.14, 0.1, 0.82, 0.2))
        edges = np.arange(len(after.total.values) + 1.0)
        _draw_stack(above, edges, after, options.layers)
        _draw_comparison(above, ratio, edges, before, after)
        heights = [after.total.values + np.nan_to_num(after.total.errors), before.total.values]
        heights += [] if after.data is None else [after.data + error_bars(after.data, after.data)[1]]
        above.set_ylim(0, 1.5 * float(np.max(heights)) or 1)
        above.set_xlim(edges[0], edges[-1])
        draw_axis(above, "x", size=0)
        draw_axis(above, "y", "Events per bin")
        above.legend(ncols=2, fontsize=8, loc="upper right")
        draw_header(above, options, title=plain(after.name, 60), note=TITLES.get(stage, stage))
        yield figure


def _draw_stack(axes: Axes, edges: FloatArray, channel: ChannelShapes, most: int) -> None:
    """Draw the processes, summed over years, the largest on top and the signals above all."""
    events: dict[str, FloatArray] = {}
    for column, of in channel.processes.items():
        name = channel.process_of[column]
        events[name] = events.get(name, 0) + of.values
    signals = {channel.process_of[column] for column in channel.signals}
    backgrounds = sorted(events.keys() - signals, key=lambda name: (-float(events[name].sum()), name))
    shown = backgrounds if len(backgrounds) <= most else backgrounds[: most - 1]
    layers = [(plain(name, 24), events[name], at) for at, name in enumerate(shown)]
    if rest := backgrounds[len(shown) :]:
        layers.append((f"{len(rest)} others", np.sum([events[name] for name in rest], axis=0), len(shown)))
    layers = [*layers[::-1], *((plain(name, 24), events[name], -1) for name in events if name in signals)]
    base = np.zeros(len(edges) - 1)
    for name, values, at in layers:
        style: Any = {"facecolor": UP, "alpha": 0.8} if at < 0 else {"facecolor": colour(at), "hatch": hatch(at)}
        draw_steps(axes, base + values, edges, base, label=name, **style)
        base = base + values


def _draw_comparison(above: Axes, ratio: Axes, edges: FloatArray, before: ChannelShapes, after: ChannelShapes) -> None:
    """Draw the uncertainty, the sum before the fit and the data, and all of them over the sum after it."""
    total, errors, sums = after.total.values, np.nan_to_num(after.total.errors), before.total.values
    # Without events there is no ratio: 0 would be drawn as a deficit.
    inverse = np.divide(1.0, total, out=np.full_like(total, np.nan), where=total > 0)
    hatched: Any = {"facecolor": "none", "hatch": "//////", "edgecolor": GREY}
    dashed: Any = {"edgecolor": "black", "linestyle": "--", "linewidth": 1}
    points: Any = {"fmt": "o", "color": "black", "markersize": 3, "linewidth": 1, "label": "data"}
    for axes, scale in ((above, np.ones_like(total)), (ratio, inverse)):
        low, high = (total - errors) * scale, (total + errors) * scale
        draw_steps(axes, high, edges, low, label="uncertainty", **hatched)
        # A line with a base of 0 falls to it at both ends.
        draw_steps(axes, sums * scale, edges, 0.0, label="before the fit", fill=False, **dashed)
        if after.data is not None:
            bars = error_bars(after.data, after.data) * scale
            axes.errorbar((edges[1:] + edges[:-1]) / 2, after.data * scale, yerr=bars, **points)
    shown = [errors, *([] if after.data is None else [after.data - total]), sums - total]
    away = np.concatenate([np.abs(one[total > 0]) / total[total > 0] for one in shown])
    half = 1.2 * max(_LEAST, min(1.0, float(np.quantile(away, 0.95)) if away.size else 0.0))
    ratio.set_ylim(1 - half, 1 + half)
    ratio.set_xlim(edges[0], edges[-1])
    if after.data is not None:
        draw_arrows(ratio, edges, after.data * inverse)
    ratio.axhline(1, color="black", linewidth=0.8)
    draw_axis(ratio, "x", "bin")
    draw_axis(ratio, "y", "ratio")
