"""Plans: the columns that each declaration covers in one card, and the rows of templates that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.grammar import DATA
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.plugins.calling import strings
from datacard_core.templates.rows import Layout, Request
from datacard_core.treatments.shape_only import Variation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Column
    from datacard_core.plugins.calling import Provided


@attrs.frozen(eq=False)
class _Needs:
    """One declaration, the n columns it covers in this card, and the variations it reads for each."""

    systematic: SystematicUncertainty
    kind: Provided[SystematicKind]
    positions: tuple[int, ...]
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""


@attrs.frozen(eq=False, kw_only=True)
class Plan:
    """One declaration, and the places in the card's layout of the templates that it reads."""

    systematic: SystematicUncertainty
    kind: Provided[SystematicKind]
    positions: IntArray
    """Columns that the declaration covers in this card, shape (n,)."""
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""
    rows: Mapping[str, IntArray]
    """For each shift, the rows of these variations in the layout, shape (n,)."""
    values: tuple[Any, ...]
    """Declared value of each of the n columns."""

    @property
    def name(self) -> str:
        """Nuisance in the card."""
        return self.systematic.datacard_name

    def reads(self) -> Iterator[tuple[int, str, int]]:
        """Yield the column's position, the variation and the row of each template that the declaration reads."""
        for shift, labels in self.labels.items():
            yield from zip(self.positions.tolist(), labels, self.rows[shift].tolist(), strict=True)

    def variations(self, layout: Layout, columns: Sequence[Column]) -> Iterator[Variation]:
        """Yield each variation of the nuisance, with its rows in the layout."""
        processes = self.processes(columns)
        for shift, rows in self.rows.items():
            yield Variation(
                nuisance=self.name,
                shift=shift,
                processes=processes,
                nominal_rows=layout.starts[self.positions],
                rows=rows,
            )

    def processes(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return the process of each column that the declaration covers, n names."""
        return tuple(columns[position].process for position in self.positions)


def plan_card(declared: DeclaredCard) -> tuple[Layout, tuple[Plan, ...]]:
    """Return the rows of templates that a card needs, and a plan for each of its declarations.

    The layout has the card's columns first; the data, if any are declared, come last.
    """
    columns = declared.columns
    needs = [_needs(declared, columns, systematic) for systematic in declared.all_systematics()]
    layout = Layout(_requests(declared, columns, needs))
    return layout, tuple(_plan(need, layout, columns) for need in needs)


def norm_layout(declared: DeclaredCard, layout: Layout) -> Layout:
    """Return the layout that other categories are read with for shape-only totals.

    Its rows are those of the card, but only processes with a free parameter request samples. Histograms of
    further processes are not read, so that a fault in them, in another category, stops no card.
    """
    floating = {process.name for process in declared.floating}
    wanted = {column.name for column in declared.columns if column.process in floating}
    return Layout(
        tuple(request if request.column in wanted else attrs.evolve(request, samples=()) for request in layout.requests)
    )


def _needs(declared: DeclaredCard, columns: Sequence[Column], systematic: SystematicUncertainty) -> _Needs:
    provided = declared.plugins.kind(systematic.typ)
    shifts = shifts_of(provided, systematic)
    positions = tuple(
        position for position, column in enumerate(columns) if systematic.covers(column.process, column.year)
    )
    names = [systematic.get_coffea_name(columns[position].process, columns[position].year) for position in positions]
    labels = {shift: tuple(f"{name}{shift}" for name in names) for shift in shifts}
    return _Needs(systematic, provided, positions, labels)


def _plan(need: _Needs, layout: Layout, columns: Sequence[Column]) -> Plan:
    covered = [columns[position] for position in need.positions]
    return Plan(
        systematic=need.systematic,
        kind=need.kind,
        positions=np.array(need.positions, dtype=np.intp),
        labels=need.labels,
        rows={shift: layout.rows_of(need.positions, labels) for shift, labels in need.labels.items()},
        values=tuple(need.systematic.value_for(column.process, column.year) for column in covered),
    )


def shifts_of(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """Return the endings of the names of the variations that a kind needs for a declaration.

    Raises:
        PluginCallError: the kind failed, or returned other objects than strings.
    """
    with provided.blamed(f"naming the variations of systematic {systematic.name!r}") as kind:
        return strings(kind.shifts(systematic))


def _requests(declared: DeclaredCard, columns: Sequence[Column], needs: Sequence[_Needs]) -> tuple[Request, ...]:
    # Dicts serve as ordered sets: the nominal stays first, and a variation of two nuisances has one row.
    labels: list[dict[str, None]] = [{NOMINAL: None} for _ in columns]
    for need in needs:
        for of_shift in need.labels.values():
            for position, label in zip(need.positions, of_shift, strict=True):
                labels[position][label] = None
    requests = [
        Request(
            column.name,
            tuple((sample, column.year) for sample in declared.mc_processes[column.process].samples),
            tuple(needed),
        )
        for column, needed in zip(columns, labels, strict=True)
    ]
    if data := declared.data_process:
        years = [year for year in data.years if year in declared.years]
        samples = tuple((sample, year) for year in years for sample in data.samples)
        # Last, so that the positions of columns and of their requests agree.
        requests.append(Request(DATA, samples, is_data=True))
    return tuple(requests)
