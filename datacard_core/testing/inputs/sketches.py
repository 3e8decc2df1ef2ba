"""Sketches: small analyses as numbers, whose repr is enough to repeat a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs
import numpy as np

from datacard_core.build.plans import Needs, needs_of
from datacard_core.datacard import Datacard
from datacard_core.declare.category import Unroll
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import Systematics, SystematicUncertainty
from datacard_core.errors import InputError
from datacard_core.grammar import DIRECTIONS, SHAPE, SHAPE_KEYWORDS, morphing
from datacard_core.inputs.grids import GridAxis
from datacard_core.inputs.histograms import NOMINAL, HistogramArray
from datacard_core.model.arrays import Axis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datacard_core.plugins.manager import Plugins

Contents: TypeAlias = tuple[float, ...]
"""Yield of each bin."""
Declared: TypeAlias = tuple[SystematicUncertainty, Needs]
"""A declaration, and the templates that it needs."""
Made = TypeVar("Made")
"""A value made of an output, such as its arrays or a card."""

CATEGORY = "SR"
CATEGORIES = (CATEGORY, "CR")
"""Categories of the histograms; data-driven processes are read in the second."""
OTHER = "other"
"""Variable that data-driven processes are read from, with the histograms of `x`."""
YEARS = ("2016", "2017", "2018")
BYSTANDERS = "others"
"""Start of the names of declarations that the plugin under test must not change."""
BYSTANDER_VARIATIONS = tuple(f"{BYSTANDERS}_shape{direction}" for direction in DIRECTIONS)


@attrs.frozen
class Dataset:
    """Contents of the histogram of one dataset."""

    nominal: Contents
    variations: tuple[Contents, ...] = ()
    """Contents of the variations of each declaration, repeated if more are needed; empty for those of the nominal."""
    lacks: int | None = None
    """Number of the variation of each declaration that the dataset lacks."""
    weight: float = 0.25
    """Ratio of variances and yields."""

    def complete(self) -> Dataset:
        """Return the dataset with all variations. An empty variation is dropped: the core takes it as not computed."""
        return attrs.evolve(self, lacks=None, variations=tuple(filter(any, self.variations)))

    def histogram(self, axis: Axis, variations: Iterable[Sequence[str]]) -> HistogramArray:
        """Return the histogram with the variations of each declaration, equal in both categories."""
        # The number of variations depends on the kind, and a sketch is made before it is known.
        cycle = self.variations or (self.nominal,)
        by_name = {
            name: cycle[number % len(cycle)]
            for names in variations
            for number, name in enumerate(names)
            if self.lacks is None or number != self.lacks % len(names)
        }
        values = np.array([[self.nominal, *by_name.values()]] * len(CATEGORIES))
        variances = self.weight * np.abs(values)
        return HistogramArray.of(values, variances, axis=axis, categories=CATEGORIES, variations=[NOMINAL, *by_name])


@attrs.frozen
class Simulated:
    """Datasets of a process by year, equally many in each year."""

    datasets: tuple[tuple[Dataset, ...], ...]
    is_signal: bool = False
    is_data_driven: bool = False
    """True if its datasets are data, less the first sample of p0, times 0.5, of another category and variable."""

    def process(self, name: str, years: Sequence[str]) -> MCProcess:
        """Return the declaration of the process."""
        reading: dict[str, Any] = {
            "from_category": CATEGORIES[1],
            "from_variable": OTHER,
            "subtract": ["p0_0"],
            "scale": 0.5,
        }
        samples = [f"{name}_{number}" for number in range(len(self.datasets[0]))]
        options = reading if self.is_data_driven else {}
        return MCProcess(name=name, samples=samples, years=years, is_signal=self.is_signal, **options)


@attrs.frozen(kw_only=True)
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
    slices: tuple[tuple[float, ...], ...] = ()
    """Edges in the card for each bin of a second variable; contents are then those of the bins, one after the other."""
    # Without a hash: a declaration may have a dict.
    companions: tuple[Mapping[str, Any], ...] = attrs.field(default=(), hash=False)
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

    def plain(self) -> Sketch:
        """Return the analysis with simulation in the place of data-driven processes."""
        processes = (attrs.evolve(process, is_data_driven=False) for process in self.processes)
        return attrs.evolve(self, processes=tuple(processes))

    @property
    def axis(self) -> Axis:
        """Axis of the variable, or of the cells of both variables."""
        axis = Axis(np.array(self.edges), "x")
        if not self.slices:
            return axis
        second = Axis(np.arange(len(self.slices) + 1.0), "y")
        return GridAxis.of((second, axis), ((0, 0), (0, 0)))

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
        return (
            SystematicUncertainty(f"{BYSTANDERS}_rate", "lnN", self.names, self.years, 1.1),
            SystematicUncertainty(f"{BYSTANDERS}_shape", shape_beside(typ), self.names, self.years, 1.0),
        )

    def needed(self) -> tuple[SystematicUncertainty, ...]:
        """Return the declarations that the one under test needs beside it."""
        everywhere = attrs.evolve(self, on=None)
        return tuple(everywhere.declare(**keywords) for keywords in self.companions)

    def others(self, typ: str) -> tuple[SystematicUncertainty, ...]:
        """Return the declarations beside those of a kind: of built-in kinds, and those that they need."""
        return (*self.bystanders(typ), *self.needed())

    def needs(self, systematics: Iterable[SystematicUncertainty], plugins: Plugins) -> list[Declared]:
        """Return declarations under test and those that they need, with the templates that each reads."""
        return [(one, needs_of(plugins, one.typ, one)) for one in (*systematics, *self.needed())]

    def taken(
        self, declared: Sequence[Declared], make: Callable[[Sketch, Mapping[str, Any]], Made]
    ) -> tuple[Sketch, Mapping[str, Any], Made]:
        """Return the analysis, its output, and what a function makes of both.

        If the function refuses outputs that lack a variation, the analysis has all variations. If declarations read
        other samples, no process is data-driven: the core refuses other samples in the place of a difference.

        Raises:
            InputError: the function refuses an output that lacks no variation.
        """
        if any(needs.samples for _, needs in declared) and (plain := self.plain()) != self:
            return plain.taken(declared, make)
        output = self.output(declared)
        try:
            return self, output, make(self, output)
        except InputError:
            # Without gaps there is no reason to refuse the output, so a refusal is then a failure of the kind.
            if (complete := self.complete()) == self:
                raise
            return complete.taken(declared, make)

    def output(self, declared: Sequence[Declared] = ()) -> dict[str, Any]:
        """Return an output that has the variations and the further samples which declarations need."""
        histograms: dict[str, dict[str, HistogramArray]] = {}
        periods: dict[str, dict[str, set[str]]] = {year: {} for year in self.years}
        for process, year, sample, dataset in self._datasets():
            variations = (*_variations(declared, process, year), BYSTANDER_VARIATIONS)
            is_data = self.processes[self.names.index(process)].is_data_driven
            histogram = self._observed(dataset.nominal) if is_data else dataset.histogram(self.axis, variations)
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = histogram
            periods[year][sample] = {f"{sample}_{year}"}
        for year, sample, dataset in self._others(declared, histograms):
            histograms.setdefault(sample, {})[f"{sample}_{year}"] = dataset.histogram(self.axis, [BYSTANDER_VARIATIONS])
            periods[year][sample] = {f"{sample}_{year}"}
        if self.data is not None:
            histograms["data"] = {"data_2016": self._observed(self.data)}
            periods[self.years[0]]["data"] = {"data_2016"}
        presel = {dataset: 10 for by_dataset in histograms.values() for dataset in by_dataset}
        return {
            "variables": {"x": histograms, OTHER: histograms},
            "datasets_metadata": {"by_datataking_period": periods},
            "cutflow": {"presel": presel},
        }

    def card(
        self, output: Mapping[str, Any], plugins: Plugins, *systematics: SystematicUncertainty, **changes: Any
    ) -> Datacard:
        """Return the card of an output with declarations."""
        arguments: dict[str, Any] = {
            "mc_processes": MCProcesses(
                process.process(name, self.years) for name, process in zip(self.names, self.processes, strict=True)
            ),
            "systematics": Systematics(systematics),
            "mcstat": False,
            "verbose": False,
            "variables": output["variables"],
            "unroll": Unroll(["y", "x"], slices=self.slices) if self.slices else None,
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

    def card_beside(
        self, systematics: Sequence[SystematicUncertainty], output: Mapping[str, Any], plugins: Plugins
    ) -> Datacard:
        """Return the card of an output with declarations of one kind beside the others."""
        return self.card(output, plugins, *self.others(systematics[0].typ), *systematics)

    def _observed(self, counts: Contents) -> HistogramArray:
        values = np.array([counts] * len(CATEGORIES))
        return HistogramArray.of(values, values, axis=self.axis, categories=CATEGORIES)

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


def shape_beside(typ: str) -> str:
    """Return the type of a shape that may stand beside one of a kind: Combine morphs a column in one way."""
    return morphing(typ) if typ in SHAPE_KEYWORDS else SHAPE


def _variations(declared: Iterable[Declared], process: str, year: str) -> Iterator[list[str]]:
    for systematic, needs in declared:
        alias = systematic.get_coffea_name(process, year)
        yield [f"{alias}{shift}" for shift in needs.shifts]


def _brief(value: object) -> str:
    """Return the expression that makes a value, without arguments that are equal to their defaults."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))}{',' * (len(value) == 1)})"
    if not isinstance(value, Dataset | Simulated | Sketch):
        return repr(value)
    arguments = [
        f"{f'{field.name}=' if field.kw_only or field.default is not attrs.NOTHING else ''}"
        f"{_brief(getattr(value, field.name))}"
        for field in attrs.fields(type(value))
        if field.default is attrs.NOTHING or getattr(value, field.name) != field.default
    ]
    return f"{type(value).__name__}({', '.join(arguments)})"
