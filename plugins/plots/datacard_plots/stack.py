"""Figure of the prefit stack of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import AutoMinorLocator

from datacard_core import prefit
from datacard_plots.intervals import are_counts, error_bars
from datacard_plots.style import GREY, METADATA, colour, hatch, plot_style
from datacard_plots.texts import listing, plain, process_texts
from datacard_plots.ticks import Ticks
from datacard_plots.variable import (
    axis_label,
    centres,
    draw_variable,
    drawn_edges,
    highest,
    ratio_range,
    ratio_to,
    room_for_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from datacard_core import Channel, ExpectedProcess, FloatArray, Prefit

SIZE = 6.4
"""Width and height of the figure in inches."""
RATIO = 0.2
"""Height of the axes with the ratio, as a fraction of the figure."""
LABEL = 20
"""Distance of the label of the x axis from the axes in points, without names of bins."""
MOST_BACKGROUNDS = 20
"""Largest number of layers, as more cannot be distinguished; the smallest backgrounds share one layer."""
MOST_SIGNALS = 6
"""Largest number of lines; the smallest signals share one line."""
LONGEST_NAME = 30
"""Most characters of a process in the legend."""
MOST_NAMES = 40
"""Largest number of named bins; with more bins, only every n-th has its name."""
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (2, 1)))
"""Line styles of the signals, one for each of `MOST_SIGNALS`."""
LOGARITHMIC_FROM = 50.0
"""Ratio of the highest bin to the lowest bin, or to the peak of a signal, that makes the y axis logarithmic."""
DECADES = 7.0
"""Largest range of a logarithmic axis below the highest bin, in powers of ten."""
ROW = 0.045
"""Height of one row of the legend, as a fraction of the height of the axes."""
HALVES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Possible half ranges of the ratio's axis around 1."""


@attrs.frozen(eq=False)
class _Layer:
    """One process, or the sum of several, with its appearance."""

    label: str
    values: FloatArray
    colour: str
    hatch: str


@attrs.frozen(eq=False)
class _Content:
    """Numbers of the plot. All arrays have shape (bins,) unless stated otherwise."""

    expected: Prefit
    edges: FloatArray
    observed: FloatArray
    """Data, or NaN in a channel without data and in blind bins."""
    bars: FloatArray
    """Lengths of the error bars below and above the data, shape (2, bins)."""

    @property
    def shows_data(self) -> bool:
        """True if there are data in at least one bin."""
        return bool(np.isfinite(self.observed).any())

    @property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends of the error bars."""
        return self.observed - self.bars[0], self.observed + self.bars[1]

    @property
    def band(self) -> str:
        """Label of the uncertainty band."""
        return "stat. + syst., prefit" if self.expected.has_systematics else "stat., prefit"

    def ratio(self, values: FloatArray) -> FloatArray:
        """Return values relative to the background."""
        return ratio_to(self.expected.background, values)


def write_stack(channel: Channel, path: Path) -> None:
    """Draw the stack to a new file, in the format of its suffix."""
    form = path.suffix.removeprefix(".")
    with plot_style():
        stack_figure(channel).savefig(path, format=form, metadata=METADATA[form])


def stack_figure(channel: Channel) -> Figure:
    """Return the figure of the stack, with the ratio of data to background below it.

    The caller must be in `plot_style` and save the figure there, because matplotlib reads some settings only then.
    """
    content = _content(channel)
    notes = list(_notes(content.expected))
    if channel.blind_bins:
        notes.insert(0, f"Blind in {len(channel.blind_bins)} of {channel.axis.bins} bins")
    figure = Figure(figsize=(SIZE, SIZE))
    # Positions are fractions of the figure. Notes and upright names of bins need room below the axes.
    bottom = 0.085 + 0.022 * len(notes) + room_for_names(channel.axis, MOST_NAMES) / SIZE
    ratio = figure.add_axes((0.13, bottom, 0.83, RATIO))
    above = figure.add_axes((0.13, bottom + RATIO + 0.015, 0.83, 0.93 - RATIO - bottom))
    handles = _draw_expectation(above, content)
    if content.shows_data:
        label = "Data" if are_counts(content.observed[np.isfinite(content.observed)]) else "Data, weighted"
        handles.insert(0, _draw_points(above, content.edges, content.observed, content.bars, label))
    _set_range(above, content, _draw_legend(above, handles))
    _draw_ratio(ratio, content)
    _draw_words(above, ratio, channel, "Data / bkg." if content.shows_data else "Unc. / bkg.")
    for axes, size in ((above, 0), (ratio, 10)):
        draw_variable(axes, channel.axis, content.edges, MOST_NAMES, size=size, minor=True)
    for line, note in enumerate(reversed(notes)):
        figure.text(0.02, 0.012 + 0.022 * line, note, size=7, color=GREY)
    return figure


def _content(channel: Channel) -> _Content:
    observed, variances = channel.data.values[0].copy(), channel.data.variances[0]
    bars = error_bars(observed, variances)
    # Expected events would look like data that agree.
    hidden = channel.blind_bins if channel.has_data else slice(None)
    observed[hidden] = bars[:, hidden] = np.nan
    return _Content(prefit(channel), drawn_edges(channel.axis), observed, bars)


def _notes(expected: Prefit) -> Iterator[str]:
    """Yield the notes below the plot: what the uncertainty band leaves out."""
    if expected.excluded:
        yield f"Band without: {listing(expected.excluded, 90)}"
    if expected.free:
        names = [name if initial == 1 else f"{name} (drawn at {initial:g})" for name, initial in expected.free]
        yield f"Free in the fit, not in the band: {listing(names, 80)}"


def _layers(processes: Sequence[ExpectedProcess], labels: Mapping[str, str], most: int, others: str) -> list[_Layer]:
    """Return at most `most` layers, the largest first; the last one sums all processes beyond that number."""
    ordered = sorted(processes, key=lambda process: -float(process.values.sum()))
    # The last place is kept for the sum of the rest.
    shown = ordered if len(ordered) <= most else ordered[: most - 1]
    layers = [_Layer(labels[p.name], p.values, colour(p.position), hatch(p.position)) for p in shown]
    if rest := ordered[len(shown) :]:
        layers.append(_Layer(others.format(len(rest)), np.sum([p.values for p in rest], axis=0), "#dddddd", ""))
    return layers


def _draw_expectation(axes: Axes, content: _Content) -> list[Any]:
    """Draw the stack, its band and the signals, and return the legend's handles, the top of the stack first."""
    processes, edges = content.expected.processes, content.edges
    labels = process_texts({process.name: process.label for process in processes}, LONGEST_NAME)
    layers = _layers([p for p in processes if not p.is_signal], labels, MOST_BACKGROUNDS, "{} smaller backgrounds")
    signals = _layers([p for p in processes if p.is_signal], labels, MOST_SIGNALS, "sum of {} smaller signals")
    return [
        *_draw_stack(axes, layers, edges),
        _draw_band(axes, content),
        *(_draw_signal(axes, signal, dashes, edges) for signal, dashes in zip(signals, DASHES, strict=False)),
    ]


def _draw_stack(axes: Axes, layers: Sequence[_Layer], edges: FloatArray) -> list[Any]:
    """Draw the stack with the smallest layer at the bottom, where a logarithmic axis shows it best."""
    handles = []
    top = np.zeros(len(edges) - 1)
    for layer in reversed(layers):
        base, top = top, top + layer.values
        style: Any = {"facecolor": layer.colour, "hatch": layer.hatch, "edgecolor": "white", "linewidth": 0}
        handles.append(axes.stairs(top, edges, baseline=base, fill=True, label=layer.label, **style))
        axes.stairs(top, edges, baseline=None, color="black", linewidth=0.4)
    return handles[::-1]


def _draw_band(axes: Axes, content: _Content) -> Any:
    expected = content.expected
    low, high = expected.background - expected.down, expected.background + expected.up
    style: Any = {"facecolor": "none", "hatch": "//////", "edgecolor": GREY, "linewidth": 0}
    return axes.stairs(high, content.edges, baseline=low, fill=True, label=f"Unc. ({content.band})", **style)


def _draw_signal(axes: Axes, signal: _Layer, dashes: Any, edges: FloatArray) -> Any:
    # A white outline separates the line from a stack of a similar colour.
    outline = withStroke(linewidth=3.4, foreground="white")
    style: Any = {"color": signal.colour, "linestyle": dashes, "linewidth": 2, "path_effects": [outline]}
    return axes.stairs(signal.values, edges, baseline=None, label=signal.label, **style)


def _draw_points(axes: Axes, edges: FloatArray, values: FloatArray, bars: FloatArray, label: str = "") -> Any:
    there = np.isfinite(values)
    size = 4 if len(values) <= 60 else 2  # noqa: PLR2004 - larger points would overlap
    style: Any = {"fmt": "o", "color": "black", "markersize": size, "linewidth": 1, "zorder": 5, "label": label}
    return axes.errorbar(centres(edges)[there], values[there], bars[:, there], **style)


def _draw_legend(axes: Axes, handles: Sequence[Any]) -> float:
    """Draw the legend above the stack, and return its height as a fraction of the height of the axes."""
    longest = sorted(len(handle.get_label()) for handle in handles)[-2:]
    columns = 3 if len(handles) > 6 and sum(longest) <= 44 else 2  # noqa: PLR2004 - fits in size 8
    axes.legend(handles=handles, loc="upper center", ncols=columns, fontsize=8, frameon=False, columnspacing=1.2)
    # Minus twice makes the division round up to full rows.
    return 0.06 + ROW * -(-len(handles) // columns)


def _set_range(axes: Axes, content: _Content, room: float) -> None:
    """Set the y axis: linear from 0, or logarithmic if that would hide a bin or a signal, with room for the legend."""
    expected = content.expected
    signals = [highest(process.values) for process in expected.processes if process.is_signal]
    peak = max([highest(expected.background + expected.up, content.ends[1]), *signals])
    filled = [value for value in (*expected.background, *signals) if value > 0]
    if not filled or peak < LOGARITHMIC_FROM * min(filled):
        # matplotlib warns about a range without height, which an empty channel would give.
        axes.set_ylim(0, peak / (1 - room) or 1)
        axes.yaxis.set_minor_locator(AutoMinorLocator())
        Ticks.of(axes, "y").set_by_locators()
        return
    # A third of the lowest content keeps its bin visible above the lower end of the axis.
    low = np.log10(max(min(filled) / 3, peak / 10**DECADES))
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(10**low, 10 ** (low + (np.log10(peak) - low) / (1 - room)))
    Ticks.of(axes, "y").set_by_locators()


def _draw_ratio(axes: Axes, content: _Content) -> None:
    expected = content.expected
    # The wide band comes first, so that the statistical part is drawn on top of it.
    low, high = (content.ratio(expected.background + way) for way in (-expected.down, expected.up))
    if expected.has_systematics:
        axes.stairs(high, content.edges, baseline=low, fill=True, color="#d0d0d0", label=content.band)
    least, most = (content.ratio(expected.background + way) for way in (-expected.stat, expected.stat))
    axes.stairs(most, content.edges, baseline=least, fill=True, color="#989898", label="stat.")
    axes.axhline(1, color="black", linewidth=0.8, linestyle="--")
    half = ratio_range(HALVES, low, high, *map(content.ratio, content.ends))
    axes.set_ylim(1 - half, 1 + half)
    ticks = (1 - half / 2, 1.0, 1 + half / 2)
    Ticks.of(axes, "y").set(ticks, [f"{tick:g}" for tick in ticks])
    _draw_ratio_points(axes, content, 1 + half)
    axes.legend(loc="upper left", ncols=2, fontsize=7, frameon=False, borderpad=0.1)


def _draw_ratio_points(axes: Axes, content: _Content, top: float) -> None:
    """Draw the points of the ratio, and an arrow for each point above the axis."""
    points = content.ratio(content.observed)
    _draw_points(axes, content.edges, points, np.array([content.ratio(bar) for bar in content.bars]))
    outside = centres(content.edges)[points > top]
    axes.plot(outside, np.full(len(outside), 1 + 0.92 * (top - 1)), "^", color="black", markersize=5)


def _draw_words(above: Axes, ratio: Axes, channel: Channel, compared: str) -> None:
    years = tuple(dict.fromkeys(column.year for column in channel.columns))
    title = plain(channel.bin, 60)
    above.set_title(title, loc="left", size=13 if len(title) <= 24 else 8)  # noqa: PLR2004 - fits beside the years
    above.set_title(listing(years, 36), loc="right", size=8)
    for axes, height, text, align in ((above, 1.0, "Events per bin", "top"), (ratio, 0.5, compared, "center")):
        style: Any = {"rotation": 90, "ha": "right", "va": align, "rotation_mode": "default", "size": 12}
        axes.text(-0.105, height, text, transform=axes.transAxes, **style)
    below = (LABEL / 72 + room_for_names(channel.axis, MOST_NAMES)) / (SIZE * RATIO)
    ratio.text(1, -below, axis_label(channel.axis), transform=ratio.transAxes, ha="right", va="top", size=12)
