"""Positions that the derivatives need at each point, found once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.bundles import Bundles

if TYPE_CHECKING:
    from datacard_core import BoolArray, IntArray
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
    flat: IntArray
    """column · parameters + parameter of each pair."""
    by_group: Bundles
    """The changes of the templates, bundled by parameter and channel."""
    bundle: IntArray
    """Bundle of each pair."""
    group: IntArray
    """parameter · channels + channel of each bundle."""
    order: IntArray
    """Order of the pairs by bundle."""
    has_counts: BoolArray
    """Columns in which the parameters of cells are factors, shape (moving,)."""
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
        group, bundle = np.unique(morphing.parameter * channels + channel[column], return_inverse=True)
        changes = morphing.changes.rows(np.arange(2 * len(column)))
        cells = np.flatnonzero(compiled.cells.events > 0)
        pairs = [np.flatnonzero(column == compiled.cells.column[cell]) for cell in cells]
        return cls(
            channel=channel,
            stops=stops,
            column=column,
            flat=column * compiled.ordinary + morphing.parameter,
            by_group=Bundles.of(changes, np.tile(bundle, 2), len(group)),
            bundle=bundle,
            group=group,
            # Stable, so that sums have the same order of additions on every machine.
            order=np.argsort(bundle, kind="stable"),
            has_counts=np.isin(morphing.moving, compiled.cells.column[cells]),
            mixed_cell=np.repeat(cells, [len(found) for found in pairs]),
            mixed_pair=np.concatenate([np.zeros(0, dtype=np.intp), *pairs]),
        )
