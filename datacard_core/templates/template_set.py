"""The complete templates of one category as arrays, from which kinds and treatments make the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.declare.category import Unroll
from datacard_core.inputs.grids import GridAxis
from datacard_core.model.arrays import Axis, Templates
from datacard_core.templates.binning import AnyBinning, chosen_edges, joined, settled
from datacard_core.templates.rows import Layout
from datacard_core.templates.unrolling import unrolled_bins

if TYPE_CHECKING:
    from collections.abc import Collection

    from datacard_core.findings import Finding
    from datacard_core.model.arrays import FloatArray, IntArray


@attrs.frozen(kw_only=True)
class Fallback:
    """Variations that a dataset does not have, so that its nominal replaces them."""

    column: int
    sample: str
    dataset: str
    labels: tuple[str, ...]
    computed: bool
    """True if they are on the axis but not computed in this category; False if they are not on the axis."""
    certain: bool = True
    """True if the cutflow distinguishes a variation that was not computed from one without events."""


@attrs.frozen(eq=False, kw_only=True)
class TemplateSet:
    """A row of yields and variances, with flow, for each (column, variation) of a layout."""

    category: str
    layout: Layout
    axis: Axis
    values: FloatArray
    """Shape (rows, bins + 2), underflow first and overflow last."""
    variances: FloatArray
    """Shape (rows, bins + 2), underflow first and overflow last."""
    present: IntArray
    """Number of datasets that have the variation, shape (rows,); in the rest the nominal replaces it."""
    datasets: IntArray
    """Number of datasets of each column, shape (columns,)."""
    variations: tuple[frozenset[str], ...]
    """Variations that at least one dataset of each column has, for messages."""
    fallbacks: tuple[Fallback, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def with_flow(self) -> Templates:
        """Templates with the flow bins, shape (rows, bins + 2)."""
        return Templates(self.values, self.variances)

    @property
    def totals(self) -> FloatArray:
        """Sums over bins and flow, shape (rows,)."""
        totals: FloatArray = self.values.sum(axis=1, keepdims=True)
        return settled(totals, self.values, np.zeros(1, dtype=np.intp))[:, 0]

    def without(self, columns: Collection[int]) -> tuple[TemplateSet, IntArray]:
        """Return the templates of the other columns, and the row here of each row there."""
        kept = [place for place in range(len(self.layout.requests)) if place not in columns]
        layout = Layout(tuple(self.layout.requests[place] for place in kept))
        rows, places = layout.rows_in(self.layout), {old: new for new, old in enumerate(kept)}
        names = {self.layout.requests[place].column for place in columns}
        fallbacks = (one for one in self.fallbacks if one.column in places)
        templates = attrs.evolve(
            self,
            layout=layout,
            values=self.values[rows],
            variances=self.variances[rows],
            present=self.present[rows],
            datasets=self.datasets[kept],
            variations=tuple(self.variations[place] for place in kept),
            fallbacks=tuple(attrs.evolve(one, column=places[one.column]) for one in fallbacks),
            findings=tuple(finding for finding in self.findings if finding.column not in names),
        )
        return templates, rows

    def rebinned(self, binning: AnyBinning, *, fold: bool = False) -> TemplateSet:
        """Return the templates in wider bins; contents outside the new range go to the flow bins.

        Args:
            binning: the bins.
            fold: whether histograms of several variables have their flow added to the outer bins of each slice.

        Raises:
            DeclarationError: a new edge is not an edge of the axis, or the variables are not those of `unroll`.
        """
        if isinstance(self.axis, GridAxis) or isinstance(binning, Unroll):
            return self._unrolled(binning, fold=fold)
        if binning is None:
            return self
        places, edges = chosen_edges(self.axis, binning)
        # The bin at position i starts at edge i and stands behind the underflow; the overflow starts at the last.
        starts = np.concatenate([[0], places + 1])
        return attrs.evolve(
            self,
            axis=attrs.evolve(self.axis, edges=edges, uniform=False),
            values=joined(self.values, starts),
            variances=np.add.reduceat(self.variances, starts, axis=1),
        )

    def _unrolled(self, binning: AnyBinning, *, fold: bool) -> TemplateSet:
        bins, axis = unrolled_bins(self.axis, binning, fold=fold)
        # Sums are made of neighbours, so the cells of a bin are put together first.
        order = np.argsort(bins, kind="stable")
        starts = np.searchsorted(bins[order], np.arange(axis.bins + 2))
        return attrs.evolve(
            self,
            axis=axis,
            values=joined(self.values[:, order], starts),
            variances=np.add.reduceat(self.variances[:, order], starts, axis=1),
        )
