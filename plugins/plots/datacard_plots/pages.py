"""Figures of the nuisances with templates, one page or more for each nuisance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from datacard_plots.style import DOWN, GREY, METADATA, UP, plot_style
from datacard_plots.texts import distinct, listing, plain, process_texts
from datacard_plots.ticks import Ticks
from datacard_plots.variable import (
    axis_label,
    draw_variable,
    drawn_edges,
    highest,
    ratio_range,
    ratio_to,
    room_for_names,
)
from datacard_plots.variations import varied_processes, without_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.patches import StepPatch
    from matplotlib.text import Text

    from datacard_core import Channel, FloatArray, Nuisance
    from datacard_plots.variations import Varied

MOST_PANELS = 9
"""Largest number of processes on one page; further processes follow on further pages."""
SIZE = (11.0, 8.0)
"""Width and height of a page in inches."""
LONGEST_TITLE = 36
"""Most characters of a nuisance in the title of its pages."""
LONGEST_NAME = 24
"""Most characters of a process in the title of its panel."""
LABELS = 8.0
"""Size of the labels of ticks in points."""
MOST_NAMES = 20
"""Largest number of named bins; with more bins, only every n-th has its name."""
HALVES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Possible half ranges of a ratio's axis around 1; the lower end is cut at 0."""


@attrs.frozen(eq=False, kw_only=True)
class _Panel:
    """Artists of one process, which each page fills with new numbers."""

    above: Axes
    ratio: Axes
    title: Text
    change: Text
    yields: Ticks
    relative: Ticks
    """Ticks of the y axes of `above` and of `ratio`."""
    steps: tuple[StepPatch, StepPatch, StepPatch]
    ratios: tuple[StepPatch, StepPatch]
    error: StepPatch


@attrs.frozen(eq=False)
class _Page:
    """Figure with a fixed number of panels, which several pages of the PDF reuse."""

    figure: Figure
    title: Text
    note: Text
    panels: tuple[_Panel, ...]


def write_pages(channel: Channel, path: Path) -> None:
    """Draw the pages to a new PDF."""
    with plot_style(), PdfPages(path, metadata=METADATA["pdf"]) as pdf:
        for figure in page_figures(channel):
            pdf.savefig(figure)


def page_figures(channel: Channel) -> Iterator[Figure]:
    """Yield one figure per page, which the caller must draw before it takes the next.

    Pages with the same number of panels share one figure, because matplotlib needs long to create axes.
    """
    pages: dict[int, _Page] = {}
    nuisances = [nuisance for nuisance in channel.nuisances if _has_templates(nuisance)]
    titles = distinct((nuisance.name for nuisance in nuisances), LONGEST_TITLE)
    names = process_texts({column.process: column.label for column in channel.columns}, LONGEST_NAME)
    for nuisance in nuisances:
        varied = varied_processes(channel, nuisance)
        parts = [varied[start : start + MOST_PANELS] for start in range(0, len(varied), MOST_PANELS)]
        for number, part in enumerate(parts, start=1):
            if len(part) not in pages:
                pages[len(part)] = _empty_page(channel, len(part))
            page = pages[len(part)]
            _fill(page, part, names)
            _describe(page, channel, nuisance, titles[nuisance.name] + _count(number, len(parts)))
            yield page.figure
    if not nuisances:
        yield _page_without(channel)


def _count(number: int, pages: int) -> str:
    return f" ({number} of {pages})" if pages > 1 else ""


def _has_templates(nuisance: Nuisance) -> bool:
    return any(entry.shape is not None for entry in nuisance.entries)


def _page_without(channel: Channel) -> Figure:
    figure = Figure(figsize=SIZE)
    words = f"{plain(channel.bin, 60)}: no nuisance with templates, of {len(channel.nuisances)} in all"
    figure.text(0.5, 0.5, words, size=14, ha="center")
    return figure


def _empty_page(channel: Channel, count: int) -> _Page:
    figure = Figure(figsize=SIZE)
    across = math.ceil(math.sqrt(count))
    bottom = (0.6 + room_for_names(channel.axis, MOST_NAMES)) / SIZE[1]
    grid = figure.add_gridspec(
        math.ceil(count / across), across, left=0.06, right=0.985, bottom=bottom, top=0.89, wspace=0.22, hspace=0.22
    )
    # The last `across` panels are the lowest of their columns, and they alone have labels below.
    panels = tuple(
        _empty_panel(figure, grid[index], channel, is_lowest=index >= count - across) for index in range(count)
    )
    figure.text(0.985, 0.02, axis_label(channel.axis), size=10, ha="right")
    handles = [*panels[0].steps, panels[0].error]
    figure.legend(handles=handles, loc="upper right", ncols=4, fontsize=9, frameon=False)
    return _Page(figure, figure.text(0.02, 0.96, "", size=14), figure.text(0.02, 0.02, "", size=8, color=GREY), panels)


def _empty_panel(figure: Figure, cell: SubplotSpec, channel: Channel, *, is_lowest: bool) -> _Panel:
    edges = drawn_edges(channel.axis)
    parts = cell.subgridspec(2, 1, height_ratios=(2, 1), hspace=0.06)
    above, ratio = figure.add_subplot(parts[0]), figure.add_subplot(parts[1])
    for axes, size in ((above, 0), (ratio, LABELS if is_lowest else 0)):
        draw_variable(axes, channel.axis, edges, MOST_NAMES, size=size, minor=False)
    ratio.axhline(1, color="black", linewidth=0.8)
    return _Panel(
        above=above,
        ratio=ratio,
        title=above.text(0, 1.03, "", transform=above.transAxes, size=9),
        change=above.text(0.97, 0.91, "", transform=above.transAxes, size=8, ha="right"),
        yields=_yield_ticks(above),
        relative=Ticks.of(ratio, "y", size=LABELS),
        error=_step(ratio, edges, baseline=0, facecolor="#d0d0d0", fill=True, label="nominal ± stat."),
        steps=(
            _step(above, edges, color="black", label="nominal"),
            _step(above, edges, color=UP, label="up"),
            _step(above, edges, color=DOWN, label="down", linestyle="--"),
        ),
        ratios=(_step(ratio, edges, color=UP), _step(ratio, edges, color=DOWN, linestyle="--")),
    )


def _yield_ticks(axes: Axes) -> Ticks:
    axes.yaxis.set_major_locator(MaxNLocator(4))
    return Ticks.of(axes, "y", size=LABELS)


def _step(axes: Axes, edges: FloatArray, **style: Any) -> StepPatch:
    """Draw a histogram without content, and return its artist."""
    return axes.stairs(np.zeros(len(edges) - 1), edges, **{"baseline": None, "linewidth": 1.1, **style})


def _fill(page: _Page, varied: Sequence[Varied], names: Mapping[str, str]) -> None:
    for panel, process in zip(page.panels, varied, strict=True):
        contents = (process.nominal, process.up, process.down)
        for step, values in zip(panel.steps, contents, strict=True):
            step.set_data(values)
        # matplotlib warns about a range without height, which an empty process would give.
        panel.above.set_ylim(0, 1.3 * highest(*contents) or 1)
        panel.yields.set_by_locators()
        ratios = [ratio_to(process.nominal, values) for values in contents[1:]]
        for step, ratio in zip(panel.ratios, ratios, strict=True):
            step.set_data(ratio)
        error = ratio_to(process.nominal, process.error)
        below: Any = 1 - error  # matplotlib accepts an array as the baseline, but its annotation does not
        panel.error.set_data(1 + error, baseline=below)
        half = ratio_range(HALVES, *ratios)
        low, high = max(0.0, 1 - half), 1 + half
        panel.ratio.set_ylim(low, high)
        ticks = ((1 + low) / 2, 1.0, (1 + high) / 2)
        panel.relative.set(ticks, [f"{tick:g}" for tick in ticks])
        panel.title.set_text(names[process.process] + _qualification(process))
        panel.change.set_text(_yields(process))


def _qualification(process: Varied) -> str:
    """Return the years of a process if some are missing, and the scale of the parameter if it is not 1."""
    years = f" ({listing(process.years, 16)})" if process.years else ""
    scale = "" if process.scales == (1.0,) else f", {listing([f'{scale:g}' for scale in process.scales], 16)} θ"
    return f"{years}{scale}"


def _yields(process: Varied) -> str:
    up, down = (_percentage(process.change(values)) for values in (process.up, process.down))
    return f"yield {up} / {down}"


def _percentage(change: float) -> str:
    return f"{100 * change:+.1f} %".replace("-", "−") if math.isfinite(change) else "–"  # noqa: RUF001 - minus sign


def _describe(page: _Page, channel: Channel, nuisance: Nuisance, title: str) -> None:
    page.title.set_text(f"{title}   {plain(channel.bin, 24)}")
    others = without_templates(channel, nuisance)
    page.note.set_text(f"It has effects without templates on {listing(others, 100)}" if others else "")
