"""What a nuisance with templates does to each process: the numbers of the variations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Channel, Column, Nuisance
    from datacard_plots.prefit import FloatArray


@attrs.frozen(eq=False)
class Varied:
    """One process under one nuisance, summed over the columns that have templates; arrays of shape (bins,)."""

    process: str
    years: tuple[str, ...]
    """Those of its columns, or none where these are all that the process has."""
    nominal: FloatArray
    error: FloatArray
    """Standard deviation of the nominal from the sizes of the simulated samples."""
    up: FloatArray
    """The templates as they are written, whatever their scale."""
    down: FloatArray
    scales: tuple[float, ...]
    """The different scales of its columns, which Combine multiplies θ with; rising."""

    def change(self, varied: FloatArray) -> float:
        """By how much the yield changes relative to the nominal, nan where there is none."""
        nominal = float(self.nominal.sum())
        return float(varied.sum()) / nominal - 1 if nominal > 0 else float("nan")


def varied_processes(channel: Channel, nuisance: Nuisance) -> tuple[Varied, ...]:
    """What it does to each process that it has templates for, in the order of the columns."""
    members: dict[str, list[tuple[Shape, int]]] = {}
    for position, shape, row in sorted(_rows(nuisance), key=lambda found: found[0]):
        members.setdefault(channel.columns[position].process, []).append((shape, row))
    return tuple(_varied(channel, process, rows) for process, rows in members.items())


def without_templates(channel: Channel, nuisance: Nuisance) -> tuple[str, ...]:
    """The processes on which it has other effects, in the order of the columns."""
    positions = {
        int(column) for effect in nuisance.effects if not isinstance(effect, Shape) for column in effect.columns
    }
    return tuple(dict.fromkeys(channel.columns[position].process for position in sorted(positions)))


def _rows(nuisance: Nuisance) -> Iterator[tuple[int, Shape, int]]:
    """Each column that has templates, with where they are."""
    for effect in nuisance.effects:
        if isinstance(effect, Shape):
            for row, position in enumerate(effect.columns):
                yield int(position), effect, row


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
    everything = [column for column in channel.columns if column.process == columns[0].process]
    return () if len(columns) == len(everything) else tuple(column.year for column in columns)
