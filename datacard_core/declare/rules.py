"""What one declaration of a systematic can have wrong in itself, whatever the kind and the other declarations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datacard_core.declare.processes import Process
from datacard_core.names import duplicates, listing, name_problem, year_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.declare.systematics import SystematicUncertainty


def contradictions(systematic: SystematicUncertainty) -> Iterator[str | None]:
    """Sentences about a systematic whose fields are as the script gave them; None where nothing is wrong."""
    if not isinstance(systematic.name, str):
        yield f"name {systematic.name!r} is a {type(systematic.name).__name__}, expected a string"
        return
    yield name_problem("datacard_name", systematic.datacard_name)
    if not isinstance(systematic.typ, str) or not systematic.typ:
        yield f"typ {systematic.typ!r} is no kind, expected a string such as 'lnN' or 'shape'"
    yield from _process_problems(systematic.processes, systematic.value)
    yield from _year_problems(systematic)
    yield from _alias_problems(systematic)
    if not isinstance(systematic.options, Mapping):
        yield f"options {systematic.options!r} is a {type(systematic.options).__name__}, expected a dict"


def _process_problems(processes: Any, value: Any) -> Iterator[str]:
    values = processes.values() if isinstance(processes, Mapping) else ()
    if objects := [held for held in (*processes, *values) if isinstance(held, Process)]:
        names = listing(repr(process.name) for process in objects)
        yield f"processes holds {type(objects[0]).__name__} objects ({names}): give names, such as list(mc_processes)"
        return
    if all(isinstance(process, str) and not process for process in processes):
        yield "processes is empty: it would be a row without effect"
    for process in processes:
        if not isinstance(process, str):
            yield f"process {process!r} is a {type(process).__name__}, expected the name of a process"
    yield from _values_by_process(processes, value) if isinstance(processes, Mapping) else _one_value(processes, value)


def _values_by_process(processes: Mapping[str, Any], value: Any) -> Iterator[str]:
    if value is not None:
        yield "has a value and a dict of processes with values: give one of the two"
    for process, its_value in processes.items():
        yield from (f"{process}: {problem}" for problem in _value_problems(its_value))


def _one_value(processes: tuple[str, ...], value: Any) -> Iterator[str]:
    if twice := duplicates(processes):
        yield f"lists process {', '.join(twice)} twice"
    if value is None:
        yield "has no value: give one for all processes (1.0 for a shape), or a dict {process: value}"
    elif _is_by_process(processes, value):
        yield f"value is a dict by process: declare processes={value!r}, and no value"
    else:
        yield from _value_problems(value)


def _is_by_process(processes: Any, value: Any) -> bool:
    """Whether the values by process stand in the argument whose dicts are by year."""
    return isinstance(value, Mapping) and any(name in processes for name in value)


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


def _year_problems(systematic: SystematicUncertainty) -> Iterator[str | None]:
    values = _declared_values(systematic)
    named = dict.fromkeys(year for by_year in values if isinstance(by_year, Mapping) for year in by_year)
    if systematic.years is None:
        if not named or not all(isinstance(value, Mapping) for value in values):
            yield "has no years: give the years that it applies to"
        yield from (year_problem("year", year) for year in named)
        return
    yield from _listed_year_problems(systematic.years)
    yield from (year_problem("year", year) for year in named if not isinstance(year, str))
    if extra := sorted(year for year in named if isinstance(year, str) and year not in systematic.years):
        yield f"has values for {listing(extra)}, which its years {list(systematic.years)} do not list"


def _declared_values(systematic: SystematicUncertainty) -> list[Any]:
    processes, value = systematic.processes, systematic.value
    if isinstance(processes, Mapping):
        return list(processes.values())
    return [] if _is_by_process(processes, value) else [value]


def _listed_year_problems(years: tuple[str, ...]) -> Iterator[str | None]:
    if not years:
        yield "years is empty: it would be a row without effect"
    if twice := duplicates(years):
        yield f"lists year {', '.join(twice)} twice"
    yield from (year_problem("year", year) for year in years)


def _alias_problems(systematic: SystematicUncertainty) -> Iterator[str]:
    alias = systematic.coffea_name_alias
    if alias == systematic.name == systematic.datacard_name:
        return  # one name for all three, whose problem is told as that of the nuisance
    if isinstance(alias, Mapping):
        # It may list processes that the systematic does not: scripts share one dict between several systematics.
        for process, entry in alias.items():
            yield from _entry_problems(systematic, process, entry)
    elif not _is_variation(alias):
        yield f"coffea_name_alias {alias!r} is no name of a variation, nor a dict {{process: name}}"


def _entry_problems(systematic: SystematicUncertainty, process: str, entry: Any) -> Iterator[str]:
    by_year = entry if isinstance(entry, Mapping) else {}
    names = by_year.values() if isinstance(entry, Mapping) else [entry]
    if bad := [name for name in names if not _is_variation(name)]:
        yield f"coffea_name_alias of {process!r} is {bad[0]!r}, expected the name of a variation"
    years = systematic.years
    if years is None or process not in systematic.processes:
        return
    if extra := [year for year in by_year if year not in years]:
        theirs = listing(map(repr, extra))
        yield f"coffea_name_alias of {process!r} lists year {theirs}, which its years {list(years)} do not"


def _is_variation(name: Any) -> bool:
    return isinstance(name, str) and bool(name)
