"""What each declaration means for one card: the columns it covers, and the rows of templates it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.inputs.histograms import NOMINAL
from datacard_core.model.channel import DATA
from datacard_core.plugins.calling import strings
from datacard_core.templates.rows import Layout, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.declare.systematics import SystematicUncertainty
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.channel import Column, IntArray
    from datacard_core.plugins.calling import Provided


@attrs.frozen(eq=False)
class _Needs:
    """One declaration, the n columns it covers in this card, and the variations it reads for each."""

    systematic: SystematicUncertainty
    kind: Provided[SystematicKind]
    positions: tuple[int, ...]
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""


@attrs.frozen(eq=False)
class Plan:
    """One declaration, and where what it needs stands in the card's layout."""

    systematic: SystematicUncertainty
    kind: Provided[SystematicKind]
    positions: IntArray
    """The columns that it covers in this card, shape (n,)."""
    labels: Mapping[str, tuple[str, ...]]
    """For each shift that the kind asks for, n variations as the output names them."""
    rows: Mapping[str, IntArray]
    """Likewise, their rows in the layout, shape (n,)."""
    values: tuple[Any, ...]
    """The declared value of each of the n columns."""

    @property
    def name(self) -> str:
        """The nuisance in the card."""
        return self.systematic.datacard_name

    def reads(self) -> Iterator[tuple[int, str, int]]:
        """Position of the column, variation and row, of everything that it reads."""
        for shift, labels in self.labels.items():
            yield from zip(self.positions.tolist(), labels, self.rows[shift].tolist(), strict=True)


def plan_card(declared: DeclaredCard) -> tuple[Layout, tuple[Plan, ...]]:
    """The rows of templates that a card needs, and a plan for each of its declarations.

    The layout has the card's columns first; the data, if there are any, come last.
    """
    columns = declared.columns
    needs = [_needs(declared, columns, systematic) for systematic in declared.all_systematics()]
    layout = Layout(_requests(declared, columns, needs))
    return layout, tuple(
        Plan(
            need.systematic,
            need.kind,
            np.array(need.positions, dtype=np.intp),
            need.labels,
            {shift: layout.rows_of(need.positions, labels) for shift, labels in need.labels.items()},
            tuple(
                need.systematic.value_for(columns[position].process, columns[position].year)
                for position in need.positions
            ),
        )
        for need in needs
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


def shifts_of(provided: Provided[SystematicKind], systematic: SystematicUncertainty) -> tuple[str, ...]:
    """What ends the names of the variations that a kind needs for a declaration.

    Raises:
        PluginCallError: the kind failed, or said something else.
    """
    with provided.blamed(f"naming the variations of systematic {systematic.name!r}") as kind:
        return strings(kind.shifts(systematic))


def _requests(declared: DeclaredCard, columns: Sequence[Column], needs: Sequence[_Needs]) -> tuple[Request, ...]:
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
        parts = tuple((sample, year) for year in years for sample in data.samples)
        requests.append(Request(DATA, parts, is_data=True))
    return tuple(requests)
