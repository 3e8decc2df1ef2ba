"""Where histograms come from: a PocketCoffea output, seen as arrays by sample, dataset and year.

`hist` objects exist only here. Nothing is ever added to what is read: PocketCoffea's containers are defaultdicts,
where asking for a wrong key inserts it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.errors import InputError
from datacard_core.model import Axis
from datacard_core.names import duplicates, listing, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from datacard_core.model import ComplexArray, IntArray

NOMINAL = "nominal"
LOADED = "the output"
"""Where an output comes from that was not read here."""

HOW_TO_FILL = "fill with storage=hist.storage.Weight(), which keeps the sum of squared weights"


@attrs.frozen(eq=False)
class DecodedHistogram:
    """A histogram as it was read: axes as `hist` has them, and bins that were never copied into one."""

    axes: tuple[Any, ...]
    cells: ComplexArray
    """Values (real) and variances (imaginary) with flow, in the order of the axes."""
    has_variances: bool


@attrs.frozen(eq=False)
class HistogramArray:
    """One histogram of an output as an array; `HistogramArray.of` makes one of values and variances."""

    categories: tuple[str, ...]
    variations: tuple[str, ...] | None
    """None for data, whose histograms have no such axis."""
    axis: Axis
    cells: ComplexArray
    """Values (real) and variances (imaginary), shape (bins with flow, variations, categories): the order in memory.

    Both category axes may have a flow bin at their end.
    """
    flow: tuple[int, int]
    """How many underflow and overflow bins the variable has, each 0 or 1."""
    has_variances: bool = True
    """Whether the storage keeps variances; where not, the values stand for them."""

    @classmethod
    def of(
        cls,
        values: npt.ArrayLike,
        variances: npt.ArrayLike,
        *,
        axis: Axis,
        categories: Iterable[str],
        variations: Iterable[str] | None = None,
    ) -> HistogramArray:
        """Sums of weights and of squared weights, of any program's histograms.

        Args:
            values: shape (categories, variations, bins + 2) with under- and overflow, or (…, bins) without; for
                data, which have no variations, without the axis in the middle.
            variances: likewise.
            axis: the variable.
            categories: their names.
            variations: their names, "nominal" among them; None for data.

        Raises:
            InputError: the shapes disagree with the axis and the names.
        """
        names = names_of(categories), None if variations is None else names_of(variations)
        lengths = tuple(len(found) for found in names if found is not None)
        allowed = (*lengths, axis.bins + 2), (*lengths, axis.bins)
        arrays = [np.asarray(array, dtype=np.float64) for array in (values, variances)]
        shapes = tuple(array.shape for array in arrays)
        if shapes not in {(shape, shape) for shape in allowed}:
            raise InputError(
                f"values have shape {shapes[0]} and variances {shapes[1]}, expected {allowed[0]} for both, "
                f"or {allowed[1]} without flow"
            )
        cells = np.empty(shapes[0], dtype=np.complex128)
        cells.real, cells.imag = arrays
        cells = cells if variations is not None else cells[:, np.newaxis, :]
        flow = (1, 1) if shapes[0] == allowed[0] else (0, 0)
        histogram = cls(*names, axis, cells.transpose(2, 1, 0), flow)
        histogram.check()
        return histogram

    def check(self) -> None:
        """See whether the array is what the names and the axis say.

        Raises:
            InputError: it is not.
        """
        if problems := [*self._name_problems(), *self._axis_problems()] or list(self._cell_problems()):
            raise InputError(problems)

    def _name_problems(self) -> Iterator[str]:
        for what, names in (("categories", self.categories), ("variations", self.variations or ())):
            if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names) or duplicates(names):
                yield f"its {what} are {names!r}, expected a tuple of names, each once"

    def _axis_problems(self) -> Iterator[str]:
        if self.flow not in itertools.product((0, 1), repeat=2):
            yield f"its flow is {self.flow!r}, expected the numbers of underflow and overflow bins, each 0 or 1"
        if not isinstance(self.axis, Axis):
            yield f"its axis is {self.axis!r}, expected an Axis"
        elif not _are_edges(self.axis.edges):
            yield f"its axis has edges {self.axis.edges!r}, expected an array of at least two, rising"

    def _cell_problems(self) -> Iterator[str]:
        shape = np.shape(self.cells)
        least = (self.axis.bins + sum(self.flow), len(self.variations or (NOMINAL,)), len(self.categories))
        # PocketCoffea's category axes may have a flow bin at their end.
        most = (least[0], least[1] + 1, least[2] + 1)
        if len(shape) != len(least) or not all(
            low <= size <= high for low, size, high in zip(least, shape, most, strict=True)
        ):
            yield f"its cells have shape {shape}, expected {least}: bins with flow, variations, categories"
        elif not isinstance(self.cells, np.ndarray) or self.cells.dtype != np.complex128:
            what = getattr(self.cells, "dtype", type(self.cells).__name__)
            yield f"its cells are {what}, expected an array of complex128: values and variances"

    def positions(self, labels: tuple[str, ...]) -> IntArray:
        """Where those variations are on the axis, shape (labels,), -1 for one that is not."""
        index = {label: position for position, label in enumerate(self.variations or (NOMINAL,))}
        return np.array([index.get(label, -1) for label in labels], dtype=np.intp)

    def cell_name(self, cell: int) -> str:
        """A bin of the variable, counted as ROOT does, or a flow bin."""
        number = cell + 1 - self.flow[0]
        return {0: "underflow", self.axis.bins + 1: "overflow"}.get(number, f"bin {number}")


def _are_edges(edges: Any) -> bool:
    is_array = isinstance(edges, np.ndarray) and edges.dtype == np.float64 and edges.ndim == 1
    return is_array and edges.size > 1 and bool(np.all(np.diff(edges) > 0))


def check_histogram(histogram: object) -> None:
    """See whether something can be a histogram of an output.

    Raises:
        InputError: it is none, or an array that cannot be right.
    """
    if isinstance(histogram, HistogramArray):
        histogram.check()
    elif not isinstance(histogram, DecodedHistogram | hist.BaseHist):
        raise InputError(f"a {type(histogram).__name__} stands where a hist.Hist or a HistogramArray is expected")


def stored(histogram: Any) -> HistogramArray:
    """See a histogram of an output as an array.

    Raises:
        InputError: it is not laid out as PocketCoffea does.
    """
    check_histogram(histogram)
    if isinstance(histogram, HistogramArray):
        return histogram
    if isinstance(histogram, DecodedHistogram):
        return _from_axes(histogram.axes, histogram.cells, has_variances=histogram.has_variances)
    cells, has_variances = _cells(histogram)
    return _from_axes(histogram.axes, cells, has_variances=has_variances)


def _from_axes(axes: Sequence[Any], cells: ComplexArray, *, has_variances: bool) -> HistogramArray:
    names = [axis.name for axis in axes]
    if "cat" not in names:
        raise InputError(f"its axes are {listing(names)}: there is no category axis, 'cat'")
    variables = [name for name in names if name not in ("cat", "variation")]
    if len(variables) != 1:
        raise InputError(
            f"it has {len(variables)} variable axes ({listing(variables) or 'none'}), a template has one: "
            "fill or unroll it to one dimension"
        )
    order = [names.index(name) for name in (variables[0], "variation", "cat") if name in names]
    cells = cells.transpose(order)
    axis = axes[order[0]]
    return HistogramArray(
        categories=tuple(axes[order[-1]]),
        variations=tuple(axes[order[1]]) if "variation" in names else None,
        axis=_axis(axis),
        cells=cells if "variation" in names else cells[:, np.newaxis, :],
        flow=(int(axis.traits.underflow), int(axis.traits.overflow)),
        has_variances=has_variances,
    )


def _cells(histogram: Any) -> tuple[ComplexArray, bool]:
    view = np.asarray(histogram.view(flow=True))
    kind = histogram.storage_type.__name__
    if kind == "Weight":
        return view.view(np.complex128), True
    if kind in ("Int64", "AtomicInt64", "Unlimited", "Double"):
        return view * (1 + 1j), False
    raise InputError(f"its storage {kind} holds no sums of weights: {HOW_TO_FILL}")


def _axis(axis: Any) -> Axis:
    uniform = isinstance(axis, hist.axis.Regular) and axis.transform is None
    categories = None
    if isinstance(axis, hist.axis.StrCategory | hist.axis.IntCategory):
        categories = tuple(str(label) for label in axis)
    edges = np.arange(len(axis) + 1, dtype=float) if categories is not None else np.array(axis.edges, dtype=float)
    return Axis(edges, axis.name, axis.label or "", uniform or categories is not None, categories)


@attrs.frozen
class Inventory:
    """The names in an output: which samples, years and datasets there are."""

    datasets: Mapping[tuple[str, str], tuple[str, ...]]
    """By sample and year, sorted."""
    periods: frozenset[str]
    filled: Mapping[str, frozenset[str]]
    """The datasets that have histograms, by sample."""

    def __add__(self, other: Inventory) -> Inventory:
        keys = dict.fromkeys((*self.datasets, *other.datasets))
        filled = dict.fromkeys((*self.filled, *other.filled))
        none: frozenset[str] = frozenset()
        return Inventory(
            {key: tuple(sorted({*self.datasets.get(key, ()), *other.datasets.get(key, ())})) for key in keys},
            self.periods | other.periods,
            {sample: self.filled.get(sample, none) | other.filled.get(sample, none) for sample in filled},
        )

    @property
    def years(self) -> tuple[str, ...]:
        """The data-taking periods, sorted."""
        return tuple(sorted(self.periods))

    @property
    def samples(self) -> tuple[str, ...]:
        """Every sample, sorted."""
        return tuple(sorted({sample for sample, _ in self.datasets} | set(self.filled)))

    def in_two_periods(self, sample: str) -> Iterator[str]:
        """What is wrong with the datasets of a sample that several data-taking periods list."""
        years: dict[str, list[str]] = {}
        for (name, year), datasets in self.datasets.items():
            if name == sample:
                for dataset in datasets:
                    years.setdefault(dataset, []).append(year)
        for dataset, listed in years.items():
            if len(listed) > 1:
                where = " and ".join(sorted(listed))
                yield f"dataset {dataset!r} of sample {sample!r} is listed in {where}: it would count twice"

    def orphans(self, sample: str) -> tuple[str, ...]:
        """Datasets that have a histogram but stand in no data-taking period, sorted."""
        known = {dataset for (name, _), datasets in self.datasets.items() if name == sample for dataset in datasets}
        return tuple(sorted(self.filled.get(sample, frozenset()) - known))


@attrs.frozen(eq=False)
class Source:
    """The histograms of one variable, with what the output says about their datasets."""

    histograms: Mapping[str, Mapping[str, Any]]
    """By sample and dataset."""
    datasets_metadata: Mapping[str, Any]
    cutflow: Mapping[str, Any]
    origin: str = LOADED
    """The file it was read from, for messages."""
    _stored: dict[tuple[str, str], HistogramArray] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        problems = [
            f"{name} is a {type(value).__name__}, expected the dict that the output holds"
            for name, value in (
                ("histograms", self.histograms),
                ("datasets_metadata", self.datasets_metadata),
                ("cutflow", self.cutflow),
            )
            if not isinstance(value, Mapping)
        ]
        if not problems and "by_datataking_period" not in self.datasets_metadata:
            problems.append(
                "datasets_metadata has no by_datataking_period: the output was not postprocessed; "
                "merge it with PocketCoffea's merge-outputs first"
            )
        if not problems and "presel" not in self.cutflow:
            problems.append(f"cutflow has no 'presel', only {listing(self.cutflow)}")
        if problems:
            raise InputError(problems)

    @cached_property
    def inventory(self) -> Inventory:
        """What there is, by name."""
        periods = self.datasets_metadata["by_datataking_period"]
        return Inventory(
            {
                (sample, year): tuple(sorted(datasets))
                for year, samples in periods.items()
                for sample, datasets in samples.items()
            },
            frozenset(periods),
            {sample: frozenset(datasets) for sample, datasets in self.histograms.items()},
        )

    def datasets(self, sample: str, year: str) -> tuple[str, ...]:
        """The datasets of a sample in a year, sorted; empty where there are none."""
        return self.inventory.datasets.get((sample, year), ())

    def histogram(self, sample: str, dataset: str) -> HistogramArray | None:
        """The histogram of a dataset, or None where the output has none.

        Raises:
            InputError: it is not laid out as PocketCoffea does.
        """
        key = sample, dataset
        if key not in self._stored:
            histogram = self.histograms.get(sample, {}).get(dataset)
            if histogram is None:
                return None
            self._stored[key] = stored(histogram)
        return self._stored[key]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of the first histogram that there is."""
        for sample in sorted(self.histograms):
            for dataset in sorted(self.histograms[sample]):
                if histogram := self.histogram(sample, dataset):
                    return histogram.categories
        return ()

    def is_empty(self, dataset: str) -> bool:
        """Whether no event of a dataset passed the preselection, under any variation.

        Since PocketCoffea 0.9.11 the cutflow has a count per variation, before it had one count.
        """
        count = self.cutflow["presel"].get(dataset, 0)
        return not (any(count.values()) if isinstance(count, Mapping) else count)

    def selected(self, category: str, dataset: str, sample: str, variation: str) -> float | None:
        """How many events a shape variation has in a category, or None where the cutflow does not say.

        Weight variations have the events of the nominal and are not counted: None too, if the category counts by
        variation at all.
        """
        count: Any = self.cutflow
        for key in (category, dataset, sample, variation):
            if not isinstance(count, Mapping) or key not in count:
                return None
            count = count[key]
        return float(count)

    def counts_by_variation(self, category: str, dataset: str, sample: str) -> bool:
        """Whether the cutflow of a category tells shape variations apart."""
        counts = self.cutflow.get(category, {})
        counts = counts.get(dataset, {}) if isinstance(counts, Mapping) else {}
        return isinstance(counts, Mapping) and isinstance(counts.get(sample), Mapping)


def check_output(output: Mapping[str, Any]) -> None:
    """Look whether a loaded output has what cards need.

    Raises:
        InputError: it has not.
    """
    problems = [
        f"the output has no {key!r}, only {listing(output)}"
        + (
            "; it was not postprocessed, merge it with PocketCoffea's merge-outputs first"
            * (key == "datasets_metadata")
        )
        for key in ("variables", "datasets_metadata", "cutflow")
        if key not in output
    ]
    if problems:
        raise InputError(problems)
