"""Weighted sums of many rows in bundles, as products of matrices.

The rows of a bundle, one behind the other, are a matrix, and their weighted sum is a product with a vector. BLAS reads
each number once for it; multiplying and adding the rows up with numpy would write and read all of them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray, IntArray

# Numbers whose product costs as much as a call of BLAS for a further part.
_CALL = 16_000


@attrs.frozen(eq=False)
class Part:
    """Bundles of the same number of rows, rows of zeros included."""

    rows: FloatArray
    """Shape (bundles, rows, bins)."""
    bundles: slice
    """Their places among the bundles of all parts."""
    place: slice
    """Places of these rows among the rows of all parts."""


@attrs.frozen(eq=False, kw_only=True)
class Bundles:
    """Rows that never change, in bundles."""

    parts: tuple[Part, ...]
    place: IntArray
    """Place of each given row among the rows of all parts, shape (rows,)."""
    order: IntArray
    """The bundles in the order of the parts, those with a row."""
    back: IntArray
    """Place of each bundle in that order, behind the last one if it has no row."""
    size: int
    """Number of rows of all parts."""
    bins: int
    """Numbers of a row."""

    @classmethod
    def of(cls, rows: FloatArray, bundle: IntArray, count: int) -> Bundles:
        """Return rows in bundles.

        Args:
            rows: the rows, shape (rows, bins).
            bundle: bundle of each row.
            count: number of bundles; some may have no row.
        """
        lengths = np.bincount(bundle, minlength=count)
        sorted_rows = np.argsort(bundle, kind="stable")
        within = np.empty(len(bundle), dtype=np.intp)
        # Place in the sorted order minus the place of the bundle's first row: numbers from 0 in each bundle.
        within[sorted_rows] = np.arange(len(bundle)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        place, back = np.empty(len(bundle), dtype=np.intp), np.full(count, (lengths > 0).sum())
        parts, orders, start, first = [], [np.zeros(0, dtype=np.intp)], 0, 0
        for shortest, longest in _sizes(lengths, rows.shape[1]):
            bundles = np.flatnonzero((lengths >= shortest) & (lengths <= longest))
            number = len(bundles)
            back[bundles] = np.arange(first, first + number)
            given = np.flatnonzero((lengths[bundle] >= shortest) & (lengths[bundle] <= longest))
            filled = np.zeros((number, longest, rows.shape[1]))
            filled[back[bundle[given]] - first, within[given]] = rows[given]
            place[given] = start + (back[bundle[given]] - first) * longest + within[given]
            parts.append(Part(filled, slice(first, first + number), slice(start, start + number * longest)))
            orders.append(bundles)
            start, first = start + number * longest, first + number
        return cls(
            parts=tuple(parts), place=place, order=np.concatenate(orders), back=back, size=start, bins=rows.shape[1]
        )

    def sums(self, weights: FloatArray) -> FloatArray:
        """Return the weighted sum of the rows of each bundle, shape (bundles, bins).

        Args:
            weights: weight of each row, shape (rows,).
        """
        # One more sum stays 0: that of all bundles without a row.
        spread, sums = np.zeros(self.size), np.zeros((len(self.order) + 1, 1, self.bins))
        spread[self.place] = weights
        for part in self.parts:
            factors = spread[part.place].reshape(len(part.rows), 1, -1)
            np.matmul(factors, part.rows, out=sums[part.bundles])
        return sums[:, 0].take(self.back, axis=0)

    def products(self, vectors: FloatArray) -> FloatArray:
        """Return the product of each row with the vector of its bundle, shape (rows,).

        Args:
            vectors: a vector for each bundle, shape (bundles, bins).
        """
        ordered, products = vectors.take(self.order, axis=0)[:, :, None], np.empty(self.size)
        for part in self.parts:
            found = products[part.place].reshape(len(part.rows), -1, 1)
            np.matmul(part.rows, ordered[part.bundles], out=found)
        return products.take(self.place)

    def rows(self, which: IntArray) -> FloatArray:
        """Return some of the given rows, shape (rows, bins)."""
        at, rows = self.place[which], np.empty((len(which), self.bins))
        for part in self.parts:
            inside = (at >= part.place.start) & (at < part.place.stop)
            rows[inside] = part.rows.reshape(-1, self.bins)[at[inside] - part.place.start]
        return rows


def _sizes(lengths: IntArray, bins: int) -> list[tuple[int, int]]:
    """Return shortest and longest of the bundles that are filled up to one number of rows."""
    sizes: list[tuple[int, int]] = []
    spare = 0
    numbers, counts = np.unique(lengths[lengths > 0], return_counts=True)
    # From the longest bundle down: shorter ones are filled up with zeros to its length while that costs less.
    for number, count in zip(numbers[::-1].tolist(), counts[::-1].tolist(), strict=True):
        spare += (sizes[-1][1] - number) * count * bins if sizes else 0
        if sizes and spare <= _CALL:
            sizes[-1] = (number, sizes[-1][1])
        else:
            sizes.append((number, number))
            spare = 0
    return sizes
