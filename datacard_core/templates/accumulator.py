"""The arithmetic of collecting: gathering from histograms and summing, in memory that is used again.

Arrays are laid out as an output has them, (bins, variations, categories): reading them in this order is reading
memory in order. Fresh memory costs more than the sums that are made in it, so there is little of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from datacard_core.templates.sums import ExactSums, add_exactly

if TYPE_CHECKING:
    from datacard_core.model.arrays import Axis, ComplexArray, IntArray
    from datacard_core.templates.rows import Layout


class Scratch:
    """Arrays that are used again: each is valid until an array of its name is requested again."""

    def __init__(self) -> None:
        self._arrays: dict[str, ComplexArray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> ComplexArray:
        """Return an array of that shape with undefined contents."""
        # Stored without a shape, so that one block of memory serves all arrays of that size or less.
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size, dtype=np.complex128)
        return self._arrays[name][:size].reshape(shape)


def gather(contents: ComplexArray, labels: IntArray, categories: list[int], scratch: Scratch) -> ComplexArray:
    """Copy some variations and categories of a histogram to an array that the caller may write to.

    The array is valid until the next call with the same scratch.
    """
    # Neighbouring categories can be sliced without a copy. If they are more than half of all, one copy of all moves
    # less memory than two copies of the chosen ones.
    first, last = categories[0], categories[-1] + 1
    in_order = categories == list(range(first, last))
    if in_order and 2 * len(categories) > contents.shape[2]:
        return _taken(contents, labels, scratch)[:, :, first:last]
    chosen = contents[:, :, first:last] if in_order else contents[:, :, categories]
    return _taken(np.ascontiguousarray(chosen), labels, scratch)


def _taken(contents: ComplexArray, labels: IntArray, scratch: Scratch) -> ComplexArray:
    taken = scratch.array("gathered", (contents.shape[0], len(labels), contents.shape[2]))
    # All positions are valid. Mode "raise" would fill a buffer first, so that a fault leaves `out` unchanged.
    return np.take(contents, labels, axis=1, out=taken, mode="clip")


class Accumulator:
    """Sums of several categories, made column by column.

    Args:
        layout: the rows.
        categories: the number of categories.
        exact: whether rounding errors are kept, for sums that are added to these later.
    """

    def __init__(self, layout: Layout, categories: int, *, exact: bool) -> None:
        self.layout = layout
        self.categories = categories
        self.exact = exact
        self.scratch = Scratch()
        self.sums: list[ComplexArray] = []
        self.carries: list[ComplexArray] = []
        self._open: dict[int, tuple[ComplexArray, ComplexArray | None]] = {}
        self._free: list[ComplexArray] = []

    def add(self, column: int, contents: ComplexArray, flow: tuple[int, int], there: IntArray) -> None:
        """Add a dataset to a column; several columns may be summed at a time.

        Args:
            column: the column.
            contents: shape (bins with the histogram's flow bins, labels, categories of the histogram).
            flow: the numbers of underflow and overflow bins.
            there: positions of the histogram's categories among all, shape (categories of the histogram,).
        """
        # All datasets of a column need one shape: missing flow bins and categories are zeros.
        if flow != (1, 1) or len(there) < self.categories:
            contents = self._padded(contents, flow, there)
        if column not in self._open:
            # A copy, because `contents` may be scratch memory that the next dataset overwrites.
            sums = self._array(contents.shape)
            np.copyto(sums, contents)
            self._open[column] = sums, None
            return
        sums, carry = self._open[column]
        # A single dataset has no rounding error, so the carry begins with the second one.
        if carry is None:
            carry = self._array(sums.shape)
            carry.fill(0)
            self._open[column] = sums, carry
        # One bin at a time stays in the processor's cache.
        for one, lost, addend in zip(sums, carry, contents, strict=True):
            add_exactly(one, lost, addend)

    def finish_column(self, column: int, axis: Axis) -> None:
        """Write the sums of a column to its rows."""
        if column not in self._open:
            return
        # The number of bins is known only after the first dataset.
        if not self.sums:
            self.sums = self._rows(axis)
        sums, carry = self._open.pop(column)
        self._free += [sums] if carry is None else [sums, carry]
        if carry is not None and not self.exact:
            with np.errstate(invalid="ignore", over="ignore"):
                sums += carry
            carry = None
        # Turn -0.0 into 0.0: the sign of a zero depends on the order of datasets, and equal sums give equal bytes.
        sums += 0
        rows = self.layout.slice_of(column)
        for category, total in enumerate(self.sums):
            total[rows] = sums[:, :, category].T
        if carry is not None:
            self.carries = self.carries or self._rows(axis)
            for category, lost in enumerate(self.carries):
                lost[rows] = carry[:, :, category].T

    def contents(self, category: int, axis: Axis | None) -> ExactSums | None:
        """Return the sums of a category with bins as the last axis, or None if no dataset was added."""
        if not self.sums or axis is None:
            return None
        return ExactSums(axis, self.sums[category], self.carries[category] if self.carries else None)

    def _array(self, shape: tuple[int, ...]) -> ComplexArray:
        """Return memory for a column, that of a finished one if it is large enough."""
        size = math.prod(shape)
        free = self._free.pop().base if self._free else None
        if free is None or free.size < size:
            free = np.empty(size, dtype=np.complex128)
        return free[:size].reshape(shape)

    def _rows(self, axis: Axis) -> list[ComplexArray]:
        # Zeros, because the rows of a column without dataset are never written.
        shape = (self.layout.rows, axis.bins + 2)
        return [np.zeros(shape, dtype=np.complex128) for _ in range(self.categories)]

    def _padded(self, contents: ComplexArray, flow: tuple[int, int], there: IntArray) -> ComplexArray:
        bins = contents.shape[0] - sum(flow) + 2
        whole: ComplexArray = np.zeros((bins, contents.shape[1], self.categories), dtype=np.complex128)
        whole[1 - flow[0] : bins - 1 + flow[1], :, there] = contents
        return whole
