"""Yields of each process under a nuisance with templates: the numbers of the plot `variations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Channel, Column, FloatArray, Nuisance, Shape


@attrs.frozen(eq=False, kw_only=True)
class Varied:
    """One process under one nuisance, summed over its columns with templates. All arrays have shape (bins,)."""

    process: str
    years: tuple[str, ...]
    """Years of these columns; empty if they are all columns of the process."""
    nominal: FloatArray
    error: FloatArray
    """Standard deviation of the nominal from the finite size of the simulated samples."""
    up: FloatArray
    """Templates as written to the file, without the scale."""
    down: FloatArray
    scales: tuple[float, ...]
    """Distinct scales of the columns, in rising order. Combine multiplies θ with the scale."""

    def change(self, varied: FloatArray) -> float:
        """Return the relative change of the yield, or NaN if the nominal yield is not above 0."""
        nominal = float(self.nominal.sum())
        return float(varied.sum()) / nominal - 1 if nominal > 0 else float("nan")


def varied_processes(channel: Channel, nuisance: Nuisance) -> tuple[Varied, ...]:
    """Return each process that the nuisance has templates for, in the order of the columns."""
    members: dict[str, list[tuple[Shape, int]]] = {}
    # Effects may list columns in any order among each other; sorting restores the order of the channel.
    for position, shape, row in sorted(_rows(nuisance), key=lambda found: found[0]):
        members.setdefault(channel.columns[position].process, []).append((shape, row))
    return tuple(_varied(channel, process, rows) for process, rows in members.items())


def without_templates(channel: Channel, nuisance: Nuisance) -> tuple[str, ...]:
    """Return the processes on which the nuisance has effects without templates, in the order of the columns."""
    positions = {int(column) for entry in nuisance.entries if entry.shape is None for column in entry.columns}
    return tuple(dict.fromkeys(channel.columns[position].process for position in sorted(positions)))


def _rows(nuisance: Nuisance) -> Iterator[tuple[int, Shape, int]]:
    """Yield the position of each column with templates, its effect, and its row in that effect."""
    for entry in nuisance.entries:
        if entry.shape is not None:
            for row, position in enumerate(entry.columns):
                yield int(position), entry.shape, row


def _varied(channel: Channel, process: str, rows: list[tuple[Shape, int]]) -> Varied:
    columns = [int(shape.columns[row]) for shape, row in rows]
    return Varied(
        process=process,
        years=_years([channel.columns[column] for column in columns], channel),
        nominal=channel.nominal.values[columns].sum(axis=0),
        error=np.sqrt(channel.nominal.variances[columns].sum(axis=0)),
        up=np.sum([shape.up.values[row] for shape, row in rows], axis=0),
        down=np.sum([shape.down.values[row] for shape, row in rows], axis=0),
        scales=tuple(sorted({float(shape.scale[row]) for shape, row in rows})),
    )


def _years(columns: list[Column], channel: Channel) -> tuple[str, ...]:
    of_process = [column for column in channel.columns if column.process == columns[0].process]
    return () if len(columns) == len(of_process) else tuple(column.year for column in columns)
