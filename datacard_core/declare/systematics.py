"""Systematic uncertainties: what an analysis declares, and what becomes one row of the card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.declare.container import DeclarationDict
from datacard_core.declare.rules import contradictions
from datacard_core.declare.values import SameForAll, in_words, own, plain_processes, plain_value
from datacard_core.errors import DeclarationError
from datacard_core.names import listing, names_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.declare.processes import Process

Value: TypeAlias = float | tuple[float, float]
"""A number, or a (down, up) pair."""

DIRECTIONS = ("Up", "Down")
"""What ends the name of a variation, in the output and in the card."""


def _years(years: Any) -> Any:
    return None if years is None else names_of(years)


def _options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    kept: Mapping[str, Any] = own(options)
    return kept


@attrs.frozen
class SystematicUncertainty:
    """One source of uncertainty, on some processes for some years.

    `processes` is read back as `{process: value}`, whichever way it was given. A value may differ by year:
    `processes={"ttbar": {"2022": 1.014, "2023": 1.013}}`, and so may an alias.
    """

    name: str = attrs.field(converter=plain)
    """For people; also the variation to look up and the nuisance in the card, unless said otherwise below."""
    typ: str = attrs.field(converter=plain)
    """The kind, such as "lnN" or "shape"; a selected plugin brings it."""
    processes: Mapping[str, Any] = attrs.field(converter=plain_processes)
    years: tuple[str, ...] = attrs.field(default=None, converter=_years)
    """The years it covers; may be left out where every process has values by year."""
    value: Any = attrs.field(default=None, converter=plain_value, eq=False)
    """A number, a (down, up) pair or a dict by year, for all processes; omitted where `processes` is a dict."""
    datacard_name: str = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True), converter=plain)
    """The nuisance in the card; declarations that share it are one nuisance."""
    coffea_name_alias: Any = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True), converter=own)
    """The variation in the output, without Up or Down: one name, `{process: name}` or `{process: {year: name}}`."""
    options: Mapping[str, Any] = attrs.field(factory=dict, converter=_options, kw_only=True)
    """What a kind takes beyond a value, as each kind documents; lists and arrays are kept as tuples."""
    _merged: tuple[SystematicUncertainty, ...] = attrs.field(default=(), init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._read_as_meant()
        if problems := dict.fromkeys(problem for problem in contradictions(self) if problem):
            raise DeclarationError(f"systematic {self.name!r}: {problem}" for problem in problems)
        if not isinstance(self.processes, Mapping):
            object.__setattr__(self, "processes", SameForAll(dict.fromkeys(self.processes, self.value)))
        if self.years is None:
            by_year = [year for values in self.processes.values() for year in values]
            object.__setattr__(self, "years", tuple(dict.fromkeys(by_year)))

    def _read_as_meant(self) -> None:
        # Left out and None mean the same to the scripts that this interface comes from.
        for field in ("datacard_name", "coffea_name_alias"):
            if getattr(self, field) is None:
                object.__setattr__(self, field, self.name)
        # A changed copy is made of what is read back, where the one value stands twice.
        if isinstance(self.processes, SameForAll) and self.value is not None:
            object.__setattr__(self, "processes", tuple(self.processes))

    @property
    def merged_from(self) -> tuple[SystematicUncertainty, ...]:
        """The declarations that were merged into this one; itself, if there were none."""
        return self._merged or (self,)

    def covers(self, process: str, year: str) -> bool:
        """Whether it has an effect on that column."""
        if process not in self.processes or year not in self.years:
            return False
        value = self.processes[process]
        return not isinstance(value, dict) or year in value

    def value_for(self, process: str, year: str) -> Any:
        """The value of a column that it covers."""
        value = self.processes[process]
        return value[year] if isinstance(value, dict) else value

    def distinct_values(self) -> Iterator[tuple[str, Any]]:
        """Every value once, behind the columns that have it: `("ttbar, vjets (2022, 2023)", 1.05)`."""
        alike: dict[str, list[tuple[str, str]]] = {}
        for column in self.columns():
            alike.setdefault(repr(self.value_for(*column)), []).append(column)
        return ((in_words(columns), self.value_for(*columns[0])) for columns in alike.values())

    def get_coffea_name(self, process: str, year: str | None = None) -> str:
        """The variation to look up for a process (and year), without Up or Down; `name` where no alias lists it."""
        alias = self.coffea_name_alias
        if isinstance(alias, dict):
            alias = alias.get(process, self.name)
        if isinstance(alias, dict):
            alias = alias.get(year, self.name)
        return str(alias)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (process, year) that it covers."""
        return ((process, year) for process in self.processes for year in self.years if self.covers(process, year))


class Systematics(DeclarationDict[SystematicUncertainty]):
    """The nuisances by their name in the card, in the order of its rows.

    DeclarationDict that share a `datacard_name` are one nuisance: where their columns (process and year) are
    disjoint and their `typ` and options agree, the entry is the merged declaration; where not, it is an error.
    """

    _type = SystematicUncertainty
    _key = "datacard_name"

    def __init__(self, systematics: Iterable[SystematicUncertainty] | Mapping[str, SystematicUncertainty] = ()) -> None:
        super().__init__(systematics)

    @property
    def variations_names(self) -> list[str]:
        """Names of the shape variations as they stand in the card, `{datacard_name}Up` and `…Down`."""
        return [f"{name}{direction}" for name in self.list_type("shape") for direction in DIRECTIONS]

    def n_systematics(self) -> int:
        """Number of nuisances."""
        return len(self)

    def list_type(self, syst_type: str) -> list[str]:
        """Names of the nuisances of one kind."""
        return [name for name, systematic in self.items() if systematic.typ == syst_type]

    def get_systematics_by_type(self, syst_type: str) -> dict[str, SystematicUncertainty]:
        """The nuisances of one kind."""
        return {name: self[name] for name in self.list_type(syst_type)}

    def get_systematics_by_process(self, process: Process) -> dict[str, SystematicUncertainty]:
        """The nuisances that affect a process."""
        return {name: systematic for name, systematic in self.items() if process.name in systematic.processes}

    def _checked(self, value: SystematicUncertainty) -> SystematicUncertainty:
        kept = self.get(value.datacard_name)
        if kept is None:
            return value
        # A part that is there already is assigned again where a notebook cell is run twice.
        for part in value.merged_from:
            if part != kept and part not in kept.merged_from:
                kept = merged(kept, part)
        return kept


def merged(first: SystematicUncertainty, second: SystematicUncertainty) -> SystematicUncertainty:
    """Two declarations of one nuisance on different columns, as one.

    Raises:
        DeclarationError: they overlap, or disagree in `typ` or options.
    """
    if problems := list(_differences(first, second)) or list(_overlaps(first, second)):
        raise DeclarationError(problems)
    values: dict[str, dict[str, Any]] = {}
    aliases: dict[str, dict[str, str]] = {}
    for part in (first, second):
        for process, year in part.columns():
            values.setdefault(process, {})[year] = part.value_for(process, year)
            aliases.setdefault(process, {})[year] = part.get_coffea_name(process, year)
    both = attrs.evolve(
        first,
        processes=values,
        years=tuple(dict.fromkeys((*first.years, *second.years))),
        value=None,
        coffea_name_alias=aliases,
    )
    object.__setattr__(both, "_merged", (*first.merged_from, *second.merged_from))
    return both


def _differences(first: SystematicUncertainty, second: SystematicUncertainty) -> Iterator[str]:
    for field in ("typ", "options"):
        ours, theirs = getattr(first, field), getattr(second, field)
        if ours != theirs:
            yield f"{_both(first, second)}, and their {field} differs: {ours!r} and {theirs!r}"


def _overlaps(first: SystematicUncertainty, second: SystematicUncertainty) -> Iterator[str]:
    columns = set(second.columns())
    for part in first.merged_from:
        if overlap := sorted(columns.intersection(part.columns())):
            yield (
                f"{_both(part, second)} and both cover {listing(f'{process} {year}' for process, year in overlap)}: "
                "give one of them another datacard_name, take the overlap out, or `del` the first to declare it anew"
            )


def _both(first: SystematicUncertainty, second: SystematicUncertainty) -> str:
    return f"systematics {first.name!r} and {second.name!r} are both the nuisance {first.datacard_name!r}"
