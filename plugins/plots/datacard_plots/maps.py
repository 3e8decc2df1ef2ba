"""Maps of nuisances by columns: the origin of each effect, and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from matplotlib.colors import ListedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from datacard_core import coverage_table, systematics_table
from datacard_plots.axes.ticks import Ticks
from datacard_plots.options import matching
from datacard_plots.style import draw_header, font_size, has_header, plot_style, save
from datacard_plots.texts import distinct, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from datacard_core import Channel, Column, FloatArray
    from datacard_plots.options import PlotOptions

STATES = {
    "own": "#3f90da",
    "alias": "#92dadd",
    "factor": "#b9ac70",
    "clipped": "#ffa90e",
    "partial": "#e76300",
    "fallback": "#bd1f01",
    "none": "#f2f2f2",
}
"""Colours of the states of `coverage_table`."""
CELL = 0.17
"""Height of a row in inches."""
MOST_NAMED = 400
"""Most rows or columns with names: more of them would not fit on a page of ten metres."""
LONGEST_NAME = 40
LARGEST = 100.0
"""Largest change in per cent with a colour of its own."""


@attrs.frozen(eq=False, kw_only=True)
class Map:
    """Cells of nuisances and columns of a channel."""

    channel: Channel
    nuisances: tuple[str, ...]
    columns: tuple[Column, ...]
    options: PlotOptions

    @classmethod
    def of(cls, channel: Channel, options: PlotOptions) -> Map:
        """Return the map of the nuisances and processes that the options choose."""
        processes = set(matching(options.processes, dict.fromkeys(column.process for column in channel.columns)))
        names = dict.fromkeys(nuisance.name for nuisance in channel.nuisances)
        return cls(
            channel=channel,
            nuisances=tuple(matching(options.nuisances, names)),
            columns=tuple(column for column in channel.columns if column.process in processes),
            options=options,
        )

    def cells(self, records: Sequence[Mapping[str, Any]], values: Sequence[float]) -> FloatArray:
        """Return the value of the record of each cell, NaN without one, shape (nuisances, columns)."""
        rows = {name: row for row, name in enumerate(self.nuisances)}
        places = {(column.process, column.year): place for place, column in enumerate(self.columns)}
        found = np.full((len(self.nuisances), len(self.columns)), np.nan)
        for record, value in zip(records, values, strict=True):
            place = places.get((record["process"], record["year"]))
            if place is not None and record["nuisance"] in rows:
                found[rows[record["nuisance"]], place] = value
        return found

    def axes(self, title: str) -> tuple[Figure, Axes]:
        """Return a figure with axes whose cells have the size of their names."""
        across, down = max(1, len(self.columns)), max(1, len(self.nuisances))
        names = list(distinct(self.nuisances, LONGEST_NAME).values())
        # In inches: names beside the rows, and upright ones below the columns.
        left = 0.35 + 0.075 * max(map(len, names), default=0)
        columns = list(distinct((f"{one.process} {one.year}".strip() for one in self.columns), LONGEST_NAME).values())
        bottom = 0.35 + 0.075 * max(map(len, columns), default=0)
        # Cells have a fixed size, so that names never overlap.
        width, height = max(3.5, CELL * min(across, MOST_NAMED)), max(1.2, CELL * min(down, MOST_NAMED))
        size = (left + width + 1.7, bottom + height + 0.6)
        figure = Figure(figsize=size)
        axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))
        small = min(8.0, font_size("xtick.labelsize"))
        for direction, texts, rotation in (("x", columns, 90), ("y", names, 0)):
            shown = texts if len(texts) <= MOST_NAMED else []
            places = (np.arange(len(shown)) + 0.5).tolist()
            Ticks.of(axes, direction, size=small, rotation=rotation, long=0).set(places, shown)
        axes.set_xlim(0, across)
        # The first nuisance is at the top, as in the card.
        axes.set_ylim(down, 0)
        heading = f"{title} of {plain(self.channel.bin, 40)}"
        if has_header(self.options):
            figure.text(0.01, 0.01, heading, size=small)
        draw_header(axes, self.options, title=heading)
        return figure, axes


def write_coverage(channel: Channel, path: Path, options: PlotOptions) -> None:
    """Draw the origin of each effect to a new file, in the format of its suffix."""
    with plot_style(options):
        save(coverage_figure(channel, options), path)


def coverage_figure(channel: Channel, options: PlotOptions) -> Figure:
    """Return the figure of the states of `coverage_table`; the caller must be in `plot_style`."""
    shown = Map.of(channel, options)
    records = coverage_table(channel).records
    states = list(STATES)
    cells = shown.cells(records, [states.index(record["state"]) for record in records])
    figure, axes = shown.axes("Coverage")
    colours = ListedColormap(list(STATES.values()))
    if cells.size:
        axes.pcolormesh(cells, cmap=colours, vmin=-0.5, vmax=len(STATES) - 0.5, edgecolors="white", linewidth=0.4)
    handles = [Patch(facecolor=colour, label=state) for state, colour in STATES.items()]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False)
    return figure


def write_correlations(channel: Channel, path: Path, options: PlotOptions) -> None:
    """Draw the changes of yields to a new file, in the format of its suffix."""
    with plot_style(options):
        save(correlations_figure(channel, options), path)


def correlations_figure(channel: Channel, options: PlotOptions) -> Figure:
    """Return the figure of the changes of yields at +1 standard deviation; the caller must be in `plot_style`.

    Cells of a row belong to one parameter: their changes are fully correlated, with opposite signs where the colours
    are opposite. Cells without a colour are not affected.
    """
    shown = Map.of(channel, options)
    records = systematics_table(channel).records
    changes = [np.nan if record["up"] is None else 100 * (record["up"] - 1) for record in records]
    cells = np.clip(shown.cells(records, changes), -LARGEST, LARGEST)
    figure, axes = shown.axes("Effects")
    most = float(np.nanmax(np.abs(cells))) if np.isfinite(cells).any() else 0.0
    # Symmetric: equal sizes of either sign have equally strong colours.
    norm = TwoSlopeNorm(0.0, -(most or 1.0), most or 1.0)
    # No effect looks other than an effect of 0.
    axes.set_facecolor("#f2f2f2")
    masked = np.ma.masked_invalid(cells)
    mesh = axes.pcolormesh(masked, cmap="RdBu_r", norm=norm, edgecolors="white", linewidth=0.4) if cells.size else None
    if mesh is not None:
        box = axes.get_position()
        bar = figure.add_axes((box.x1 + 0.15 / figure.get_figwidth(), box.y0, 0.12 / figure.get_figwidth(), box.height))
        # Plain numbers: formulas and minor ticks take half of the time of the page.
        figure.colorbar(mesh, cax=bar, format="{x:g}").minorticks_off()
        bar.tick_params(labelsize=8)
        bar.set_ylabel("yield at +1 σ [%]", size=8)
    return figure
