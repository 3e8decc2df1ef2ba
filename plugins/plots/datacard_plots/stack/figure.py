"""Figure of the prefit stack of a channel."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import AutoMinorLocator

from datacard_core import prefit
from datacard_plots.axes.ticks import Ticks
from datacard_plots.axes.variable import (
    axis_label,
    centres,
    draw_arrows,
    draw_steps,
    draw_variable,
    drawn_edges,
    highest,
    ratio_range,
    ratio_to,
    room_for_names,
)
from datacard_plots.intervals import are_counts, error_bars
from datacard_plots.options import PlotOptions
from datacard_plots.stack.layers import layers_of
from datacard_plots.style import GREY, draw_header, font_size, has_header, plot_style, save
from datacard_plots.texts import listing, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from datacard_core import Channel, FloatArray, Prefit
    from datacard_plots.stack.layers import Layer

SIZE = 6.4
"""Width and height of the figure in inches."""
RATIO = 0.2
"""Height of the axes with the ratio, as a fraction of the figure."""
MOST_NAMES = 40
"""Largest number of named bins; with more bins, only every n-th has its name."""
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (2, 1)))
"""Line styles of the signals, which are used again for more than `MOST_SIGNALS`."""
LOGARITHMIC_FROM = 50.0
"""Ratio of the highest bin to the lowest bin, or to the peak of a signal, that makes the y axis logarithmic."""
DECADES = 6.0
"""Largest range of a logarithmic axis below the highest bin, in powers of ten."""
LETTER = 0.5
"""Width of a letter of the legend, in units of its size; some letters are wider, and most are narrower."""
HALVES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Possible half ranges of the ratio's axis around 1."""


@attrs.frozen(eq=False, kw_only=True)
class _Content:
    """Numbers of the plot. All arrays have shape (bins,) unless stated otherwise."""

    expected: Prefit
    edges: FloatArray
    observed: FloatArray
    """Data, or NaN in a channel without data and in blind bins."""
    bars: FloatArray
    """Lengths of the error bars below and above the data, shape (2, bins)."""
    stack: Sequence[Layer]
    lines: Sequence[Layer]
    """Signals over the stack."""
    blindness: tuple[str, ...]
    """Notes of the bins without data, and of ranges that hide none."""

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


def write_stack(channel: Channel, path: Path, options: PlotOptions) -> None:
    """Draw the stack to a new file, in the format of its suffix."""
    with plot_style(options):
        save(stack_figure(channel, options), path)


def stack_figure(channel: Channel, options: PlotOptions | None = None) -> Figure:
    """Return the figure of the stack, with the ratio of data to background below it.

    The caller must be in `plot_style` and save the figure there, because matplotlib reads some settings only then.
    """
    options = PlotOptions() if options is None else options
    content = _content(channel, options)
    notes = [*content.blindness, *_notes(content.expected)]
    figure = Figure(figsize=(SIZE, SIZE))
    # Positions are fractions of the figure. Notes and upright names of bins need room below the axes.
    bottom = 0.095 + 0.022 * len(notes) + room_for_names(channel.axis, MOST_NAMES) / SIZE
    ratio = figure.add_axes((0.13, bottom, 0.83, RATIO))
    above = figure.add_axes((0.13, bottom + RATIO + 0.015, 0.83, 0.93 - RATIO - bottom))
    handles = _draw_expectation(above, content)
    if content.shows_data:
        label = "Data" if are_counts(content.observed[np.isfinite(content.observed)]) else "Data, weighted"
        handles.insert(0, _draw_points(above, content.edges, content.observed, content.bars, label))
    title, years = plain(channel.bin, 60), listing(_years(channel), 36)
    # Words of the experiment take the place of the title, which then stands with the legend.
    heading = f"{title}   {years}" if has_header(options) else ""
    _set_range(above, content, _draw_legend(above, handles, heading), is_log=options.log)
    _draw_ratio(ratio, content)
    draw_header(above, options, title=title, note=years)
    _draw_words(above, ratio, channel, "Data / bkg." if content.shows_data else "Unc. / bkg.")
    for axes, size in ((above, 0), (ratio, None)):
        draw_variable(axes, channel.axis, content.edges, MOST_NAMES, size=size, minor=True)
    for line, note in enumerate(reversed(notes)):
        figure.text(0.02, 0.012 + 0.022 * line, note, size=7, color=GREY)
    return figure


def _years(channel: Channel) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column.year for column in channel.columns if column.year))


def _content(channel: Channel, options: PlotOptions) -> _Content:
    observed, variances = channel.data.values[0].copy(), channel.data.variances[0]
    edges, expected = drawn_edges(channel.axis), prefit(channel)
    # Bins that a range of the options touches, in addition to those that are blind in the card.
    hidden = options.hidden(channel.axis)
    hidden[list(channel.blind_bins)] = True
    blindness = f"Blind in {hidden.sum()} of {channel.axis.bins} bins" if hidden.any() and channel.has_data else ""
    missed = plain(options.missed(channel), 120)
    # Expected events would look like data that agree.
    hidden |= not channel.has_data
    observed[hidden] = np.nan
    # Expected events of blind bins are no whole numbers, and would make the counts of the others weighted data.
    bars = np.full((2, len(observed)), np.nan)
    bars[:, ~hidden] = error_bars(observed[~hidden], variances[~hidden])
    backgrounds, signals = layers_of(expected.processes, options)
    scale = options.signal_scale
    if scale != 1:
        signals = [
            attrs.evolve(layer, values=scale * layer.values, label=f"{layer.label} × {scale:g}")  # noqa: RUF001 - a sign
            for layer in signals
        ]
    return _Content(
        expected=expected,
        edges=edges,
        observed=observed,
        bars=bars,
        # The top of the stack comes first.
        stack=[*(signals if options.signal == "stack" else ()), *backgrounds],
        lines=signals if options.signal == "line" else [],
        blindness=tuple(filter(None, [blindness, missed])),
    )


def _notes(expected: Prefit) -> Iterator[str]:
    """Yield the notes below the plot: what the uncertainty band leaves out."""
    if expected.excluded:
        yield f"Band without: {listing(expected.excluded, 90)}"
    if expected.free:
        names = [name if initial == 1 else f"{name} (drawn at {initial:g})" for name, initial in expected.free]
        yield f"Free in the fit, not in the band: {listing(names, 80)}"


def _draw_expectation(axes: Axes, content: _Content) -> list[Any]:
    """Draw the stack, its band and the signals, and return the legend's handles, the top of the stack first."""
    return [
        *_draw_stack(axes, content.stack, content.edges),
        _draw_band(axes, content),
        *(_draw_signal(axes, *drawn, content.edges) for drawn in zip(content.lines, cycle(DASHES), strict=False)),
    ]


def _draw_stack(axes: Axes, layers: Sequence[Layer], edges: FloatArray) -> list[Any]:
    """Draw the stack with the smallest layer at the bottom, where a logarithmic axis shows it best."""
    handles = []
    top = np.zeros(len(edges) - 1)
    for layer in reversed(layers):
        base, top = top, top + layer.values
        style: Any = {"facecolor": layer.colour, "hatch": layer.hatch, "edgecolor": "white"}
        handles.append(draw_steps(axes, top, edges, base, label=layer.label, **style))
        draw_steps(axes, top, edges, edgecolor="black", linewidth=0.4)
    return handles[::-1]


def _draw_band(axes: Axes, content: _Content) -> Any:
    expected = content.expected
    low, high = expected.background - expected.down, expected.background + expected.up
    style: Any = {"facecolor": "none", "hatch": "//////", "edgecolor": GREY}
    return draw_steps(axes, high, content.edges, low, label="Bkg. unc.", **style)


def _draw_signal(axes: Axes, signal: Layer, dashes: Any, edges: FloatArray) -> Any:
    # A white outline separates the line from a stack of a similar colour.
    outline = withStroke(linewidth=3.4, foreground="white")
    style: Any = {"edgecolor": signal.colour, "linestyle": dashes, "linewidth": 2, "path_effects": [outline]}
    return draw_steps(axes, signal.values, edges, label=signal.label, **style)


def _draw_points(axes: Axes, edges: FloatArray, values: FloatArray, bars: FloatArray, label: str = "") -> Any:
    there = np.isfinite(values)
    size = 4 if len(values) <= 60 else 2  # noqa: PLR2004 - larger points would overlap
    style: Any = {"fmt": "o", "color": "black", "markersize": size, "linewidth": 1, "zorder": 5, "label": label}
    return axes.errorbar(centres(edges)[there], values[there], bars[:, there], **style)


def _draw_legend(axes: Axes, handles: Sequence[Any], heading: str) -> float:
    """Draw the legend above the stack, and return its height as a fraction of the height of the axes."""
    most = 12  # entries in the size of the style, as more of them would take the room of the stack
    size = font_size("legend.fontsize") * (1.0 if len(handles) <= most else 0.85)
    lengths = sorted((_length(handle.get_label()) for handle in handles), reverse=True)
    box = axes.bbox.transformed(axes.figure.dpi_scale_trans.inverted())
    # Beside its letters an entry has its handle, and a gap. Each column is as wide as its longest entry.
    widths = np.cumsum([size * (LETTER * length + 4) for length in lengths[:3]])
    columns = max(1, int((widths < 72 * box.width).sum()))
    axes.legend(
        handles=handles, loc="upper left", ncols=columns, fontsize=size, frameon=False, columnspacing=1.2,
        handletextpad=0.6, handlelength=1.6, borderpad=0.5, labelspacing=0.3,
        title=heading or None, title_fontsize=size, alignment="left",
    )  # fmt: skip
    # Minus twice makes the division round up to full rows; one row more is the room below and above.
    rows = -(-len(handles) // columns) + bool(heading) + 1.0
    return float(rows * 1.45 * size / (72 * box.height))


def _length(label: str) -> float:
    # The characters of a formula are commands in part: it is wider in letters than on paper.
    return len(label) * (0.6 if "$" in label.replace(r"\$", "") else 1.0)


def _set_range(axes: Axes, content: _Content, room: float, *, is_log: bool | None) -> None:
    """Set the y axis: linear from 0, or logarithmic if that would hide a bin or a signal, with room for the legend."""
    expected = content.expected
    tops = [highest(layer.values) for layer in content.lines]
    heights = np.sum([layer.values for layer in content.stack] or [np.zeros(len(expected.background))], axis=0)
    peak = max([highest(expected.background + expected.up, heights, content.ends[1]), *tops])
    filled = [float(value) for value in (*expected.background, *tops) if value > 0]
    if is_log is None:
        is_log = bool(filled) and peak >= LOGARITHMIC_FROM * min(filled)
    if is_log:
        # A third of the lowest content keeps its bin visible above the lower end; at least three powers of ten show
        # small processes too. Bins without content do not count: the logarithm of 0 has no place.
        high = np.log10(peak or 1)
        low = max(min(np.log10(min(filled, default=1) / 3), high - 3), high - DECADES)
        axes.set_ylim(10**low, 10 ** (low + (high - low) / (1 - room)))
        # After the range: a new scale would look for one, and warns of a channel without content.
        axes.set_yscale("log", nonpositive="clip")
    else:
        # matplotlib warns about a range without height, which an empty channel would give.
        axes.set_ylim(0, 1.05 * peak / (1 - room) or 1)
        axes.yaxis.set_minor_locator(AutoMinorLocator())
    Ticks.of(axes, "y").set_by_locators()


def _draw_ratio(axes: Axes, content: _Content) -> None:
    expected = content.expected
    # The wide band comes first, so that the statistical part is drawn on top of it.
    low, high = (content.ratio(expected.background + way) for way in (-expected.down, expected.up))
    if expected.has_systematics:
        draw_steps(axes, high, content.edges, low, facecolor="#d0d0d0", label=content.band)
    least, most = (content.ratio(expected.background + way) for way in (-expected.stat, expected.stat))
    draw_steps(axes, most, content.edges, least, facecolor="#989898", label="stat.")
    axes.axhline(1, color="black", linewidth=0.8, linestyle="--")
    half = ratio_range(HALVES, low, high, *map(content.ratio, content.ends))
    axes.set_ylim(1 - half, 1 + half)
    ticks = (1 - half / 2, 1.0, 1 + half / 2)
    Ticks.of(axes, "y").set(ticks, [f"{tick:g}" for tick in ticks])
    points = content.ratio(content.observed)
    _draw_points(axes, content.edges, points, np.array([content.ratio(bar) for bar in content.bars]))
    draw_arrows(axes, content.edges, points)
    axes.legend(loc="upper left", ncols=2, fontsize=8, frameon=False, borderpad=0.1)


def _draw_words(above: Axes, ratio: Axes, channel: Channel, compared: str) -> None:
    size = font_size("font.size")
    for axes, height, text, align in ((above, 1.0, "Events per bin", "top"), (ratio, 0.5, compared, "center")):
        style: Any = {"rotation": 90, "ha": "right", "va": align, "rotation_mode": "default", "size": size}
        axes.text(-0.105, height, text, transform=axes.transAxes, **style)
    # Below the labels of the ticks.
    distance = (1.3 * font_size("xtick.labelsize") + 7) / 72 + room_for_names(channel.axis, MOST_NAMES)
    label = axis_label(channel.axis)
    ratio.text(1, -distance / (SIZE * RATIO), label, transform=ratio.transAxes, ha="right", va="top", size=size)
