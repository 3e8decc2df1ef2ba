"""Systematic uncertainties: what an analysis declares, and what becomes one row of the card."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from datacard_core.declarations import Declarations
from datacard_core.errors import DeclarationError
from datacard_core.names import duplicates, listing, name_problem, names_of, year_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.processes import Process

Value: TypeAlias = float | tuple[float, float]
"""A number, or a (down, up) pair."""

DIRECTIONS = ("Up", "Down")
"""What ends the name of a variation, in the output and in the card."""


def _plain(value: Any) -> Any:
    """Numbers of any library as floats, and pairs of them as tuples; all else as it is, for a kind to judge."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_plain(entry) for entry in value)
    return value


def _processes(processes: Any) -> Any:
    return _plain(processes) if isinstance(processes, Mapping) else names_of(processes)


def _years(years: Any) -> Any:
    return None if years is None else names_of(years)


def _copied(mapping: Any) -> Any:
    return {key: _copied(entry) for key, entry in mapping.items()} if isinstance(mapping, Mapping) else mapping


@attrs.frozen
class SystematicUncertainty:
    """One source of uncertainty, on some processes for some years.

    `processes` is read back as `{process: value}`, whichever way it was given. A value may differ by year:
    `processes={"ttbar": {"2022": 1.014, "2023": 1.013}}`, and so may an alias.
    """

    name: str
    """For people; also the variation to look up and the nuisance in the card, unless said otherwise below."""
    typ: str
    """The kind, such as "lnN" or "shape"; a selected plugin brings it."""
    processes: Mapping[str, Any] = attrs.field(converter=_processes)
    years: tuple[str, ...] = attrs.field(default=None, converter=_years)
    """The years it covers; may be left out where every process has values by year."""
    value: Any = attrs.field(default=None, converter=_plain)
    """A number or a (down, up) pair for all processes; omitted where `processes` is a dict."""
    datacard_name: str = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True))
    """The nuisance in the card; declarations that share it are one nuisance."""
    coffea_name_alias: Any = attrs.field(
        default=attrs.Factory(lambda self: self.name, takes_self=True), converter=_copied
    )
    """The variation in the output, without Up or Down: one name, `{process: name}` or `{process: {year: name}}`."""
    options: Mapping[str, Any] = attrs.field(factory=dict, converter=dict, kw_only=True)
    """What a kind takes beyond a value; each kind documents its own."""

    def __attrs_post_init__(self) -> None:
        # Left out and None mean the same to the scripts that this interface comes from.
        for field in ("datacard_name", "coffea_name_alias"):
            if getattr(self, field) is None:
                object.__setattr__(self, field, self.name)
        if problems := [f"systematic {self.name!r}: {problem}" for problem in self._problems() if problem]:
            raise DeclarationError(problems)
        if not isinstance(self.processes, Mapping):
            object.__setattr__(self, "processes", dict.fromkeys(self.processes, self.value))
        if self.years is None:
            by_year = [year for values in self.processes.values() for year in values]
            object.__setattr__(self, "years", tuple(dict.fromkeys(by_year)))

    def covers(self, process: str, year: str) -> bool:
        """Whether it has an effect on that column."""
        if process not in self.processes or year not in self.years:
            return False
        value = self.processes[process]
        return not isinstance(value, Mapping) or year in value

    def value_for(self, process: str, year: str) -> Any:
        """The value of a column that it covers."""
        value = self.processes[process]
        return value[year] if isinstance(value, Mapping) else value

    def get_coffea_name(self, process: str, year: str | None = None) -> str:
        """The variation to look up for a process (and year), without Up or Down; `name` where no alias lists it."""
        alias = self.coffea_name_alias
        if isinstance(alias, Mapping):
            alias = alias.get(process, self.name)
        if isinstance(alias, Mapping):
            alias = alias.get(year, self.name)
        return str(alias)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (process, year) that it covers."""
        return ((process, year) for process in self.processes for year in self.years if self.covers(process, year))

    def _problems(self) -> Iterator[str | None]:
        yield name_problem("datacard_name", self.datacard_name)
        if not isinstance(self.typ, str) or not self.typ:
            yield f"typ {self.typ!r} is no kind, expected a string such as 'lnN' or 'shape'"
        yield from self._process_problems()
        yield from self._year_problems()
        yield from self._alias_problems()

    def _process_problems(self) -> Iterator[str]:
        if not self.processes:
            yield "processes is empty: it would be a row without effect"
        if isinstance(self.processes, Mapping):
            if self.value is not None:
                yield "has a value and a dict of processes with values: give one of the two"
            for process, value in self.processes.items():
                yield from (f"{process}: {problem}" for problem in _value_problems(value))
            return
        if twice := duplicates(self.processes):
            yield f"lists process {', '.join(twice)} twice"
        if self.value is None:
            yield "has no value: give one for all processes (1.0 for a shape), or a dict {process: value}"
        else:
            yield from _value_problems(self.value)

    def _year_problems(self) -> Iterator[str | None]:
        by_year = (
            [value for value in self.processes.values() if isinstance(value, Mapping)]
            if isinstance(self.processes, Mapping)
            else []
        )
        if self.years is None:
            if len(by_year) < len(self.processes) or not by_year:
                yield "has no years: give the years that it applies to"
            return
        if not self.years:
            yield "years is empty: it would be a row without effect"
        if twice := duplicates(self.years):
            yield f"lists year {', '.join(twice)} twice"
        yield from (year_problem("year", year) for year in self.years)
        if extra := sorted({str(year) for values in by_year for year in values if year not in self.years}):
            yield f"has values for {listing(extra)}, which its years {list(self.years)} do not list"

    def _alias_problems(self) -> Iterator[str]:
        alias = self.coffea_name_alias
        if isinstance(alias, str):
            return
        if not isinstance(alias, Mapping):
            yield f"coffea_name_alias {alias!r} is no name of a variation, nor a dict {{process: name}}"
            return
        for process, entry in alias.items():
            if process not in self.processes:
                yield f"coffea_name_alias lists process {process!r}, which its processes do not"
            names = entry.values() if isinstance(entry, Mapping) else [entry]
            if bad := [name for name in names if not isinstance(name, str)]:
                yield f"coffea_name_alias of {process!r} is {bad[0]!r}, expected the name of a variation"


class Systematics(Declarations[SystematicUncertainty]):
    """The nuisances by their name in the card, in the order of its rows.

    Declarations that share a `datacard_name` are one nuisance: where their columns (process and year) are
    disjoint and their `typ` and options agree, the entry is the merged declaration; where not, it is an error.
    """

    _type = SystematicUncertainty
    _key = "datacard_name"

    def __init__(self, systematics: Iterable[SystematicUncertainty] = ()) -> None:
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
        present = self.get(value.datacard_name)
        return value if present in (None, value) else merged(present, value)


def merged(first: SystematicUncertainty, second: SystematicUncertainty) -> SystematicUncertainty:
    """Two declarations of one nuisance on different columns, as one.

    Raises:
        DeclarationError: they overlap, or disagree in `typ` or options.
    """
    both = f"systematics {first.name!r} and {second.name!r} are both the nuisance {first.datacard_name!r}"
    for field in ("typ", "options"):
        ours, theirs = getattr(first, field), getattr(second, field)
        if ours != theirs:
            raise DeclarationError(f"{both}, and their {field} differs: {ours!r} and {theirs!r}")
    if overlap := sorted(set(first.columns()) & set(second.columns())):
        where = listing(f"{process} {year}" for process, year in overlap)
        raise DeclarationError(
            f"{both} and both cover {where}: give one of them another datacard_name, or take the overlap out"
        )
    values: dict[str, dict[str, Any]] = {}
    aliases: dict[str, dict[str, str]] = {}
    for part in (first, second):
        for process, year in part.columns():
            values.setdefault(process, {})[year] = part.value_for(process, year)
            aliases.setdefault(process, {})[year] = part.get_coffea_name(process, year)
    return attrs.evolve(
        first,
        processes=values,
        years=tuple(dict.fromkeys((*first.years, *second.years))),
        value=None,
        coffea_name_alias=aliases,
    )


def _value_problems(value: Any) -> Iterator[str]:
    """What no kind could mean: the rest is for the kind to judge."""
    if isinstance(value, Mapping):
        if not value:
            yield "has a dict of values by year that is empty"
        for year, entry in value.items():
            yield from (f"{year}: {problem}" for problem in _value_problems(entry))
    elif value is None or isinstance(value, bool):
        yield f"value {value!r} is no number"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"value {value!r} is not finite"
    elif isinstance(value, tuple):
        for entry in value:
            yield from _value_problems(entry)
