"""Templates as arrays: which are needed, collecting them from a source, adding and rebinning them.

A `Layout` says which variations each column needs; each (column, variation) is one row of a `TemplateSet`.
Two nuisances that read the same variation of a column share its row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from datacard_core.errors import DeclarationError, InputError
from datacard_core.findings import Finding, notice
from datacard_core.model import Axis, Templates
from datacard_core.names import closest, listing
from datacard_core.sources import HOW_TO_FILL, NOMINAL

if TYPE_CHECKING:
    import numpy.typing as npt

    from datacard_core.model import FloatArray, IntArray
    from datacard_core.sources import Source, StoredHistogram

Binning: TypeAlias = Iterable[float] | int | None
"""Edges, or how many bins become one, or None for the bins as they are."""


@attrs.frozen
class Request:
    """What one column is made of, and which variations it needs."""

    column: str
    parts: tuple[tuple[str, str], ...]
    """(sample, year) pairs that are summed."""
    labels: tuple[str, ...] = (NOMINAL,)
    """Variations as the output names them, the nominal first."""
    is_data: bool = False


@attrs.frozen(eq=False)
class Layout:
    """The rows of a template set: column by column, the nominal of each first."""

    requests: tuple[Request, ...]
    starts: IntArray = attrs.field(init=False)
    """The row of each column's nominal."""
    _positions: tuple[dict[str, int], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        sizes = [len(request.labels) for request in self.requests]
        object.__setattr__(self, "starts", np.cumsum([0, *sizes[:-1]], dtype=np.intp))
        shared: dict[tuple[str, ...], dict[str, int]] = {}
        for request in self.requests:
            if request.labels not in shared:
                shared[request.labels] = {label: row for row, label in enumerate(request.labels)}
        object.__setattr__(self, "_positions", tuple(shared[request.labels] for request in self.requests))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(request.labels) for request in self.requests)

    def slice_of(self, column: int) -> slice:
        """The rows of a column."""
        start = int(self.starts[column])
        return slice(start, start + len(self.requests[column].labels))

    def rows_of(self, columns: Sequence[int], labels: Sequence[str]) -> IntArray:
        """The rows of a variation for each of some columns, shape (columns,)."""
        return np.array(
            [
                self.starts[column] + self._positions[column][label]
                for column, label in zip(columns, labels, strict=True)
            ],
            dtype=np.intp,
        )


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
    """The sums over datasets, with flow, and where they came from. Sets of one layout can be added."""

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

    def __add__(self, other: TemplateSet) -> TemplateSet:
        if self.layout is not other.layout or not self.axis.same_binning(other.axis):
            raise ValueError("only template sets of one layout and one binning can be added")
        return TemplateSet(
            self.layout,
            self.axis,
            self.values + other.values,
            self.variances + other.variances,
            self.present + other.present,
            self.datasets + other.datasets,
            tuple(ours | theirs for ours, theirs in zip(self.variations, other.variations, strict=True)),
            self.fallbacks + other.fallbacks,
            self.findings + other.findings,
        )

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
        kept = np.searchsorted(self.axis.edges, edges - 0.5 * np.diff(self.axis.edges).min())
        # The bin at position i starts at edge i and stands behind the underflow; the overflow starts at the last.
        starts = np.concatenate([[0], kept + 1])
        axis = attrs.evolve(self.axis, edges=self.axis.edges[kept], uniform=False)
        return attrs.evolve(
            self,
            axis=axis,
            values=np.add.reduceat(self.values, starts, axis=1),
            variances=np.add.reduceat(self.variances, starts, axis=1),
        )


def new_edges(axis: Axis, binning: Binning) -> FloatArray:
    """The edges that a binning asks for.

    Raises:
        DeclarationError: they are no edges of the axis, or the factor does not divide its bins.
    """
    if axis.categories is not None:
        raise DeclarationError(f"axis {axis.name!r} has labels ({listing(axis.categories)}), which cannot be rebinned")
    if isinstance(binning, int | np.integer):
        factors = [factor for factor in range(1, axis.bins + 1) if axis.bins % factor == 0]
        if binning not in factors or isinstance(binning, bool):
            raise DeclarationError(
                f"bins_edges={binning!r}: axis {axis.name!r} has {axis.bins} bins, "
                f"which can be joined by {listing(factors)}"
            )
        return axis.edges[:: int(binning)]
    try:
        edges = np.asarray(list(binning or ()), dtype=np.float64)
    except (TypeError, ValueError):
        raise DeclarationError(
            f"bins_edges={binning!r}: expected numbers, or one whole number of bins to join"
        ) from None
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):  # noqa: PLR2004 - one bin has two edges
        raise DeclarationError(f"bins_edges={edges.tolist()}: expected at least two edges, rising")
    distance = np.abs(edges[:, np.newaxis] - axis.edges).min(axis=1)
    if len(strange := edges[~(distance <= 1e-6 * np.diff(axis.edges).min())]):
        raise DeclarationError(
            f"bins_edges: {listing(f'{edge:.15g}' for edge in strange)} "
            f"{'is no edge' if len(strange) == 1 else 'are no edges'} of axis {axis.name!r}; "
            f"its edges are {listing((f'{edge:.15g}' for edge in axis.edges), 60)}"
        )
    return edges


def collect(source: Source, layout: Layout, category: str) -> TemplateSet:
    """Sum the histograms of one category to the rows of a layout.

    Raises:
        InputError: a histogram is missing, or cannot be used; all such are named.
    """
    return _Collector(source, layout, category).collect()


class _Collector:
    """The sums while they are made."""

    def __init__(self, source: Source, layout: Layout, category: str) -> None:
        self.source = source
        self.layout = layout
        self.category = category
        self.axis: Axis | None = None
        self.axis_of = ""
        self.values = self.variances = np.zeros((0, 0))
        self.present = np.zeros(layout.rows, dtype=np.intp)
        self.datasets = np.zeros(len(layout.requests), dtype=np.intp)
        self.variations: list[set[str]] = [set() for _ in layout.requests]
        self.fallbacks: list[Fallback] = []
        self.findings: list[Finding] = []
        self.problems: list[str] = []

    def collect(self) -> TemplateSet:
        for column, request in enumerate(self.layout.requests):
            for sample, year in request.parts:
                for dataset in self.source.datasets(sample, year):
                    self._take(column, sample, dataset)
        if self.axis is None and not self.problems:
            self.problems.append(
                f"category {self.category!r}: no dataset has a histogram, so there is not even an axis"
            )
        if self.problems or self.axis is None:
            raise InputError(self.problems)
        return TemplateSet(
            self.layout,
            self.axis,
            self.values,
            self.variances,
            self.present,
            self.datasets,
            tuple(frozenset(variations) for variations in self.variations),
            tuple(self.fallbacks),
            tuple(self.findings),
        )

    def _take(self, column: int, sample: str, dataset: str) -> None:
        request = self.layout.requests[column]
        where = f"sample {sample!r}, dataset {dataset!r}"
        try:
            histogram = self.source.histogram(sample, dataset)
            if self.source.is_empty(dataset):
                self._skip(column, sample, dataset, histogram)
                return
            if histogram is None:
                raise InputError(self._missing(sample))
            category = self._category(histogram)
            self._agree(histogram, where)
            variances = self._variances(histogram, is_data=request.is_data)
            positions = self._positions(histogram, request.labels)
        except InputError as error:
            self.problems += [f"{where}: {problem}" for problem in error.problems]
            return
        absent = positions < 0
        # A missing variation is read from the nominal: the sum then holds the dataset's nominal in its place.
        positions = np.where(absent, positions[0], positions)
        values, squares = histogram.values[category][positions], variances[category][positions]
        not_computed = self._not_computed(values, squares, request, sample, dataset)
        values[not_computed], squares[not_computed] = values[0], squares[0]
        if problem := _content_problem(values, squares, request.labels, histogram):
            self.problems.append(f"{where}, category {self.category!r}: {problem}")
            return
        rows = self.layout.slice_of(column)
        inside = slice(1 - histogram.flow[0], histogram.axis.bins + 1 + histogram.flow[1])
        self.values[rows, inside] += values
        self.variances[rows, inside] += squares
        self.present[rows] += ~(absent | not_computed)
        self.datasets[column] += 1
        self.variations[column].update(histogram.variations or ())
        for mask, computed in ((absent, False), (not_computed, True)):
            self._note(column, sample, dataset, mask, computed=computed)

    def _skip(self, column: int, sample: str, dataset: str, histogram: StoredHistogram | None) -> None:
        if histogram is not None and histogram.values.any():
            raise InputError(
                "no event in cutflow['presel'], but its histogram has content: "
                "cutflow and histograms are not of one production"
            )
        message = f"dataset {dataset!r} of sample {sample!r} has no event in cutflow['presel'] and is skipped"
        self.findings.append(notice("empty-dataset", message, column=self.layout.requests[column].column))

    def _missing(self, sample: str) -> str:
        known = sorted(self.source.histograms.get(sample, {}))
        has = f"the sample has histograms of {listing(known, 4)}" if known else "nor has any dataset of the sample"
        return f"it has events in cutflow['presel'], but no histogram of this variable; {has}"

    def _category(self, histogram: StoredHistogram) -> int:
        # By name, never by sum: the flow bin of a category axis may hold the events of other categories.
        if self.category not in histogram.categories:
            raise InputError(
                f"the histogram has no category {self.category!r}{closest(self.category, histogram.categories)}"
            )
        return histogram.categories.index(self.category)

    def _agree(self, histogram: StoredHistogram, where: str) -> None:
        if self.axis is None:
            self.axis, self.axis_of = histogram.axis, where
            self.values = np.zeros((self.layout.rows, histogram.axis.bins + 2))
            self.variances = np.zeros_like(self.values)
        elif not self.axis.same_binning(histogram.axis):
            raise InputError(
                f"its bins are {_bins(histogram.axis)}, those of {self.axis_of} are {_bins(self.axis)}: "
                "the histograms of one channel must have the same edges"
            )

    def _variances(self, histogram: StoredHistogram, *, is_data: bool) -> FloatArray:
        if histogram.variances is not None:
            return histogram.variances
        if is_data and not np.any(histogram.values % 1):
            return histogram.values  # counts: Poisson, the variance is the content
        raise InputError(f"its storage keeps no variances, which autoMCStats needs: {HOW_TO_FILL}")

    def _positions(self, histogram: StoredHistogram, labels: tuple[str, ...]) -> IntArray:
        positions = histogram.positions(labels)
        if positions[0] < 0:
            raise InputError(f"its variation axis has no {NOMINAL!r}, only {listing(histogram.variations or ())}")
        return positions

    def _not_computed(
        self, values: FloatArray, squares: FloatArray, request: Request, sample: str, dataset: str
    ) -> npt.NDArray[np.bool_]:
        """Which variations are on the axis, but were never filled in this category.

        PocketCoffea keeps a shape variation that another category asked for on the axis, with zeros. The cutflow
        counts its events all the same; where it has none, the variation is really empty.
        """
        empty: npt.NDArray[np.bool_] = ~np.any((values != 0) | (squares != 0), axis=1)
        if empty[0] or not empty.any():
            return np.zeros_like(empty)
        counts = self.source.counts_by_variation(self.category, dataset, sample)
        for position in np.flatnonzero(empty):
            if counts:
                label = request.labels[position]
                empty[position] = bool(self.source.selected(self.category, dataset, sample, label))
        return empty

    def _note(self, column: int, sample: str, dataset: str, mask: npt.NDArray[np.bool_], *, computed: bool) -> None:
        if not mask.any():
            return
        labels = tuple(self.layout.requests[column].labels[position] for position in np.flatnonzero(mask))
        certain = not computed or self.source.counts_by_variation(self.category, dataset, sample)
        self.fallbacks.append(Fallback(column, sample, dataset, labels, computed, certain))


def _content_problem(
    values: FloatArray, squares: FloatArray, labels: Sequence[str], histogram: StoredHistogram
) -> str | None:
    # One sum tells: anything that is not finite makes it so.
    if math.isfinite(values.sum()) and math.isfinite(squares.sum()) and not (squares < 0).any():
        return None
    for what, array, bad in (
        ("content", values, ~np.isfinite(values)),
        ("variance", squares, ~np.isfinite(squares) | (squares < 0)),
    ):
        if bad.any():
            row, position = (int(index[0]) for index in np.nonzero(bad))
            names = ["underflow"] * histogram.flow[0] + [f"bin {bin_}" for bin_ in range(1, histogram.axis.bins + 1)]
            names += ["overflow"] * histogram.flow[1]
            return (
                f"variation {labels[row]!r} has a {what} of {array[row, position]} in {names[position]} "
                f"({int(bad.sum())} such in all): look for a bad weight in this dataset"
            )
    return None  # the sum overflowed, its terms did not


def _bins(axis: Axis) -> str:
    if axis.categories is not None:
        return f"labelled {listing(axis.categories)}"
    return f"{axis.bins} with edges {listing((f'{edge:.15g}' for edge in axis.edges), 30)}"
