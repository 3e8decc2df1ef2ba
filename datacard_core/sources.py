"""Where histograms come from: a PocketCoffea output, seen as arrays by sample, dataset and year.

`hist` objects exist only here. Nothing is ever added to what is read: PocketCoffea's containers are defaultdicts,
where asking for a wrong key inserts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np

from datacard_core.errors import InputError
from datacard_core.model import Axis
from datacard_core.names import closest, listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.model import FloatArray, IntArray

NOMINAL = "nominal"
HOW_TO_FILL = "fill with storage=hist.storage.Weight(), which keeps the sum of squared weights"


@attrs.frozen(eq=False)
class StoredHistogram:
    """One histogram of an output as arrays that share its memory."""

    categories: tuple[str, ...]
    variations: tuple[str, ...] | None
    """None for data, whose histograms have no such axis."""
    axis: Axis
    values: FloatArray
    """Shape (categories, variations, bins with the flow bins that the axis has)."""
    variances: FloatArray | None
    """Likewise, or None where the storage keeps none."""
    flow: tuple[int, int]
    """How many underflow and overflow bins there are, each 0 or 1."""

    def positions(self, labels: tuple[str, ...]) -> IntArray:
        """Where those variations are on the axis, shape (labels,), -1 for one that is not."""
        index = {label: position for position, label in enumerate(self.variations or (NOMINAL,))}
        return np.array([index.get(label, -1) for label in labels], dtype=np.intp)


def stored(histogram: Any) -> StoredHistogram:
    """See a histogram of an output as arrays.

    Raises:
        InputError: it is not laid out as PocketCoffea does.
    """
    if not isinstance(histogram, hist.BaseHist):
        raise InputError(f"a {type(histogram).__name__} stands where a hist.Hist is expected")
    names = [axis.name for axis in histogram.axes]
    if "cat" not in names:
        raise InputError(f"its axes are {listing(names)}: there is no category axis, 'cat'")
    variables = [name for name in names if name not in ("cat", "variation")]
    if len(variables) != 1:
        raise InputError(
            f"it has {len(variables)} variable axes ({listing(variables) or 'none'}), a template has one: "
            "fill or unroll it to one dimension"
        )
    order = [names.index(name) for name in ("cat", "variation", variables[0]) if name in names]
    values, variances = _contents(histogram)
    values = _ordered(values, order)
    axis = histogram.axes[order[-1]]
    return StoredHistogram(
        categories=tuple(histogram.axes[order[0]]),
        variations=tuple(histogram.axes[order[1]]) if "variation" in names else None,
        axis=_axis(axis),
        values=values,
        variances=None if variances is None else _ordered(variances, order),
        flow=(int(axis.traits.underflow), int(axis.traits.overflow)),
    )


def _contents(histogram: Any) -> tuple[FloatArray, FloatArray | None]:
    view = histogram.view(flow=True)
    kind = histogram.storage_type.__name__
    if kind == "Weight":
        return np.asarray(view["value"]), np.asarray(view["variance"])
    if kind in ("Int64", "AtomicInt64", "Unlimited", "Double"):
        return np.asarray(view, dtype=np.float64), None
    raise InputError(f"its storage {kind} holds no sums of weights: {HOW_TO_FILL}")


def _ordered(array: FloatArray, order: list[int]) -> FloatArray:
    array = array.transpose(order)
    return array if array.ndim == 3 else array[:, np.newaxis, :]  # noqa: PLR2004 - category, variation, bin


def _axis(axis: Any) -> Axis:
    uniform = isinstance(axis, hist.axis.Regular) and axis.transform is None
    categories = None
    if isinstance(axis, hist.axis.StrCategory | hist.axis.IntCategory):
        categories = tuple(str(label) for label in axis)
    edges = np.arange(len(axis) + 1, dtype=float) if categories is not None else np.array(axis.edges, dtype=float)
    return Axis(edges, axis.name, axis.label or "", uniform or categories is not None, categories)


@attrs.frozen(eq=False)
class Source:
    """The histograms of one variable, with what the output says about their datasets."""

    histograms: Mapping[str, Mapping[str, Any]]
    """By sample and dataset."""
    datasets_metadata: Mapping[str, Any]
    cutflow: Mapping[str, Any]
    _stored: dict[tuple[str, str], StoredHistogram] = attrs.field(factory=dict, init=False)

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

    @property
    def years(self) -> tuple[str, ...]:
        """The data-taking periods of the output, sorted."""
        return tuple(sorted(self.datasets_metadata["by_datataking_period"]))

    @property
    def samples(self) -> tuple[str, ...]:
        """Every sample that the output knows, sorted."""
        periods = self.datasets_metadata["by_datataking_period"].values()
        return tuple(sorted({sample for period in periods for sample in period} | set(self.histograms)))

    def datasets(self, sample: str, year: str) -> tuple[str, ...]:
        """The datasets of a sample in a year, sorted; empty where there are none."""
        period = self.datasets_metadata["by_datataking_period"].get(year, {})
        return tuple(sorted(period.get(sample, ())))

    def orphans(self, sample: str) -> tuple[str, ...]:
        """Datasets that have a histogram but stand in no data-taking period, sorted."""
        periods = self.datasets_metadata["by_datataking_period"].values()
        known = {dataset for period in periods for dataset in period.get(sample, ())}
        return tuple(sorted(set(self.histograms.get(sample, ())) - known))

    def histogram(self, sample: str, dataset: str) -> StoredHistogram | None:
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


def check_output(output: Mapping[str, Any], variables: Iterable[str]) -> None:
    """Look whether a loaded output has what cards need.

    Raises:
        InputError: it lacks a variable, or what every output has.
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
    known = output.get("variables", {})
    if not problems:
        problems = [
            f"the output has no variable {name!r}{closest(name, known)}"
            for name in dict.fromkeys(variables)
            if name not in known
        ]
    if problems:
        raise InputError(problems)
