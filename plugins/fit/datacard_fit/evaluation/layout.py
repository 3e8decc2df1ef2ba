"""Positions that the derivatives need at each point, found once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import IntArray
    from datacard_fit.evaluation.compiled import Compiled


@attrs.frozen(eq=False, kw_only=True)
class Layout:
    """Positions of columns, pairs and cells."""

    channel: IntArray
    """Channel of each column."""
    stops: IntArray
    """Position behind the last column of each channel."""
    column: IntArray
    """Column of each pair of a nuisance and a column."""
    pair_channel: IntArray
    """Channel of each pair."""
    pair_starts: IntArray
    """Position of the first pair of each channel, and behind the last pair of all."""
    order: IntArray
    """Order of the pairs by parameter and channel."""
    first: IntArray
    """Positions in that order at which a parameter or a channel begins."""
    group: IntArray
    """parameter · channels + channel at each of them."""
    mixed_cell: IntArray
    """Cell of each pair of a cell with a Poisson parameter and a nuisance of its column."""
    mixed_pair: IntArray
    """Pair of a nuisance and a column of each of those."""

    @classmethod
    def of(cls, compiled: Compiled) -> Layout:
        """Return the positions of the arrays of a model."""
        columns, channels = len(compiled.factors.rates), len(compiled.starts)
        stops = np.append(compiled.starts[1:], columns)
        channel = np.repeat(np.arange(channels), stops - compiled.starts)
        morphing = compiled.morphing
        column = morphing.moving[morphing.row]
        pair_channel = channel[column]
        key = morphing.parameter * channels + pair_channel
        # Stable, so that sums have the same order of additions on every machine.
        order = np.argsort(key, kind="stable")
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        cells = np.flatnonzero(compiled.cells.events > 0)
        pairs = [np.flatnonzero(column == compiled.cells.column[cell]) for cell in cells]
        return cls(
            channel=channel,
            stops=stops,
            column=column,
            pair_channel=pair_channel,
            pair_starts=np.searchsorted(pair_channel, np.arange(channels + 1)),
            order=order,
            first=first,
            group=key[order][first],
            mixed_cell=np.repeat(cells, [len(found) for found in pairs]),
            mixed_pair=np.concatenate([np.zeros(0, dtype=np.intp), *pairs]),
        )
