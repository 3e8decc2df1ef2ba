"""Histograms of one variable of an output as arrays, by sample, dataset and year.

An output is never changed. PocketCoffea's containers are defaultdicts, where indexing with an unknown key inserts the
key, so keys are looked up with `get` or after a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.arguments import number_or_other, scalar, scalars
from datacard_core.errors import InputError
from datacard_core.inputs.arrangements import Arrangements
from datacard_core.inputs.histograms import NOMINAL, stored
from datacard_core.inputs.structure import BY_PERIOD, entries, place_text, type_and_value, value_at
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.inputs.histograms import HistogramArray

LOADED = "the output"
"""Name of an output in messages that a script has loaded, and that has no file here."""


_DIGITS = 15
"""Most digits of a number of events that is taken for one."""


@attrs.frozen
class Inventory:
    """Names of the samples, years and datasets in an output."""

    datasets: Mapping[tuple[str, str], tuple[str, ...]]
    """Datasets by sample and year, sorted."""
    periods: frozenset[str]
    """Data-taking periods, which declarations call years."""
    filled: Mapping[str, frozenset[str]]
    """Datasets that have histograms, by sample."""
    data: frozenset[str] = frozenset()
    """Samples of observed data."""

    def __add__(self, other: Inventory) -> Inventory:
        keys = dict.fromkeys((*self.datasets, *other.datasets))
        filled = dict.fromkeys((*self.filled, *other.filled))
        none: frozenset[str] = frozenset()
        return Inventory(
            {key: tuple(sorted({*self.datasets.get(key, ()), *other.datasets.get(key, ())})) for key in keys},
            self.periods | other.periods,
            {sample: self.filled.get(sample, none) | other.filled.get(sample, none) for sample in filled},
            self.data | other.data,
        )

    @property
    def years(self) -> tuple[str, ...]:
        """Data-taking periods, sorted."""
        return tuple(sorted(self.periods))

    @property
    def samples(self) -> tuple[str, ...]:
        """Samples that have datasets or histograms, sorted."""
        return tuple(sorted({sample for sample, _ in self.datasets} | set(self.filled)))

    def in_two_periods(self, sample: str) -> Iterator[str]:
        """Yield a problem for each dataset of a sample that several data-taking periods list."""
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
        """Return the datasets of a sample that have a histogram but are in no data-taking period, sorted."""
        known = {dataset for (name, _), datasets in self.datasets.items() if name == sample for dataset in datasets}
        return tuple(sorted(self.filled.get(sample, frozenset()) - known))


@attrs.frozen(eq=False, kw_only=True)
class HistogramSet:
    """Histograms of one variable, with the output's metadata and counts of their datasets.

    The structure of all three is checked where an output enters (`datacard_core.inputs.structure`).
    """

    histograms: Mapping[str, Mapping[str, Any]]
    """Histograms by sample and dataset."""
    datasets_metadata: Mapping[str, Any]
    cutflow: Mapping[str, Any]
    read_from: str = LOADED
    """File of the output, for messages."""
    sumw: Mapping[str, Any] = attrs.field(factory=dict)
    """Sums of weights by category, dataset and sample; empty if the output or the script gives none."""
    further: Mapping[str, Mapping[str, Mapping[str, Any]]] = attrs.field(factory=dict)
    """Histograms of further variables, by variable, sample and dataset."""
    # Arrays of histograms that were asked for: several columns and categories ask for the same ones.
    _stored: dict[tuple[str, str], HistogramArray] = attrs.field(factory=dict, init=False)
    _arrangements: Arrangements = attrs.field(factory=Arrangements, init=False)

    @cached_property
    def inventory(self) -> Inventory:
        """Names of the samples, years and datasets."""
        periods = dict(entries(value_at(self.datasets_metadata, BY_PERIOD[1:])))
        filled = {sample: frozenset(dict(entries(datasets))) for sample, datasets in entries(self.histograms)}
        return Inventory(
            {
                (sample, year): tuple(sorted(scalars(datasets)))
                for year, samples in periods.items()
                for sample, datasets in entries(samples)
            },
            frozenset(periods),
            filled,
            frozenset(sample for sample, datasets in filled.items() if any(map(self._is_data, datasets))),
        )

    def _is_data(self, dataset: str) -> bool:
        # PocketCoffea writes the answer as text.
        return str(scalar(value_at(self.datasets_metadata, ("by_dataset", dataset, "isMC")))) == "False"

    def of_variable(self, variable: str) -> HistogramSet:
        """Return the histograms of a further variable, or these if it is empty.

        Raises:
            InputError: there are none.
        """
        if not variable:
            return self
        if variable not in self.further:
            raise InputError(
                f"from_variable: there are no histograms of variable {variable!r}{closest(variable, self.further)}: "
                'pass variables=output["variables"]'
            )
        return attrs.evolve(self, histograms=self.further[variable])

    def datasets(self, sample: str, year: str) -> tuple[str, ...]:
        """Return the datasets of a sample in a year, sorted; empty if there is no such sample or year."""
        return self.inventory.datasets.get((sample, year), ())

    def histogram(self, sample: str, dataset: str) -> HistogramArray | None:
        """Return the histogram of a dataset, or None if the output has no histogram of it.

        Raises:
            InputError: the histogram does not have PocketCoffea's axes, or a storage without sums of weights.
        """
        key = sample, dataset
        if key not in self._stored:
            histogram = value_at(self.histograms, key)
            if histogram is None:
                return None
            self._stored[key] = stored(histogram, self._arrangements)
        return self._stored[key]

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories of the first histogram that has any, by names of sample and dataset."""
        for sample, datasets in sorted(self.inventory.filled.items()):
            for dataset in sorted(datasets):
                histogram = self.histogram(sample, dataset)
                # The axis of categories may be growing, and without labels where a dataset filled none.
                if histogram is not None and histogram.categories:
                    return histogram.categories
        return ()

    def is_empty(self, dataset: str) -> bool:
        """Return True if no event of a dataset passed the preselection, under any variation."""
        # Since PocketCoffea 0.9.11 the cutflow has one count per variation, before it had a single count.
        place = "presel", dataset
        count = value_at(self.cutflow, place, 0)
        counts = [one for _, one in entries(count)] if isinstance(count, Mapping) else [count]
        return not any(_number(one, place) for one in counts)

    def selected(self, category: str, dataset: str, sample: str, variation: str) -> float | None:
        """Return the number of events of a shape variation in a category, or None if it is not in the cutflow.

        It is None for weight variations too: they have the events of the nominal and are not counted.
        """
        place = category, dataset, sample, variation
        count = value_at(self.cutflow, place)
        return None if count is None else _number(count, place)

    def events(self, category: str, dataset: str, sample: str) -> float | None:
        """Return the number of nominal events in a category, or None if it is not in the cutflow."""
        place = category, dataset, sample
        count = _nominal(value_at(self.cutflow, place))
        return None if count is None else _number(count, place)

    def sum_of_weights(self, category: str, dataset: str, sample: str) -> float | None:
        """Return the sum of the nominal weights in a category, or None if the output has no such number."""
        # No card depends on it, so that another form is no error.
        total = _as_number(_nominal(value_at(self.sumw, (category, dataset, sample))))
        return total if isinstance(total, float) and math.isfinite(total) else None

    def passed(self, dataset: str) -> float:
        """Return the number of nominal events of a dataset that passed the preselection."""
        count = value_at(self.cutflow, ("presel", dataset), 0)
        count = value_at(count, [NOMINAL], 0) if isinstance(count, Mapping) else count
        return _number(count, ("presel", dataset))

    def processed(self, dataset: str) -> tuple[float, float] | None:
        """Return the number of events that were processed, and that a dataset has; None where one is not known."""
        count = _as_number(value_at(self.cutflow, ("initial", dataset)))
        if not isinstance(count, float):
            return None
        # PocketCoffea writes the number as text. No card depends on it, so that another form is no error.
        stated = str(scalar(value_at(self.datasets_metadata, ("by_dataset", dataset, "nevents"))))
        return (count, float(stated)) if stated.isdecimal() and len(stated) <= _DIGITS else None

    def parent(self, dataset: str) -> str:
        """Return the sample of a dataset as a whole, of which its subsamples are parts; empty if it is not known."""
        return str(scalar(value_at(self.datasets_metadata, ("by_dataset", dataset, "sample"))) or "")

    def counts_by_variation(self, category: str, dataset: str, sample: str) -> bool:
        """Return True if the cutflow of a category has a count for each shape variation."""
        return isinstance(value_at(self.cutflow, (category, dataset, sample)), Mapping)


def _as_number(value: Any) -> Any:
    return number_or_other(value.tolist() if isinstance(value, np.ndarray) else value)


def _nominal(count: object) -> object:
    """Return a count, or that of the nominal where each variation has one."""
    return value_at(count, [NOMINAL]) if isinstance(count, Mapping) else count


def _number(count: Any, place: tuple[str, ...]) -> float:
    """Return a count of the cutflow as a number.

    Raises:
        InputError: it is not one number of at least 0.
    """
    number = _as_number(count)
    if not isinstance(number, float) or not 0 <= number < math.inf:
        expected = "expected a number of events, 0 or above"
        raise InputError(f"{place_text(('cutflow', *place))} {type_and_value(count)}, {expected}")
    return number
