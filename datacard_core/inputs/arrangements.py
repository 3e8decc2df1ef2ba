"""Arrangement of the axes of `hist` in an array: which is which, and what their names, bins and labels are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.errors import InputError, visible
from datacard_core.inputs.grids import MOST_VARIABLES, GridAxis, variables_problem
from datacard_core.model.arrays import Axis
from datacard_core.names import duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.model.arrays import ComplexArray, FloatArray

_LABELLED = (hist.axis.StrCategory, hist.axis.IntCategory)
"""Types of axes with labels."""
_MOST = 8
"""Number of arrangements that are kept: those of data, and of simulation by its variations."""


@attrs.frozen(eq=False, kw_only=True)
class _Arrangement:
    """The parts of an array that the axes of a histogram tell."""

    axes: tuple[Any, ...]
    order: tuple[int, ...]
    """Positions of the axes in the array: the variables, the variations if there are any, and the categories."""
    categories: tuple[str, ...]
    variations: tuple[str, ...] | None
    axis: Axis
    flow: tuple[int, int]

    def is_of(self, axes: tuple[Any, ...]) -> bool:
        """Return whether other axes are equal: their types, bins, flow, names and labels."""
        # The comparison takes a thirtieth of the time of a look at each axis.
        try:
            return self.axes == axes
        except Exception:  # noqa: BLE001 - metadata of a script need not be comparable
            return False

    def arranged(self, array: ComplexArray) -> ComplexArray:
        """Return contents in the order of `HistogramArray`: bins, variations, categories."""
        array = array.transpose(self.order)
        array = array if self.variations is not None else array[..., np.newaxis, :]
        return array.reshape(math.prod(array.shape[:-2]), *array.shape[-2:])


@attrs.frozen(eq=False)
class Arrangements:
    """Arrangements of the histograms of a variable, most of which have equal axes."""

    _latest: list[_Arrangement] = attrs.field(factory=list, init=False)

    def of(self, axes: tuple[Any, ...]) -> _Arrangement:
        """Return the arrangement of a histogram with some axes.

        Raises:
            InputError: the axes are not those of PocketCoffea.
        """
        found = next((made for made in self._latest if made.is_of(axes)), None)
        if found is None:
            found = _arrangement(axes)
            self._latest[:] = [found, *self._latest][:_MOST]
        return found


def _arrangement(axes: tuple[Any, ...]) -> _Arrangement:
    names = [axis.name for axis in axes]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"its axes are {listing(map(repr, names))}, expected names that are text")
    labels = [tuple(map(str, axis)) if isinstance(axis, _LABELLED) else None for axis in axes]
    if problems := list(_repetitions(axes, labels)):
        raise InputError(problems)
    if "cat" not in names:
        raise InputError(f"its axes are {listing(names)}: there is no category axis, 'cat'")
    variables = [name for name in names if name not in ("cat", "variation")]
    if not 1 <= len(variables) <= MOST_VARIABLES:
        raise InputError(variables_problem(variables))
    # The first axis is the one whose bins stand side by side in memory, so that the cells in a row are no copy.
    order = [names.index(name) for name in (*reversed(variables), "variation", "cat") if name in names]
    for position in order[len(variables) :]:
        if not isinstance(axes[position], hist.axis.StrCategory):
            kind = type(axes[position]).__name__
            raise InputError(f"its axis {names[position]!r} is of type {kind}, expected a StrCategory, with names")
    parts = [_axis(axes[position], labels[position]) for position in order[: len(variables)]]
    traits = [axes[position].traits for position in order[: len(variables)]]
    flows = [(int(of.underflow), int(of.overflow)) for of in traits]
    axis, flow = (parts[0], flows[0]) if len(parts) == 1 else (GridAxis.of(parts, flows), (0, 0))
    return _Arrangement(
        axes=axes,
        order=tuple(order),
        categories=labels[order[-1]] or (),
        variations=labels[order[-2]] or () if "variation" in names else None,
        axis=axis,
        flow=flow,
    )


def _repetitions(axes: Sequence[Any], labels: Sequence[tuple[str, ...] | None]) -> Iterator[str]:
    """Yield a problem for each name, label or edge that occurs twice, which hist makes in no histogram.

    Of two equal labels in an altered file, one would be read and the content of the other be left out.
    """
    altered = "which hist makes in no histogram: the file was altered or damaged"
    if twice := duplicates(axis.name for axis in axes):
        yield f"it has several axes of the name {twice[0]!r}, {altered}"
    for axis, names in zip(axes, labels, strict=True):
        if names is not None:
            if twice := duplicates(names):
                yield f"its axis {axis.name!r} has the label {twice[0]!r} twice, {altered}"
        elif not rise(edges := axis.edges):
            shown = listing((f"{edge:.15g}" for edge in edges), 30)
            yield f"its axis {axis.name!r} has the edges {shown}, which do not rise, {altered}"


def _axis(axis: Any, labels: tuple[str, ...] | None) -> Axis:
    uniform = isinstance(axis, hist.axis.Regular) and axis.transform is None
    categories = None if labels is None else tuple(map(visible, labels))
    # Categories have no edges in hist; ROOT, too, counts bins with labels from 0.
    edges = np.array(axis.edges, dtype=float) if categories is None else np.arange(len(categories) + 1, dtype=float)
    # They are shown in plots, tables and cards, and nothing is looked up by them.
    name, label = visible(axis.name), visible(axis.label or "")
    return Axis(edges, name, label, uniform=uniform or categories is not None, categories=categories)


def rise(edges: FloatArray) -> bool:
    """Return True if each edge is above the one before."""
    return bool((edges[1:] > edges[:-1]).all())
