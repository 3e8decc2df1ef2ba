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

    bundles: IntArray
    rows: FloatArray
    """Shape (bundles, rows, bins)."""
    start: int
    """Position of the first of these rows among all rows."""


@attrs.frozen(eq=False)
class Bundles:
    """Rows that never change, in bundles."""

    count: int
    """Number of bundles."""
    size: int
    """Number of rows, rows of zeros included."""
    bins: int
    """Numbers of a row."""
    place: IntArray
    """Position of each given row among all rows."""
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, rows: FloatArray, bundle: IntArray, count: int) -> Bundles:
        """Return rows in bundles.

        Args:
            rows: the rows, shape (rows, bins).
            bundle: bundle of each row.
            count: number of bundles; some may have no row.
        """
        lengths = np.bincount(bundle, minlength=count)
        order = np.argsort(bundle, kind="stable")
        within = np.empty(len(bundle), dtype=np.intp)
        within[order] = np.arange(len(bundle)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        place = np.empty(len(bundle), dtype=np.intp)
        parts, start = [], 0
        for shortest, longest in _sizes(lengths, rows.shape[1]):
            bundles = np.flatnonzero((lengths >= shortest) & (lengths <= longest))
            position = np.full(count, -1)
            position[bundles] = np.arange(len(bundles))
            given = np.flatnonzero(position[bundle] >= 0)
            filled = np.zeros((len(bundles), longest, rows.shape[1]))
            filled[position[bundle[given]], within[given]] = rows[given]
            place[given] = start + position[bundle[given]] * longest + within[given]
            parts.append(Part(bundles, filled, start))
            start += len(bundles) * longest
        return cls(count, start, rows.shape[1], place, tuple(parts))

    def sums(self, weights: FloatArray) -> FloatArray:
        """Return the weighted sum of the rows of each bundle, shape (bundles, bins).

        Args:
            weights: weight of each row, shape (rows,).
        """
        spread = np.zeros(self.size)
        spread[self.place] = weights
        sums = np.zeros((self.count, self.bins))
        for part in self.parts:
            number, rows = part.rows.shape[:2]
            factors = spread[part.start : part.start + number * rows].reshape(number, 1, rows)
            sums[part.bundles] = (factors @ part.rows)[:, 0]
        return sums

    def products(self, vectors: FloatArray) -> FloatArray:
        """Return the product of each row with the vector of its bundle, shape (rows,).

        Args:
            vectors: a vector for each bundle, shape (bundles, bins).
        """
        products = np.empty(self.size)
        for part in self.parts:
            found = part.rows @ vectors[part.bundles][:, :, None]
            products[part.start : part.start + found.size] = found.ravel()
        return products[self.place]

    def rows(self, which: IntArray) -> FloatArray:
        """Return some of the given rows, shape (rows, bins)."""
        at = self.place[which]
        rows = np.empty((len(which), self.bins))
        for part in self.parts:
            flat = part.rows.reshape(-1, self.bins)
            inside = (at >= part.start) & (at < part.start + len(flat))
            rows[inside] = flat[at[inside] - part.start]
        return rows


def _sizes(lengths: IntArray, bins: int) -> list[tuple[int, int]]:
    """Return shortest and longest of the bundles that are filled up to one number of rows."""
    sizes: list[tuple[int, int]] = []
    spare = 0
    numbers, counts = np.unique(lengths[lengths > 0], return_counts=True)
    for number, count in zip(numbers[::-1].tolist(), counts[::-1].tolist(), strict=True):
        spare += (sizes[-1][1] - number) * count * bins if sizes else 0
        if sizes and spare <= _CALL:
            sizes[-1] = (number, sizes[-1][1])
        else:
            sizes.append((number, number))
            spare = 0
    return sizes
