"""Sketches: small analyses as numbers, whose repr is enough to repeat a failure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from datacard_core.build.plans import Needs, needs_of
from datacard_core.datacard import Datacard
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import Systematics, SystematicUncertainty
from datacard_core.errors import InputError
from datacard_core.grammar import DIRECTIONS, SHAPE, SHAPE_KEYWORDS, morphing
from datacard_core.inputs.histograms import NOMINAL, HistogramArray
from datacard_core.model.arrays import Axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.plugins.manager import Plugins

Contents: TypeAlias = tuple[float, ...]
"""Yield of each bin."""
Declared: TypeAlias = tuple[SystematicUncertainty, Needs]
"""A declaration, and the templates that it needs."""

CATEGORY = "SR"
YEARS = ("2016", "2017", "2018")
BYSTANDERS = "others"
"""Start of the names of declarations that the plugin under test must not change."""
BYSTANDER_VARIATIONS = tuple(f"{BYSTANDERS}_shape{direction}" for direction in DIRECTIONS)


@attrs.frozen
class Dataset:
    """Contents of the histogram of one dataset."""

    nominal: Contents
    variations: tuple[Contents, ...] = ()
    """Contents of the variations, repeated if more variations are needed; empty for the contents of the nominal."""
    lacks: int | None = None
    """Number of the variation that the dataset lacks."""
    weight: float = 0.25
    """Ratio of variances and yields."""

    def complete(self) -> Dataset:
        """Return the dataset with all variations. An empty variation is dropped: the core takes it as not computed."""
        return attrs.evolve(self, lacks=None, variations=tuple(filter(any, self.variations)))

    def histogram(self, axis: Axis, variations: Sequence[str]) -> HistogramArray:
        """Return the histogram with these variations."""
        # The number of variations depends on the kind, and a sketch is made before it is known.
        cycle = self.variations or (self.nominal,)
        by_name = {name: cycle[number % len(cycle)] for number, name in enumerate(variations)}
        if self.lacks is not None and variations:
            del by_name[variations[self.lacks % len(variations)]]
        values = np.array([[self.nominal, *by_name.values()]])
        variances = self.weight * np.abs(values)
        return HistogramArray.of(values, variances, axis=axis, categories=[CATEGORY], variations=[NOMINAL, *by_name])


@attrs.frozen
class Simulated:
    """Datasets of a process by year, equally many in each year."""

    datasets: tuple[tuple[Dataset, ...], ...]
    is_signal: bool = False


@attrs.frozen
class Sketch:
    """An analysis of one category: processes p0, p1, … in the years 2016, 2017, ….

    Sample 1 of p0 is `p0_1`, and its dataset in 2016 `p0_1_2016`.
    """

    edges: tuple[float, ...]
    processes: tuple[Simulated, ...]
    """Processes, the first of which is a background with yield."""
    data: Contents | None = None
    on: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """Numbers of the processes and of the years that a declaration covers; None for all."""
    companions: tuple[Mapping[str, Any], ...] = ()
    """Arguments of declarations on all processes and years that the declaration under test needs beside it."""

    def __str__(self) -> str:
        return _brief(self)

    @property
    def years(self) -> tuple[str, ...]:
        """Years of the analysis."""
        return YEARS[: len(self.processes[0].datasets)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the processes."""
        return tuple(f"p{number}" for number in range(len(self.processes)))

    def complete(self) -> Sketch:
        """Return the analysis with all variations in all datasets."""
        processes = (
            attrs.evolve(process, datasets=tuple(tuple(map(Dataset.complete, year)) for year in process.datasets))
            for process in self.processes
        )
        return attrs.evolve(self, processes=tuple(processes))

    @property
    def axis(self) -> Axis:
        """Axis of the variable."""
        return Axis(np.array(self.edges), "x")

    def declare(self, name: str, typ: str, **keywords: Any) -> SystematicUncertainty:
        """Return a declaration on the processes and years of `on`, or on no column if it has no value."""
        if "value" not in keywords:
            return SystematicUncertainty(name=name, typ=typ, **keywords)
        processes, years = self.on or (range(len(self.names)), range(len(self.years)))
        return SystematicUncertainty(
            name=name,
            typ=typ,
            processes=[self.names[number] for number in processes],
            years=[self.years[number] for number in years],
            **keywords,
        )

    def bystanders(self, typ: str) -> tuple[SystematicUncertainty, ...]:
        """Return declarations of built-in kinds on all processes and years, to stand beside one of a kind."""
        # Combine morphs all templates of a column in one way.
        shape = morphing(typ) if typ in SHAPE_KEYWORDS else SHAPE
        return (
            SystematicUncertainty(f"{BYSTANDERS}_rate", "lnN", self.names, self.years, 1.1),
            SystematicUncertainty(f"{BYSTANDERS}_shape", shape, self.names, self.years, 1.0),
        )

    def needed(self) -> tuple[SystematicUncertainty, ...]:
        """Return the declarations that the one under test needs beside it."""
        everywhere = attrs.evolve(self, on=None)
        return tuple(everywhere.declare(**keywords) for keywords in self.companions)

    def others(self, systematic: SystematicUncertainty) -> tuple[SystematicUncertainty, ...]:
        """Return the declarations beside the one under test: of built-in kinds, and those that it needs."""
        return (*self.bystanders(systematic.typ), *self.needed())

    def needs(self, systematic: SystematicUncertainty, plugins: Plugins) -> list[Declared]:
        """Return the declaration under test and those that it needs, with the templates that each reads."""
        declared = (systematic, *self.others(systematic))
        return [(one, needs_of(plugins, one.typ, one)) for one in declared]

    def taken(self, systematic: SystematicUncertainty, plugins: Plugins) -> tuple[Sketch, Datacard | None]:
        """Return the analysis, with all variations if the kind refuses outputs that lack one, and its card if made."""
        # Without gaps there is no reason to refuse the output, so a refusal is then a failure of the kind.
        complete = self.complete()
        if complete != self:
            try:
                return self, self.card_beside(systematic, self.output(self.needs(systematic, plugins)), plugins)
            except InputError:
                return complete, None
            except Exception:  # noqa: BLE001 - reported where the card is built for the trial
                return self, None
        return self, None

    def output(self, declared: Iterable[Declared] = ()) -> dict[str, Any]:
        """Return an output that has the variations and the further samples which declarations need."""
        declared = tuple(declared)
        histograms: dict[str, dict[str, HistogramArray]] = {}
        periods: dict[str, dict[str, set[str]]] = {year: {} for year in self.years}
        for process, year, sample, dataset in self._datasets():
            variations = list(dict.fromkeys(chain(_variations(declared, process, year), BYSTANDER_VARIATIONS)))
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = dataset.histogram(self.axis, variations)
            periods[year][sample] = {f"{sample}_{year}"}
        for year, sample, dataset in self._others(declared, histograms):
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = dataset.histogram(self.axis, BYSTANDER_VARIATIONS)
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
        """Return the card of an output with declarations."""
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

    def card_beside(self, systematic: SystematicUncertainty, output: Mapping[str, Any], plugins: Plugins) -> Datacard:
        """Return the card of an output with a declaration beside the others."""
        return self.card(output, plugins, *self.others(systematic), systematic)

    def _others(self, declared: Iterable[Declared], there: Iterable[str]) -> list[tuple[str, str, Dataset]]:
        """Return the datasets of samples that declarations need beside those of the processes."""
        others = {
            sample: self.processes[self.names.index(process)]
            for _, needs in declared
            for by_process in needs.samples.values()
            for process, samples in by_process.items()
            for sample in samples
            if sample not in there
        }
        return [
            (year, sample, datasets[0])
            for sample, process in others.items()
            for year, datasets in zip(self.years, process.datasets, strict=True)
        ]

    def _datasets(self) -> Iterator[tuple[str, str, str, Dataset]]:
        for name, process in zip(self.names, self.processes, strict=True):
            for year, datasets in zip(self.years, process.datasets, strict=True):
                for number, dataset in enumerate(datasets):
                    yield name, year, f"{name}_{number}", dataset


def _variations(declared: Iterable[Declared], process: str, year: str) -> Iterator[str]:
    for systematic, needs in declared:
        alias = systematic.get_coffea_name(process, year)
        yield from (f"{alias}{shift}" for shift in needs.shifts)


def _flat(*contents: float, **options: Any) -> Dataset:
    variations = (tuple(1.2 * content for content in contents), tuple(0.7 * content for content in contents))
    return Dataset(contents, variations, **options)


def _brief(value: object) -> str:
    """Return the expression that makes a value, without arguments that are equal to their defaults."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))}{',' * (len(value) == 1)})"
    if not isinstance(value, Dataset | Simulated | Sketch):
        return repr(value)
    arguments = [
        f"{'' if field.default is attrs.NOTHING else f'{field.name}='}{_brief(getattr(value, field.name))}"
        for field in attrs.fields(type(value))
        if field.default is attrs.NOTHING or getattr(value, field.name) != field.default
    ]
    return f"{type(value).__name__}({', '.join(arguments)})"


SMALL = Sketch(
    (0.0, 1.0, 2.0, 4.0),
    (
        Simulated(((_flat(30.0, 20.0, 10.0),), (_flat(60.0, 40.0, 20.0),))),
        Simulated(((_flat(1.0, 2.0, 4.0),), (_flat(2.0, 4.0, 8.0),)), is_signal=True),
    ),
    data=(90.0, 60.0, 35.0),
)
"""Sketch of two processes in two years, with data."""
SMALLEST = Sketch((0.0, 1.0), (Simulated(((_flat(10.0),),)),))
"""Sketch of one background in one bin."""
EMPTY_BINS = Sketch(
    (0.0, 1.0, 2.0),
    (
        Simulated(((Dataset((10.0, 0.0), ((12.0, 0.0), (8.0, 1.0), (0.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 0.0), ((0.0, 0.0), (1.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 3.0), ((0.0, 0.0), (0.0, 6.0)), weight=0.0),),), is_signal=True),
    ),
    data=(0.0, 2.0),
)
"""Sketch with bins and columns without yield, in the nominal or in a variation."""
NEGATIVE = Sketch(
    (-1.5, 0.0, 0.5),
    (
        Simulated(((Dataset((10.0, -0.5), ((11.0, -1.0), (-2.0, 1.0))), _flat(2.0, 0.25)),)),
        Simulated(((_flat(-1.0, 0.5), _flat(0.5, -2.0)),), is_signal=True),
    ),
)
"""Sketch with several samples per process and negative bins."""
FAR = Sketch(
    (0.0, 1e-3, 1e3, 1e6),
    (
        Simulated(((Dataset((1e9, 1e-12, 1.0), ((1e-12, 1e9, 1.0), (1e9, 1e9, 1e9)), weight=1e3),),)),
        Simulated(((Dataset((1e-12, 1e-12, 1e-12), ((1e9, 0.0, 0.0), (1e-12, 0.0, 0.0)), weight=1e-6),),)),
    ),
    data=(1e9, 0.0, 1.0),
)
"""Sketch with the largest and the smallest contents, and variations far from the nominal."""
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
"""Sketch with datasets that lack a variation, and a declaration on some processes and years."""
BY_HAND = (SMALL, SMALLEST, EMPTY_BINS, NEGATIVE, FAR, LACKING)
"""Sketches that every kind and check is tested with."""
