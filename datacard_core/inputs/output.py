"""Where histograms come from: a PocketCoffea output, seen as arrays by sample, dataset and year.

Nothing is ever added to what is read: PocketCoffea's containers are defaultdicts, where asking for a wrong key inserts
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import stored
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.inputs.histograms import HistogramArray

LOADED = "the output"
"""Where an output comes from that was not read here."""


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
class HistogramSet:
    """The histograms of one variable, with what the output says about their datasets."""

    histograms: Mapping[str, Mapping[str, Any]]
    """By sample and dataset."""
    datasets_metadata: Mapping[str, Any]
    cutflow: Mapping[str, Any]
    read_from: str = LOADED
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
