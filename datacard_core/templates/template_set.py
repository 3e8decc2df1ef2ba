"""Templates of one category as arrays, complete: what kinds, treatments and the channel are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.model.channel import Axis, Templates
from datacard_core.templates.binning import Binning, new_edges

if TYPE_CHECKING:
    from datacard_core.findings import Finding
    from datacard_core.model.channel import FloatArray, IntArray
    from datacard_core.templates.rows import Layout


@attrs.frozen
class Fallback:
    """Variations that a dataset does not have, so that its nominal stands in for them."""

    column: int
    sample: str
    dataset: str
    labels: tuple[str, ...]
    computed: bool
    """False: not on the axis at all. True: on the axis, but not computed in this category."""
    certain: bool = True
    """Whether the cutflow could tell "not computed" from "no event left"."""


@attrs.frozen(eq=False)
class TemplateSet:
    """A row of yields and variances, with flow, for each (column, variation) of a layout."""

    category: str
    layout: Layout
    axis: Axis
    values: FloatArray
    """Shape (rows, bins + 2), underflow first and overflow last."""
    variances: FloatArray
    """Likewise."""
    present: IntArray
    """How many datasets have the variation themselves, shape (rows,)."""
    datasets: IntArray
    """How many datasets each column is made of, shape (columns,)."""
    variations: tuple[frozenset[str], ...]
    """Every variation that some dataset of a column has, for messages."""
    fallbacks: tuple[Fallback, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def inside(self) -> Templates:
        """Without flow, shape (rows, bins)."""
        return Templates(self.values[:, 1:-1], self.variances[:, 1:-1])

    @property
    def totals(self) -> FloatArray:
        """The sum over the bins and the flow, shape (rows,)."""
        totals: FloatArray = self.values.sum(axis=1)
        return totals

    def rebinned(self, binning: Binning) -> TemplateSet:
        """The same sums in wider bins; what falls outside the new range goes to the flow bins.

        Raises:
            DeclarationError: the new edges are no edges of the axis.
        """
        if binning is None:
            return self
        edges = new_edges(self.axis, binning)
        # The bin at position i starts at edge i and stands behind the underflow; the overflow starts at the last.
        starts = np.concatenate([[0], np.searchsorted(self.axis.edges, edges) + 1])
        return attrs.evolve(
            self,
            axis=attrs.evolve(self.axis, edges=edges, uniform=False),
            values=np.add.reduceat(self.values, starts, axis=1),
            variances=np.add.reduceat(self.variances, starts, axis=1),
        )
