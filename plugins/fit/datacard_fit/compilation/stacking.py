"""Templates of channels, prepared as Combine prepares them and put into arrays over all channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import MorphedShape
from datacard_fit.evaluation.bundles import Bundles
from datacard_fit.evaluation.morphing import FLOOR, Morphing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core import BinByBinStatistics, BoolArray, Channel, FloatArray, IntArray, Shape

# Combine's logarithm of an empty bin.
_LOG_OF_ZERO = -999.0


@attrs.frozen(eq=False, kw_only=True)
class Move:
    """One nuisance on one column of a channel: its templates, prepared for the sum that moves the column."""

    name: str
    """Name of the parameter."""
    column: int
    """Position among the kept columns of the channel."""
    scale: float
    norms: tuple[float, float]
    """Integrals of Down and Up over that of the nominal; 1 where the templates themselves have the change."""
    half_difference: FloatArray
    half_sum: FloatArray
    is_log: bool

    @classmethod
    def of(cls, shape: Shape, acting: Mapping[int, int], name: str, channel: ChannelTemplates) -> list[Move]:
        """Return the moves by some rows of the templates of a shape.

        Args:
            shape: the templates of the nuisance.
            acting: positions of columns among the kept columns of the channel, by the row that moves them.
            name: name of the parameter.
            channel: the channel.
        """
        # All rows at once: numpy takes longer to be called than to work on the bins of one.
        rows, columns = (np.array([*places], dtype=np.intp) for places in (acting, acting.values()))
        down, up = shape.down.values[rows], shape.up.values[rows]
        # Relative to the template, also where the card states another rate.
        norms = np.stack([varied.sum(axis=1) / channel.integrals[columns] for varied in (down, up)], axis=1)
        down, up, nominal = _single(down), _single(up), channel.nominal[columns]
        if channel.keeps_norm:
            down, up = (channel.scaled(varied, columns) for varied in (down, up))
        else:
            norms = np.ones_like(norms)
        is_log = isinstance(shape, MorphedShape) and shape.algorithm.startswith("shapeN")
        if is_log:
            down, up, nominal = _log(down), _log(up), _log(nominal)
        parts = zip(columns.tolist(), shape.scale[rows].tolist(), norms.tolist(), strict=True)
        differences, sums = (up - down) / 2, (up + down) / 2 - nominal
        return [
            cls(
                name=name,
                column=column,
                scale=scale,
                norms=(norm_down, norm_up),
                half_difference=differences[at],
                half_sum=sums[at],
                is_log=is_log,
            )
            for at, (column, scale, (norm_down, norm_up)) in enumerate(parts)
        ]


@attrs.frozen(eq=False, kw_only=True)
class ChannelTemplates:
    """The kept columns of one channel: those whose rate is not 0, as in Combine."""

    bin: str
    """Name of the channel."""
    start: int
    """Position of the first kept column among those of all channels."""
    names: tuple[str, ...]
    """Names of the kept columns."""
    columns: Mapping[int, int]
    """Position among the columns of all channels of each kept column, by its position in the channel."""
    is_signal: BoolArray
    """Shape (columns,)."""
    nominal: FloatArray
    """Templates before the crop, shape (columns, bins): events, or fractions of the integral."""
    errors: FloatArray
    """Errors of the contents, shape (columns, bins)."""
    integrals: FloatArray
    """Integrals of the templates in the file, shape (columns,)."""
    rates: FloatArray
    """Yields that multiply the templates, shape (columns,)."""
    statistics: BinByBinStatistics | None
    keeps_norm: bool
    """True if shapes have their change of the yield as a factor of its own; not so in mode 2 of autoMCStats."""
    moves: list[Move] = attrs.field(factory=list)

    @classmethod
    def of(
        cls, channel: Channel, kept: IntArray, start: int, statistics: BinByBinStatistics | None
    ) -> ChannelTemplates:
        """Return the templates of a channel's columns, with or without autoMCStats."""
        columns = [channel.columns[at] for at in kept.tolist()]
        values = channel.nominal.values[kept]
        integrals = values.sum(axis=1)
        # Combine's arrays of templates are of single precision.
        single = _single(values)
        errors = np.sqrt(np.maximum(channel.nominal.variances[kept], 0))
        is_summed = statistics is not None
        return cls(
            bin=channel.bin,
            start=start,
            names=tuple(column.name for column in columns),
            columns={at: place for place, at in enumerate(kept.tolist(), start)},
            is_signal=np.array([column.is_signal for column in columns], dtype=np.bool_),
            nominal=single if is_summed else single / single.sum(axis=1)[:, None],
            errors=errors,
            integrals=integrals,
            rates=np.ones(len(kept)) if is_summed else channel.rates[kept],
            statistics=statistics,
            keeps_norm=statistics is None or statistics.hist_mode == 1,
        )

    @property
    def is_summed(self) -> bool:
        """True if the templates have events, as with autoMCStats; they are fractions else."""
        return self.statistics is not None

    def scaled(self, varied: FloatArray, columns: IntArray) -> FloatArray:
        """Return varied templates with the integrals of the nominal ones, shape (columns, bins)."""
        scaled = varied * (self.nominal[columns].sum(axis=1) / varied.sum(axis=1))[:, None]
        return _single(scaled) if self.is_summed else scaled


def _single(values: FloatArray) -> FloatArray:
    """Return numbers rounded to single precision."""
    rounded: FloatArray = values.astype(np.float32).astype(np.float64)
    return rounded


def _log(values: FloatArray) -> FloatArray:
    return np.log(values, out=np.full_like(values, _LOG_OF_ZERO), where=values > 0)


def stacked(channels: Sequence[ChannelTemplates], position: Mapping[str, int]) -> Morphing:
    """Return the templates of all channels in one array, and all moves.

    Args:
        channels: the channels, each with its moves.
        position: position of each parameter by name.
    """
    bins = max(channel.nominal.shape[1] for channel in channels)
    columns_of_all = channels[-1].start + len(channels[-1].names)
    nominal, valid = np.zeros((2, columns_of_all, bins))
    moves = sorted(_moves(channels), key=lambda item: (item[0], position[item[1].name]))
    columns = np.array([column for column, _ in moves], dtype=np.intp)
    moving, first, row = np.unique(columns, return_index=True, return_inverse=True)
    is_log = np.array([moves[at][1].is_log for at in first], dtype=np.bool_)
    summed = np.repeat([channel.is_summed for channel in channels], [len(channel.names) for channel in channels])
    for channel in channels:
        rows = slice(channel.start, channel.start + len(channel.names))
        number = channel.nominal.shape[1]
        nominal[rows, :number] = channel.nominal
        valid[rows, :number] = 1
    total = nominal.sum(axis=1)
    static = np.delete(np.arange(len(nominal)), moving)
    cropped = np.where(valid[static] > 0, np.maximum(nominal[static], FLOOR), 0.0)
    # The crop of fractions keeps the yield, that of events does not.
    ratio = np.where(summed[static], 1.0, cropped.sum(axis=1))
    nominal[static] = cropped / ratio[:, None]
    # Bins that only fill up the array stay 0: their logarithm is never used.
    log_rows = moving[is_log]
    nominal[log_rows] = np.where(valid[log_rows] > 0, _log(nominal[log_rows]), 0.0)
    differences = [move.scale * move.half_difference for _, move in moves]
    changes = padded([*differences, *(move.half_sum for _, move in moves)], bins)
    return Morphing(
        nominal=nominal,
        moving=moving,
        rescaled=~summed[moving] | is_log,
        log=is_log,
        total=total[moving],
        valid=valid[moving],
        row=row,
        parameter=np.array([position[move.name] for _, move in moves], dtype=np.intp),
        scale=np.array([move.scale for _, move in moves]),
        region=_regions(moves, len(moving), row),
        live=_live(changes, row, len(moving)),
        changes=Bundles.of(changes, np.tile(row, 2), len(moving)),
    )


def _moves(channels: Sequence[ChannelTemplates]) -> Iterator[tuple[int, Move]]:
    for channel in channels:
        for move in channel.moves:
            yield channel.start + move.column, move


def _live(changes: FloatArray, row: IntArray, columns: int) -> BoolArray:
    live = np.zeros((columns, changes.shape[1]), dtype=np.bool_)
    # Several pairs change one column: an assignment by index would keep the last pair of each.
    np.logical_or.at(live, np.tile(row, 2), changes != 0)
    return live


def _regions(moves: Sequence[tuple[int, Move]], columns: int, row: IntArray) -> FloatArray:
    """Return the half widths of the smoothed steps: the smallest scale of all shapes of a column, at most 1."""
    # Combine has one smoothing region for a process, not one for each nuisance.
    smallest = np.ones(columns)
    np.minimum.at(smallest, row, [move.scale for _, move in moves])
    region: FloatArray = smallest[row]
    return region


def padded(rows: Sequence[FloatArray], length: int) -> FloatArray:
    """Return rows of different lengths as one array, filled up with zeros, shape (rows, length)."""
    array = np.zeros((len(rows), length))
    for at, row in enumerate(rows):
        array[at, : len(row)] = row
    return array
