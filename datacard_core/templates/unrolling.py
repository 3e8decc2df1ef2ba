"""Unrolling: the cells of histograms of several variables as bins of one axis, slice after slice."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.declare.category import Unroll
from datacard_core.errors import DeclarationError
from datacard_core.inputs.grids import GridAxis, variables_problem
from datacard_core.model.arrays import Axis, Slice
from datacard_core.names import closest, listing
from datacard_core.templates.binning import chosen_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.arrays import FloatArray, IntArray
    from datacard_core.templates.binning import AnyBinning

_OUTSIDE = -1


def unrolled_bins(grid: Axis, unroll: AnyBinning, *, fold: bool) -> tuple[IntArray, Axis]:
    """Return the bin of a card that each cell belongs to, and the axis of these bins.

    Args:
        grid: the axis of the cells.
        unroll: the order of the axes and their bins.
        fold: whether content outside an axis belongs to its first and last bin, within the slice that it is in.

    Returns:
        The positions among the bins with flow, shape (cells + 2,), of the cells with a bin before and after them; those
        of cells outside are the last one. And the axis.

    Raises:
        DeclarationError: there are no such axes, edges or slices; all problems.
    """
    if not isinstance(grid, GridAxis):
        raise DeclarationError(f"unroll: the histograms have one variable axis, {grid.name!r}: leave it out")
    if not isinstance(unroll, Unroll):
        names = [part.name for part in reversed(grid.parts)]
        raise DeclarationError(f"a histogram of the variable cannot be a template: {variables_problem(names)}")
    if problems := list(_name_problems(grid, unroll)):
        raise DeclarationError(f"unroll: {problem}" for problem in problems)
    names = [part.name for part in grid.parts]
    *outer, last = (names.index(name) for name in unroll.order)
    new = {place: _Part.of(grid, place, unroll.edges.get(names[place]), fold=fold) for place in outer}
    count = math.prod(new[place].axis.bins for place in outer)
    binnings = unroll.slices or (unroll.edges.get(names[last]),) * count
    if len(binnings) != count:
        raise DeclarationError(f"unroll: slices has bins of {len(binnings)} slices, and there are {count}")
    inner = [_Part.of(grid, last, binning, fold=fold) for binning in binnings]
    sizes = [part.axis.bins for part in inner]
    firsts = np.cumsum([0, *sizes])
    cells = np.indices(grid.shape).reshape(len(names), -1)
    number, is_inside = np.zeros(cells.shape[1], dtype=np.intp), np.ones(cells.shape[1], dtype=bool)
    for place in outer:
        here = new[place].bins[cells[place]]
        is_inside &= here != _OUTSIDE
        number = number * new[place].axis.bins + here
    number[~is_inside] = 0
    of_last = np.array([part.bins for part in inner])[number, cells[last]]
    is_inside &= of_last != _OUTSIDE
    total = int(firsts[-1])
    bins = np.where(is_inside, firsts[number] + of_last + 1, total + 1)
    within = itertools.product(*(list(new[place].single_bins()) for place in outer))
    slices = tuple(Slice(part.axis, at) for part, at in zip(inner, within, strict=True))
    label = "bins of " + ", ".join(part.label or part.name for part in (grid.parts[place] for place in (*outer, last)))
    axis = Axis(np.arange(total + 1, dtype=float), "_".join(unroll.order), label, uniform=True, slices=slices)
    return np.concatenate([[0], bins, [total + 1]]), axis


@attrs.frozen(eq=False)
class _Part:
    """One axis in the bins of the card."""

    axis: Axis
    bins: IntArray
    """New bin of each bin, flow included."""

    @classmethod
    def of(cls, grid: GridAxis, place: int, binning: Any, *, fold: bool) -> _Part:
        part, (under, _) = grid.parts[place], grid.flows[place]
        places, edges = chosen_edges(part, binning)
        native = np.arange(grid.shape[place]) - under
        bins = np.searchsorted(places, native, side="right") - 1
        is_outside = (native < places[0]) | (native >= places[-1])
        if fold and part.categories is None:
            bins = np.clip(bins, 0, len(edges) - 2)
        else:
            bins[is_outside] = _OUTSIDE
        kept = binning is None
        return cls(attrs.evolve(part, edges=edges, uniform=part.uniform and kept), bins)

    def single_bins(self) -> Iterator[Axis]:
        """Yield an axis of each bin alone."""
        for at in range(self.axis.bins):
            edges: FloatArray = self.axis.edges[at : at + 2]
            names = None if self.axis.categories is None else self.axis.categories[at : at + 1]
            yield attrs.evolve(self.axis, edges=edges, categories=names)


def _name_problems(grid: GridAxis, unroll: Unroll) -> Iterator[str]:
    names = [part.name for part in grid.parts]
    for name in (*unroll.order, *unroll.edges):
        if name not in names:
            yield f"the histograms have no axis {name!r}{closest(name, names)}"
    if missing := [name for name in names if name not in unroll.order]:
        yield f"axis {missing[0]!r} of the histograms is not in the order ({listing(unroll.order)})"
