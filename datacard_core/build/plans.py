"""Plans: the columns that each declaration covers in one card, and the rows of templates that its kinds read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError
from datacard_core.grammar import DATA
from datacard_core.hookspecs import SystematicKind
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.names import closest, listing, plain
from datacard_core.plugins.calling import asking, strings
from datacard_core.templates.rows import Layout, Request
from datacard_core.treatments.shape_only import Variation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.model.arrays import FloatArray, IntArray
    from datacard_core.model.channel import Column
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins


@attrs.frozen(eq=False, kw_only=True)
class _Reading:
    """One declaration, the n columns it covers in this card, and what it reads for each."""

    systematic: SystematicUncertainty
    positions: tuple[int, ...]
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""
    samples: Mapping[str, tuple[Request, ...]]
    """For each name that the kind has for other samples, n requests of them."""
    variances: bool
    """True if the nuisance depends on the variances of these columns."""
    regions: tuple[str, ...]
    """Categories whose observed events it needs."""


@attrs.frozen(eq=False, kw_only=True)
class Plan:
    """One declaration, and the places in the card's layout of the templates that it reads."""

    systematic: SystematicUncertainty
    plugins: Plugins = attrs.field(repr=False)
    """The selected plugins, which have its kind: they can be sent to another process, and a kind perhaps not."""
    positions: IntArray
    """Columns that the declaration covers in this card, shape (n,)."""
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""
    rows: Mapping[str, IntArray]
    """For each shift, the rows of these variations in the layout, shape (n,)."""
    samples: Mapping[str, IntArray]
    """For each name that the kind has for other samples, their rows in the layout, shape (n,)."""
    requests: tuple[Request, ...]
    """Requests of other samples, each once."""
    values: tuple[Any, ...]
    """Declared value of each of the n columns."""
    regions: tuple[str, ...]
    """Categories whose observed events the kind needs."""
    observed: Mapping[str, float] = attrs.field(factory=dict)
    """Number of observed events in these categories, when they have been read."""
    fractions: FloatArray
    """Part of the uncertainty of each of the n columns that the nuisance carries, shape (n,)."""

    @property
    def kind(self) -> Provided[SystematicKind]:
        """Kind of the declaration, with its plugin."""
        return self.plugins.kind(self.systematic.typ)

    @property
    def name(self) -> str:
        """Nuisance in the card."""
        return self.systematic.datacard_name

    def reads(self) -> Iterator[tuple[int, str, int]]:
        """Yield the column's position, the variation and the row of each template that the declaration reads."""
        for shift, labels in self.labels.items():
            yield from zip(self.positions.tolist(), labels, self.rows[shift].tolist(), strict=True)

    def variations(self, layout: Layout, columns: Sequence[Column]) -> Iterator[Variation]:
        """Yield each variation of the nuisance, with its rows in the layout; other samples are variations too."""
        processes = self.processes(columns)
        for shift, rows in {**self.rows, **self.samples}.items():
            yield Variation(
                nuisance=self.name,
                shift=shift,
                processes=processes,
                nominal_rows=layout.starts[self.positions],
                rows=rows,
            )

    def without(self, columns: Sequence[int], rows: IntArray) -> Plan:
        """Return the plan for a card that does not have some of the columns.

        Args:
            columns: their positions.
            rows: the row of this layout for each row of the other one.
        """
        here = np.flatnonzero(~np.isin(self.positions, columns))
        moved = np.zeros(int(rows.max()) + 1, dtype=np.intp)
        moved[rows] = np.arange(len(rows))
        return attrs.evolve(
            self,
            positions=self.positions[here] - np.searchsorted(columns, self.positions[here]),
            labels={shift: tuple(labels[at] for at in here) for shift, labels in self.labels.items()},
            rows={shift: moved[of[here]] for shift, of in self.rows.items()},
            samples={name: moved[of[here]] for name, of in self.samples.items()},
            values=tuple(self.values[at] for at in here),
            fractions=self.fractions[here],
        )

    def processes(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return the process of each column that the declaration covers, n names."""
        return tuple(columns[position].process for position in self.positions)


def plan_card(declared: DeclaredCard) -> tuple[Layout, tuple[Plan, ...]]:
    """Return the rows of templates that a card needs, and a plan for each of its declarations.

    The layout has the card's columns first, then other samples; the data, if the card reads any, come last.
    """
    columns = declared.columns
    readings = [_reading(declared, columns, systematic) for systematic in declared.all_systematics]
    layout = Layout(_requests(declared, columns, readings))
    return layout, tuple(_plan(declared.plugins, reading, layout, columns) for reading in readings)


def norm_layout(declared: DeclaredCard, layout: Layout) -> Layout:
    """Return the layout that other categories are read with for shape-only totals.

    Its rows are those of the card, but only processes with a free parameter, and other samples, request samples.
    Histograms of further processes are not read, so that a fault in them, in another category, stops no card.
    """
    fixed = {DATA, *(column.name for column in declared.columns if column.process not in declared.shape_only)}
    return Layout(
        tuple(attrs.evolve(request, samples=()) if request.column in fixed else request for request in layout.requests)
    )


def _reading(declared: DeclaredCard, columns: Sequence[Column], systematic: SystematicUncertainty) -> _Reading:
    asked = needs_of(declared.plugins, systematic.typ, systematic)
    positions = tuple(
        position for position, column in enumerate(columns) if systematic.covers(column.process, column.year)
    )
    names = [systematic.variation(columns[position].process, columns[position].year) for position in positions]
    labels = {shift: tuple(f"{name}{shift}" for name in names) for shift in asked.shifts}
    covered = [(columns[position].process, columns[position].year) for position in positions]
    if derived := [process for process, _ in covered if asked.samples and declared.mc_processes[process].is_derived]:
        raise DeclarationError(
            f"systematic {systematic.name!r}: its kind {systematic.typ!r} reads other samples in the place of those of "
            f"{derived[0]!r}, which is not the plain sum of its samples: take it out of the processes"
        )
    samples = {
        name: tuple(request_for(of[process], year) for process, year in covered) for name, of in asked.samples.items()
    }
    return _Reading(
        systematic=systematic,
        positions=positions,
        labels=labels,
        samples=samples,
        variances=asked.variances,
        regions=asked.regions,
    )


def _plan(plugins: Plugins, reading: _Reading, layout: Layout, columns: Sequence[Column]) -> Plan:
    covered = [columns[position] for position in reading.positions]
    starts = layout.nominals
    return Plan(
        systematic=reading.systematic,
        plugins=plugins,
        positions=np.array(reading.positions, dtype=np.intp),
        labels=reading.labels,
        rows={shift: layout.rows_of(reading.positions, labels) for shift, labels in reading.labels.items()},
        samples={
            name: np.array([starts[request.column] for request in requests], dtype=np.intp)
            for name, requests in reading.samples.items()
        },
        requests=tuple(dict.fromkeys(request for requests in reading.samples.values() for request in requests)),
        regions=reading.regions,
        values=tuple(reading.systematic.value_for(column.process, column.year) for column in covered),
        fractions=np.array([reading.systematic.fraction_for(column.process, column.year) for column in covered]),
    )


def region_layouts(
    planned: Iterable[tuple[DeclaredCard, Layout, Iterable[Plan]]], cards: Mapping[str, DeclaredCard]
) -> dict[str, Layout]:
    """Return the layouts to read the control regions with that are no cards: their rows request data alone.

    Args:
        planned: the declarations, layout and plans of cards.
        cards: the declarations of all cards by category.

    Raises:
        DeclarationError: a kind needs the observed events of a category that is blind, or its card has no data.
    """
    layouts: dict[str, Layout] = {}
    for declared, layout, plans in planned:
        for plan in plans:
            data = _data_requests(declared) if plan.regions else ()
            needs = f"systematic {plan.systematic.name!r} needs the observed events of category"
            if plan.regions and not data:
                raise DeclarationError(f"{needs} {listing(map(repr, plan.regions))}, and the card has no data")
            for region in plan.regions:
                # The card would have the number of these events.
                if cards[region].blinding.of(region) if region in cards else declared.blinding.names(region):
                    raise DeclarationError(f"{needs} {region!r}, which is blind: take it out of blind")
                if region not in cards and region not in layouts:
                    others = (attrs.evolve(one, samples=()) for one in layout.requests if not one.is_data)
                    layouts[region] = Layout((*others, *data))
    return layouts


def _requests(declared: DeclaredCard, columns: Sequence[Column], readings: Sequence[_Reading]) -> tuple[Request, ...]:
    # Dicts serve as ordered sets: the nominal stays first, and a variation of two nuisances has one row.
    labels: list[dict[str, None]] = [{NOMINAL: None} for _ in columns]
    variances_for = [""] * len(columns)
    for reading in readings:
        for position in reading.positions if reading.variances else ():
            variances_for[position] = reading.systematic.typ
        for of_shift in reading.labels.values():
            for position, label in zip(reading.positions, of_shift, strict=True):
                labels[position][label] = None
    requests = [
        Request(
            column=column.name,
            samples=tuple((sample, column.year) for sample in process.all_samples),
            labels=tuple(needed),
            variances_for=variances,
            category=process.from_category or "",
            variable=process.from_variable or "",
            subtracted=tuple(process.subtract),
            factors=process.sample_factors,
        )
        for column, needed, variances in zip(columns, labels, variances_for, strict=True)
        for process in (declared.mc_processes[column.process],)
    ]
    # Dict keys: samples that several columns or nuisances need are summed once.
    requests += dict.fromkeys(
        request for reading in readings for of_name in reading.samples.values() for request in of_name
    )
    # Last, so that the positions of columns and of their requests agree.
    return (*requests, *(_data_requests(declared) if declared.reads_data else ()))


def _data_requests(declared: DeclaredCard) -> tuple[Request, ...]:
    """Return the request of the data of a category that is not blind, none without a data process."""
    data = declared.data_process
    if data is None:
        return ()
    years = [year for year in data.years if year in declared.years]
    samples = tuple((sample, year) for year in years for sample in data.samples)
    return (Request(column=DATA, samples=samples, is_data=True, nominals=tuple(declared.data_variations.items())),)


@attrs.frozen
class Needs:
    """The templates that a declaration needs beside the nominal ones of its columns."""

    shifts: tuple[str, ...] = ()
    """Endings of the names of variations."""
    samples: Mapping[str, Mapping[str, tuple[str, ...]]] = attrs.field(factory=dict)
    """Names of other samples, by the kind's name for them and by process."""
    variances: bool = False
    """True if the nuisance depends on the variances of templates."""
    regions: tuple[str, ...] = ()
    """Categories whose observed events the kinds need."""


def needs_of(plugins: Plugins, typ: str, systematic: SystematicUncertainty) -> Needs:
    """Return the needs of a kind and of the kinds that it uses.

    Raises:
        MissingProviderError: no selected plugin provides one of these kinds.
        PluginCallError: a kind failed, or returned other objects than expected.
    """
    doing = f"naming the samples of systematic {systematic.name!r}"
    shifts: dict[str, None] = {}
    samples: dict[str, dict[str, tuple[str, ...]]] = {}
    variances = False
    regions: dict[str, None] = {}
    for provided in with_used(plugins, typ):
        regions.update(dict.fromkeys(_regions_of(provided, systematic)))
        variances |= _needs_variances(provided, systematic)
        shifts.update(dict.fromkeys(shifts_of(provided, systematic)))
        for name, of in samples_of(provided, systematic).items():
            if samples.setdefault(name, of) != of:
                raise plugins.kind(typ).fault(f"{doing}: {name!r} is the name of other samples in a kind that it uses")
    if both := [name for name in samples if name in shifts]:
        raise plugins.kind(typ).fault(f"{doing}: {both[0]!r} is the name of samples and a shift")
    return Needs(tuple(shifts), samples, variances, tuple(regions))


def with_used(plugins: Plugins, typ: str) -> list[Provided[SystematicKind]]:
    """Return a kind, and those that it and they name in `uses`, each once.

    Raises:
        MissingProviderError: no selected plugin provides one of them.
        PluginCallError: one of them failed.
    """
    found: dict[str, Provided[SystematicKind]] = {}
    waiting = [typ]
    while waiting:
        if (name := waiting.pop()) not in found:
            found[name] = plugins.kind(name)
            with asking(found[name], SystematicKind, "uses", "naming the kinds that it uses") as kind:
                waiting += strings(kind.uses)
    return list(found.values())


def shifts_of(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """Return the endings of the names of the variations that a kind itself needs for a declaration.

    Raises:
        PluginCallError: the kind failed, or returned other objects than strings.
    """
    doing = f"naming the variations of systematic {systematic.name!r}"
    with asking(provided, SystematicKind, "shifts", doing) as kind:
        return strings(kind.shifts(systematic))


def _regions_of(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    doing = f"naming the control regions of systematic {systematic.name!r}"
    with asking(provided, SystematicKind, "control_regions", doing) as kind:
        return strings(kind.control_regions(systematic))


def _needs_variances(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> bool:
    doing = f"asking whether systematic {systematic.name!r} needs variances"
    with asking(provided, SystematicKind, "needs_variances", doing) as kind:
        needs: object = kind.needs_variances(systematic)
        if not isinstance(needs, bool):
            raise TypeError(f"got {shown(needs)}, expected True or False")
        return needs


def samples_of(
    provided: Provided[SystematicKind], systematic: SystematicUncertainty
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the other samples that a kind itself needs, as `Needs` has them.

    Raises:
        PluginCallError: the kind failed, or returned something else.
    """
    doing = f"naming the samples of systematic {systematic.name!r}"
    with asking(provided, SystematicKind, "samples", doing) as kind:
        returned: object = kind.samples(systematic)
        if not isinstance(returned, Mapping):
            raise TypeError(f"got {returned!r}, expected a dict of dicts: samples by name and process")
        if strange := [name for name in returned if not isinstance(name, str)]:
            raise TypeError(f"samples are named {strange[0]!r}, expected a string")
        return {plain(name): _by_process(name, of, systematic) for name, of in returned.items()}


def _by_process(name: object, given: object, systematic: SystematicUncertainty) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise TypeError(f"got {given!r} for {name!r}, expected a dict of samples by process")
    samples = {plain(process): strings(of) for process, of in given.items()}
    for process in samples:
        if process not in systematic.processes:
            raise ValueError(f"{name!r} is of process {process!r}{closest(process, systematic.processes)}")
    if without := [process for process in systematic.processes if not samples.get(process)]:
        raise ValueError(f"{name!r} names no sample for process {listing(map(repr, without))} of the declaration")
    return samples


def request_for(samples: tuple[str, ...], year: str) -> Request:
    """Return the request of other samples in a year."""
    # A column's name has no blank, so it cannot be the same.
    text = f"{listing(map(repr, samples))} of {year}"
    return Request(column=f"sample {text}", samples=tuple((sample, year) for sample in samples), adds_events=False)
