"""Small analyses in numbers: what a plugin is tried with, written down so that a failure can be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from datacard_core.datacard import Datacard
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import DIRECTIONS, Systematics, SystematicUncertainty
from datacard_core.errors import InputError
from datacard_core.inputs.histograms import NOMINAL, HistogramArray
from datacard_core.model.channel import Axis

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core.plugins.manager import Plugins

Contents: TypeAlias = tuple[float, ...]
"""The yield of each bin."""
Declared: TypeAlias = tuple[SystematicUncertainty, Sequence[str]]
"""A declaration, and what ends the names of the variations that it needs."""

CATEGORY = "SR"
YEARS = ("2016", "2017", "2018")
OTHERS = "others"
"""How the names of the declarations begin that a plugin must leave alone."""
OTHER_VARIATIONS = tuple(f"{OTHERS}_shape{direction}" for direction in DIRECTIONS)


@attrs.frozen
class Dataset:
    """The histogram of one dataset."""

    nominal: Contents
    variations: tuple[Contents, ...] = ()
    """One after the other, and over again, for as many variations as are needed; the nominal if there are none."""
    lacks: int | None = None
    """The number of the variation that it does not have."""
    weight: float = 0.25
    """The variances are this times the yields."""

    def complete(self) -> Dataset:
        """The same with every variation: one without content counts as one that was not computed."""
        return attrs.evolve(self, lacks=None, variations=tuple(filter(any, self.variations)))

    def histogram(self, axis: Axis, variations: Sequence[str]) -> HistogramArray:
        """It as an output has it."""
        cycle = self.variations or (self.nominal,)
        by_name = {name: cycle[number % len(cycle)] for number, name in enumerate(variations)}
        if self.lacks is not None and variations:
            del by_name[variations[self.lacks % len(variations)]]
        values = np.array([[self.nominal, *by_name.values()]])
        variances = self.weight * np.abs(values)
        return HistogramArray.of(values, variances, axis=axis, categories=[CATEGORY], variations=[NOMINAL, *by_name])


@attrs.frozen
class Simulated:
    """A process: its datasets by year, the same number in each."""

    datasets: tuple[tuple[Dataset, ...], ...]
    is_signal: bool = False


@attrs.frozen
class Sketch:
    """An analysis of one category: processes p0, p1, … in the years 2016, 2017, ….

    Sample 1 of p0 is `p0_1`, and its dataset in 2016 `p0_1_2016`.
    """

    edges: tuple[float, ...]
    processes: tuple[Simulated, ...]
    """The first is a background with yield."""
    data: Contents | None = None
    on: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """The numbers of the processes, and of the years, that a declaration is on; all if not given."""

    @property
    def years(self) -> tuple[str, ...]:
        """The years."""
        return YEARS[: len(self.processes[0].datasets)]

    @property
    def names(self) -> tuple[str, ...]:
        """The processes."""
        return tuple(f"p{number}" for number in range(len(self.processes)))

    def complete(self) -> Sketch:
        """The same, where all datasets have all variations."""
        processes = (
            attrs.evolve(process, datasets=tuple(tuple(map(Dataset.complete, year)) for year in process.datasets))
            for process in self.processes
        )
        return attrs.evolve(self, processes=tuple(processes))

    @property
    def axis(self) -> Axis:
        """The variable."""
        return Axis(np.array(self.edges), "x")

    def declare(self, name: str, typ: str, **keywords: Any) -> SystematicUncertainty:
        """A declaration on what it is to be on."""
        processes, years = self.on or (range(len(self.names)), range(len(self.years)))
        return SystematicUncertainty(
            name=name,
            typ=typ,
            processes=[self.names[number] for number in processes],
            years=[self.years[number] for number in years],
            **keywords,
        )

    def others(self) -> tuple[SystematicUncertainty, ...]:
        """DeclarationDict on everything, of built-in kinds."""
        return (
            SystematicUncertainty(f"{OTHERS}_rate", "lnN", self.names, self.years, 1.1),
            SystematicUncertainty(f"{OTHERS}_shape", "shape", self.names, self.years, 1.0),
        )

    def taken(self, systematic: SystematicUncertainty, needed: Sequence[str], plugins: Plugins) -> Sketch:
        """It, or where a kind refuses outputs that lack a variation, the same without gaps."""
        complete = self.complete()
        if complete != self:
            try:
                self.card(self.output([(systematic, needed)]), plugins, *self.others(), systematic)
            except InputError:
                return complete
            except Exception:  # noqa: BLE001 - it is for who builds the card to tell
                return self
        return self

    def output(self, declared: Iterable[Declared] = ()) -> dict[str, Any]:
        """An output that has the variations which declarations need."""
        declared = tuple(declared)
        histograms: dict[str, dict[str, HistogramArray]] = {}
        periods: dict[str, dict[str, set[str]]] = {year: {} for year in self.years}
        for process, year, sample, dataset in self._datasets():
            variations = list(dict.fromkeys(chain(_variations(declared, process, year), OTHER_VARIATIONS)))
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = dataset.histogram(self.axis, variations)
            periods[year][sample] = {f"{sample}_{year}"}
        if self.data is not None:
            observed = np.array([self.data])
            histograms["data"] = {
                "data_2016": HistogramArray.of(observed, observed, axis=self.axis, categories=[CATEGORY])
            }
            periods[self.years[0]]["data"] = {"data_2016"}
        presel = {dataset: 10 for by_dataset in histograms.values() for dataset in by_dataset}
        return {
            "variables": {"x": histograms},
            "datasets_metadata": {"by_datataking_period": periods},
            "cutflow": {"presel": presel},
        }

    def card(
        self, output: Mapping[str, Any], plugins: Plugins, *systematics: SystematicUncertainty, **changes: Any
    ) -> Datacard:
        """The card of an output, with those declarations."""
        arguments: dict[str, Any] = {
            "mc_processes": MCProcesses(
                MCProcess(
                    name=name,
                    samples=[f"{name}_{number}" for number in range(len(process.datasets[0]))],
                    years=self.years,
                    is_signal=process.is_signal,
                )
                for name, process in zip(self.names, self.processes, strict=True)
            ),
            "systematics": Systematics(systematics),
            "mcstat": False,
            "verbose": False,
        }
        if self.data is not None:
            arguments["data_processes"] = DataProcesses([DataProcess("data", ["data"], years=self.years)])
        return Datacard(
            output["variables"]["x"],
            output["datasets_metadata"],
            output["cutflow"],
            self.years,
            category=CATEGORY,
            plugins=plugins,
            **(arguments | changes),
        )

    def _datasets(self) -> Iterator[tuple[str, str, str, Dataset]]:
        for name, process in zip(self.names, self.processes, strict=True):
            for year, datasets in zip(self.years, process.datasets, strict=True):
                for number, dataset in enumerate(datasets):
                    yield name, year, f"{name}_{number}", dataset


def _variations(declared: Iterable[Declared], process: str, year: str) -> Iterator[str]:
    for systematic, shifts in declared:
        alias = systematic.get_coffea_name(process, year)
        yield from (f"{alias}{shift}" for shift in shifts)


def _flat(*contents: float, **options: Any) -> Dataset:
    variations = (tuple(1.2 * content for content in contents), tuple(0.7 * content for content in contents))
    return Dataset(contents, variations, **options)


SMALL = Sketch(
    (0.0, 1.0, 2.0, 4.0),
    (
        Simulated(((_flat(30.0, 20.0, 10.0),), (_flat(60.0, 40.0, 20.0),))),
        Simulated(((_flat(1.0, 2.0, 4.0),), (_flat(2.0, 4.0, 8.0),)), is_signal=True),
    ),
    data=(90.0, 60.0, 35.0),
)
"""Two processes in two years, with data."""
SMALLEST = Sketch((0.0, 1.0), (Simulated(((_flat(10.0),),)),))
"""One background in one bin."""
EMPTY_BINS = Sketch(
    (0.0, 1.0, 2.0),
    (
        Simulated(((Dataset((10.0, 0.0), ((12.0, 0.0), (8.0, 1.0), (0.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 0.0), ((0.0, 0.0), (1.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 3.0), ((0.0, 0.0), (0.0, 6.0)), weight=0.0),),), is_signal=True),
    ),
    data=(0.0, 2.0),
)
"""Bins and columns without any yield, before or after a variation."""
NEGATIVE = Sketch(
    (-1.5, 0.0, 0.5),
    (
        Simulated(((Dataset((10.0, -0.5), ((11.0, -1.0), (-2.0, 1.0))), _flat(2.0, 0.25)),)),
        Simulated(((_flat(-1.0, 0.5), _flat(0.5, -2.0)),), is_signal=True),
    ),
)
"""Several samples, with negative bins."""
FAR = Sketch(
    (0.0, 1e-3, 1e3, 1e6),
    (
        Simulated(((Dataset((1e9, 1e-12, 1.0), ((1e-12, 1e9, 1.0), (1e9, 1e9, 1e9)), weight=1e3),),)),
        Simulated(((Dataset((1e-12, 1e-12, 1e-12), ((1e9, 0.0, 0.0), (1e-12, 0.0, 0.0)), weight=1e-6),),)),
    ),
    data=(1e9, 0.0, 1.0),
)
"""The largest and the smallest contents, and variations far from the nominal."""
LACKING = Sketch(
    (0.0, 1.0, 2.0),
    (
        Simulated(((_flat(5.0, 6.0, lacks=0), _flat(7.0, 8.0)), (_flat(5.0, 6.0, lacks=0), _flat(1.0, 1.0, lacks=0)))),
        Simulated(((_flat(5.0, 6.0),), (_flat(1.0, 1.0, lacks=1),))),
        Simulated(((_flat(1.0, 2.0),), (_flat(3.0, 4.0),)), is_signal=True),
    ),
    data=(30.0, 31.0),
    on=((0, 2), (1,)),
)
"""Datasets without a variation; a declaration is on some processes and years."""
BY_HAND = (SMALL, SMALLEST, EMPTY_BINS, NEGATIVE, FAR, LACKING)
