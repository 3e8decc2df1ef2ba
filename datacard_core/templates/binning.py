"""Rebinning: the edges that a declaration requests, found on the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from datacard_core.arguments import shown
from datacard_core.declare.values import BinningRule, plain_binning
from datacard_core.errors import DeclarationError
from datacard_core.model.arrays import EDGE_TOLERANCE
from datacard_core.names import listing

if TYPE_CHECKING:
    from datacard_core.declare.category import Unroll
    from datacard_core.model.arrays import Axis, FloatArray, IntArray

Binning: TypeAlias = Iterable[float] | int | BinningRule | None
"""Edges, the number of bins to join to one, a rule until it has chosen its edges, or None for the bins of the axis."""
AnyBinning: TypeAlias = "Binning | Unroll"
"""Bins of one variable, or of several in a row."""


_CANCELLING = 1e-3
"""Part of the summed absolute contents below which a sum is made exactly; above it, the rounding error of naive
summation stays below 1e-10 for a thousand bins."""


def chosen_edges(axis: Axis, binning: Binning) -> tuple[IntArray, FloatArray]:
    """Return the positions on the axis of the edges that a binning requests, and the edges of the new bins.

    A finite edge beyond the other ones may stand for an infinite first or last edge of the axis.

    Raises:
        DeclarationError: an edge is not an edge of the axis, or the factor does not divide its number of bins.
    """
    binning = plain_binning(binning)
    if binning is None:
        return np.arange(len(axis.edges)), axis.edges
    if axis.categories is not None:
        raise DeclarationError(f"axis {axis.name!r} has labels ({listing(axis.categories)}), which cannot be rebinned")
    if isinstance(binning, int):
        return _joined(axis, binning)
    wanted = _edges(binning)
    # Edges are written by hand, and those of an axis are computed: they differ by rounding.
    close = np.isclose(wanted[:, np.newaxis], axis.edges, rtol=0, atol=EDGE_TOLERANCE * axis.narrowest)
    close[0, 0] |= np.isneginf(axis.edges[0]) and wanted[0] < axis.edges[1]
    close[-1, -1] |= np.isposinf(axis.edges[-1]) and wanted[-1] > axis.edges[-2]
    if len(strange := wanted[~close.any(axis=1)]):
        raise DeclarationError(
            f"bins_edges: {_text(strange)} {'is not an edge' if len(strange) == 1 else 'are not edges'} of axis "
            f"{axis.name!r}; its edges are {_text(axis.edges)}{_beyond(strange, axis)}"
        )
    places: IntArray = close.argmax(axis=1)
    # The edges of the axis replace those of the declaration, which may differ by rounding.
    return places, np.where(np.isfinite(axis.edges[places]), axis.edges[places], wanted)


def joined(values: FloatArray, starts: IntArray) -> FloatArray:
    """Return the sums of neighbouring bins, shape (rows, groups), from the place where each group starts."""
    sums: FloatArray = np.add.reduceat(values, starts, axis=1)
    return settled(sums, values, starts)


def settled(sums: FloatArray, values: FloatArray, starts: IntArray) -> FloatArray:
    """Return sums of neighbouring bins with an exact one where large contents cancel.

    A sum is rounded after each addition, in the size of the largest content: 1e16 + 1 - 1e16 gives 0. Where nothing
    cancels this is a change of the last digits, so the rest stays as it is.
    """
    sizes = np.add.reduceat(np.abs(values), starts, axis=1)
    ends = [*starts[1:].tolist(), values.shape[1]]
    for row, group in np.argwhere(np.abs(sums) < _CANCELLING * sizes).tolist():
        sums[row, group] = math.fsum(values[row, starts[group] : ends[group]])
    return sums


def _beyond(strange: FloatArray, axis: Axis) -> str:
    if axis.edges[0] <= strange.min() and strange.max() <= axis.edges[-1]:
        return ""
    return "; no bin lies beyond them: flow='fold' adds what is there to the outer bins"


def _joined(axis: Axis, factor: int) -> tuple[IntArray, FloatArray]:
    factors = [factor for factor in range(1, axis.bins + 1) if axis.bins % factor == 0]
    # Python counts True as 1, which would pass as a factor.
    if factor not in factors or isinstance(factor, bool):
        raise DeclarationError(
            f"bins_edges={factor!r}: axis {axis.name!r} has {axis.bins} bins, which can be joined by {listing(factors)}"
        )
    places = np.arange(0, len(axis.edges), factor)
    return places, axis.edges[places]


def _edges(binning: Any) -> FloatArray:
    if not isinstance(binning, tuple) or not all(isinstance(edge, float) for edge in binning):
        message = f"bins_edges={shown(binning)}: expected numbers as edges, or one whole number of bins to join"
        raise DeclarationError(message)
    edges = np.asarray(binning)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):  # noqa: PLR2004 - one bin has two edges
        raise DeclarationError(f"bins_edges={edges.tolist()}: expected at least two edges, rising")
    return edges


def _text(edges: FloatArray) -> str:
    return listing((f"{edge:.15g}" for edge in edges), 60)
