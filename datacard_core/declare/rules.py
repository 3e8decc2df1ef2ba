"""Rules on a single declaration of a systematic, independent of its kind and of other declarations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import Foreign, foreign_in, scalar, scalars, tree, type_of
from datacard_core.declare.processes import Process
from datacard_core.declare.values import own, plain_processes, plain_value
from datacard_core.grammar import group_problem, name_problem, year_problem
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Iterator


def _names_or_none(years: Any) -> Any:
    return None if years is None else scalars(years)


@attrs.frozen(kw_only=True)
class GivenSystematic:
    """The arguments of a systematic as a script gave them, in Python's own types and not yet checked."""

    name: Any = attrs.field(converter=scalar)
    typ: Any = attrs.field(converter=scalar)
    processes: Any = attrs.field(converter=plain_processes)
    """Names of processes, or their values by name."""
    years: Any = attrs.field(converter=_names_or_none)
    value: Any = attrs.field(converter=plain_value)
    datacard_name: Any = attrs.field(converter=scalar)
    coffea_name_alias: Any = attrs.field(converter=tree)
    options: Any = attrs.field(converter=own)
    categories: Any = attrs.field(converter=_names_or_none)
    fraction: Any = attrs.field(converter=plain_value)
    groups: Any = attrs.field(converter=scalars)
    nofloat: Any = attrs.field(converter=scalar)

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each fault."""
        # The name is also the default of two further arguments, whose messages would only repeat this problem.
        if not isinstance(self.name, str):
            yield f"name {self.name!r} is a {type_of(self.name)}, expected a string"
            return
        if problem := name_problem("datacard_name", self.datacard_name):
            yield problem
        if not isinstance(self.typ, str) or not self.typ:
            yield f"typ {self.typ!r} is not a kind, expected a string such as 'lnN' or 'shape'"
        # A declaration with none of the three covers no column, and its kind must allow that.
        if self.processes is not None:
            yield from _process_problems(self.processes, self.value)
            yield from _year_problems(self)
        elif self.years is not None or self.value is not None:
            yield (
                "has no processes: give the processes that it applies to, or leave out years and value for a kind that "
                "acts on none"
            )
        yield from _alias_problems(self)
        if not isinstance(self.options, Mapping):
            yield f"options {self.options!r} is a {type_of(self.options)}, expected a dict"
        elif strange := foreign_in(self.options):
            yield f"options hold {strange!r} ({type_of(strange)}), which cannot be printed, compared, or read at all"
        yield from _category_problems(self.categories)
        yield from _fraction_problems(self.fraction)
        yield from self._fraction_place_problems()
        yield from _group_problems(self.groups)
        if not isinstance(self.nofloat, bool):
            yield f"nofloat is {self.nofloat!r}, expected True or False"

    def _fraction_place_problems(self) -> Iterator[str]:
        for process in self.fraction if isinstance(self.fraction, Mapping) else ():
            if process not in (known := self.processes or ()):
                yield f"fraction is given for {process!r}, which is not in its processes{closest(process, known)}"


def _group_problems(groups: tuple[Any, ...]) -> Iterator[str]:
    yield from filter(None, map(group_problem, groups))
    if twice := duplicates(groups):
        yield f"lists group {', '.join(map(str, twice))} twice"


def _category_problems(categories: tuple[Any, ...] | None) -> Iterator[str]:
    if categories is None:
        return
    if not categories:
        yield "categories is empty: no card would have it"
    if twice := duplicates(categories):
        yield f"lists category {', '.join(twice)} twice"
    for category in categories:
        if not isinstance(category, str) or not category:
            yield f"category {category!r} is not the name of a category"


def _fraction_problems(fraction: Any) -> Iterator[str]:
    if isinstance(fraction, Mapping):
        for key, entry in fraction.items():
            yield from (f"{key}: {problem}" for problem in _fraction_problems(entry))
    elif not isinstance(fraction, float) or not 0 < abs(fraction) <= 1:
        yield f"fraction is {fraction!r}, expected a number from -1 to 1, but not 0"


def _process_problems(processes: Any, value: Any) -> Iterator[str]:
    values = processes.values() if isinstance(processes, Mapping) else ()
    # Told alone: with objects in the place of names, the rules below would report each of them again.
    if objects := [held for held in (*processes, *values) if isinstance(held, Process)]:
        names = listing(repr(process.name) for process in objects)
        yield f"processes holds {type(objects[0]).__name__} objects ({names}): give names, such as list(mc_processes)"
        return
    # True for no process at all, and for an empty string, which is converted to a tuple of that string.
    if all(isinstance(process, str) and not process for process in processes):
        yield "processes is empty: it would be a row without effect"
    for process in processes:
        if not isinstance(process, str):
            yield f"process {process!r} is a {type_of(process)}, expected the name of a process"
    if isinstance(processes, Mapping):
        yield from _problems_of_values_by_process(processes, value)
    else:
        yield from _problems_of_one_value(processes, value)


def _problems_of_values_by_process(processes: Mapping[str, Any], value: Any) -> Iterator[str]:
    if value is not None:
        yield "has a value and a dict of processes with values: give one of the two"
    for process, its_value in processes.items():
        yield from (f"{process}: {problem}" for problem in _value_problems(its_value))


def _problems_of_one_value(processes: tuple[str, ...], value: Any) -> Iterator[str]:
    if twice := duplicates(processes):
        yield f"lists process {', '.join(twice)} twice"
    if value is None:
        yield "has no value: give one for all processes (1.0 for a shape), or a dict {process: value}"
    elif _is_by_process(processes, value):
        yield f"value is a dict by process: declare processes={value!r}, and no value"
    else:
        yield from _value_problems(value)


def _is_by_process(processes: Any, value: Any) -> bool:
    """Return whether `value` is a dict by process, although a dict in this argument is by year."""
    return isinstance(value, Mapping) and any(name in processes for name in value)


def _value_problems(value: Any) -> Iterator[str]:
    """Yield a sentence for each value that no kind could use; the kind judges the rest."""
    if isinstance(value, Mapping):
        if not value:
            yield "has a dict of values by year that is empty"
        for year, entry in value.items():
            yield from (f"{year}: {problem}" for problem in _value_problems(entry))
    # Python counts True as the integer 1, but as a value it is a mistake: it stays a bool until it is refused here.
    elif isinstance(value, Foreign):
        yield f"value {value!r} ({type_of(value)}) cannot be printed, compared, or read at all"
    elif value is None or isinstance(value, bool):
        yield f"value {value!r} is not a number"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"value {value!r} is not finite"
    elif isinstance(value, tuple):
        for entry in value:
            yield from _value_problems(entry)


def _year_problems(given: GivenSystematic) -> Iterator[str]:
    values = _declared_values(given)
    named = dict.fromkeys(year for by_year in values if isinstance(by_year, Mapping) for year in by_year)
    if given.years is None:
        if not named or not all(isinstance(value, Mapping) for value in values):
            yield "has no years: give the years that it applies to"
        yield from filter(None, (year_problem("year", year) for year in named))
        return
    yield from _problems_of_listed_years(given.years)
    # A year that is not a string is told by its type. It cannot be sorted with strings, so it is left out below.
    yield from filter(None, (year_problem("year", year) for year in named if not isinstance(year, str)))
    if extra := sorted(year for year in named if isinstance(year, str) and year not in given.years):
        yield f"has values for {listing(extra)}, which its years {list(given.years)} do not list"


def _declared_values(given: GivenSystematic) -> list[Any]:
    if isinstance(given.processes, Mapping):
        return list(given.processes.values())
    return [] if _is_by_process(given.processes, given.value) else [given.value]


def _problems_of_listed_years(years: tuple[str, ...]) -> Iterator[str]:
    if not years:
        yield "years is empty: it would be a row without effect"
    if twice := duplicates(years):
        yield f"lists year {', '.join(twice)} twice"
    yield from filter(None, (year_problem("year", year) for year in years))


def _alias_problems(given: GivenSystematic) -> Iterator[str]:
    alias = given.coffea_name_alias
    if alias == given.name == given.datacard_name:
        return  # One name serves as all three; its problem is told for the nuisance.
    if isinstance(alias, Mapping):
        # Scripts share one dict between several systematics, so it may list further processes.
        for process, entry in alias.items():
            yield from _problems_of_alias(given, process, entry)
    elif not _is_variation(alias):
        yield f"coffea_name_alias {alias!r} is not the name of a variation, nor a dict {{process: name}}"


def _problems_of_alias(given: GivenSystematic, process: str, entry: Any) -> Iterator[str]:
    by_year = entry if isinstance(entry, Mapping) else {}
    names = by_year.values() if isinstance(entry, Mapping) else [entry]
    if bad := [name for name in names if not _is_variation(name)]:
        yield f"coffea_name_alias of {process!r} is {bad[0]!r}, expected the name of a variation"
    years = given.years
    if years is None or process not in (given.processes or ()):
        return
    if extra := [year for year in by_year if year not in years]:
        theirs = listing(map(repr, extra))
        yield f"coffea_name_alias of {process!r} lists year {theirs}, which its years {list(years)} do not"


def _is_variation(name: Any) -> bool:
    return isinstance(name, str) and bool(name)
