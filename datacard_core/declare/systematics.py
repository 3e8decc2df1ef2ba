"""Systematic uncertainties: the declarations of an analysis, each of which becomes one row of the card."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from datacard_core.arguments import given_text, scalar, scalars, shown
from datacard_core.declare.container import DeclarationDict
from datacard_core.declare.declaration import Declaration, as_dataclass
from datacard_core.declare.processes import Process
from datacard_core.declare.rules import GivenSystematic
from datacard_core.declare.values import ReadOnlyDict, SameForAll, in_words, read_only_copy
from datacard_core.errors import DeclarationError
from datacard_core.grammar import DIRECTIONS, SHAPE, SHAPE_KEYWORDS, joint_kind
from datacard_core.names import closest, listing, misspelt, public

if TYPE_CHECKING:
    from collections.abc import Iterator


Value: TypeAlias = float | tuple[float, float]
"""A number, or a (down, up) pair."""


# A default argument is shared by all calls: it is read-only, so that no declaration can change it.
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@public
@as_dataclass
@attrs.define(init=False, slots=False, on_setattr=attrs.setters.NO_OP)
class SystematicUncertainty(Declaration):
    """One source of uncertainty, on some processes for some years.

    `processes` is read back as `{process: value}`, in each of the forms that it can be given. A value may differ by
    year: `processes={"ttbar": {"2022": 1.014, "2023": 1.013}}`, and so may an alias. A declaration without processes,
    years and value covers no column; its kind must be one of those that need none, such as a group of nuisances.
    """

    name: str
    """Name for people; also the variation to look up and the nuisance in the card, unless given below."""
    typ: str
    """Kind, such as "lnN" or "shape"; a selected plugin brings it."""
    processes: dict[str, Any] = attrs.field(repr=shown)
    # The default is that of the argument. Frozen copies have a tuple, and are equal to what they are copies of.
    years: list[str] = attrs.field(default=None, eq=tuple, repr=shown)
    """Years that are covered; may be left out where each process has values by year."""
    # Not compared, because `processes` holds the same values in every form of a declaration.
    value: Any = attrs.field(default=None, eq=False, repr=shown)
    """A number, a (down, up) pair or a dict by year, for all processes; omitted where `processes` is a dict."""
    datacard_name: str = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True))
    """Nuisance in the card; declarations that share it are one nuisance."""
    coffea_name_alias: Any = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True), repr=shown)
    """Variation in the output, without Up or Down: one name, `{process: name}` or `{process: {year: name}}`."""
    options: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True, repr=shown)
    """Further arguments of the kind, as each kind documents; lists and arrays are kept as tuples."""
    categories: tuple[str, ...] | None = attrs.field(default=None, kw_only=True)
    """Categories whose cards have the systematic, all if not given."""
    fraction: Any = attrs.field(default=1.0, kw_only=True)
    """Part of the uncertainty that the nuisance carries, which `correlate` sets: a number from -1 to 1, but not 0, or
    `{process: number}` or `{process: {year: number}}`. Templates become nominal + fraction·(variation - nominal), and
    factors are raised to its power; a number below 0 exchanges Up and Down."""
    groups: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """Groups of parameters that the nuisance is a member of."""
    nofloat: bool = attrs.field(default=False, kw_only=True)
    """True if Combine is to mark the parameter as constrained by all channels: `[nofloat]`."""
    _moves: ClassVar[Mapping[str, tuple[str, ...]]] = {"value": ("processes",), "processes": ("value",)}

    def __init__(
        self,
        name: str,
        typ: str,
        processes: Iterable[str] | Mapping[str, Any] | None = None,
        years: Iterable[str] | None = None,
        value: Any = None,
        datacard_name: str | None = None,
        coffea_name_alias: Any = None,
        *,
        options: Mapping[str, Any] = _NO_OPTIONS,
        categories: Iterable[str] | None = None,
        fraction: Any = 1.0,
        groups: Iterable[str] = (),
        nofloat: bool = False,
    ) -> None:
        if isinstance(processes, SameForAll) and value is not None:
            processes, value = _read_back(processes, value)
        elif isinstance(processes, SameForAll | ReadOnlyDict) and not processes and not years:
            processes = years = None
        given = GivenSystematic(
            name=name,
            typ=typ,
            processes=processes,
            years=years,
            value=value,
            datacard_name=name if datacard_name is None else datacard_name,
            coffea_name_alias=name if coffea_name_alias is None else coffea_name_alias,
            options=options,
            categories=categories,
            fraction=fraction,
            groups=groups,
            nofloat=nofloat,
        )
        if problems := dict.fromkeys(given.problems()):
            raise DeclarationError(f"systematic {given.name!r}: {problem}" for problem in problems)
        values = given.processes
        if not isinstance(values, Mapping):
            values = SameForAll.of(values or (), given.value)
        kept = given.years
        # The rules have made sure that all values are by year if no years are given.
        if kept is None:
            kept = dict.fromkeys(year for by_year in values.values() for year in by_year)
        fields = {**attrs.asdict(given, recurse=False), "processes": values, "years": list(kept)}
        self._merged: tuple[SystematicUncertainty, ...] = ()
        # At once: an assignment of each field would be looked at by `__setattr__`.
        self.__dict__.update(fields, _is_checked=True)

    def _with(self, field: str, value: Any) -> SystematicUncertainty:
        # Values by process take the place of one value for all processes.
        dropped = {"value": None} if field == "processes" and isinstance(value, Mapping) else {}
        return attrs.evolve(self, **{**dropped, field: value})

    def frozen(self) -> SystematicUncertainty:
        """Return a read-only copy for a card.

        Raises:
            DeclarationError: lists or dicts of the declaration were changed to contents that are refused.
        """
        copy = functools.reduce(merged, map(attrs.evolve, self.merged_from))
        return copy._locked(part.frozen() for part in copy.merged_from if self._merged)  # noqa: SLF001 - made here

    def _locked(self, parts: Iterable[SystematicUncertainty]) -> SystematicUncertainty:
        """Make a declaration read-only that was just made of some parts, and return it."""
        kept = {field.name: read_only_copy(getattr(self, field.name)) for field in attrs.fields(type(self))}
        self.__dict__.update({**kept, "years": tuple(self.years), "_merged": tuple(parts), "_is_frozen": True})
        return self

    @property
    def merged_from(self) -> tuple[SystematicUncertainty, ...]:
        """Declarations that were merged into this one; only itself, if it was not merged."""
        return self._merged or (self,)

    def by_typ(self) -> tuple[SystematicUncertainty, ...]:
        """Return the declarations that were merged into this one, those of one `typ` merged: usually this object."""
        alike: dict[str, list[SystematicUncertainty]] = {}
        for part in self.merged_from:
            alike.setdefault(part.typ, []).append(part)
        if len(alike) == 1:
            return (self,)
        # A part by itself is frozen as this object is.
        return tuple(
            functools.reduce(merged, parts)._locked(parts) if len(parts) > 1 else parts[0]  # noqa: SLF001 - made here
            for parts in alike.values()
        )

    def of_category(self, category: str) -> SystematicUncertainty | None:
        """Return a read-only systematic as it is in the card of a category, or None if it is not there."""
        parts = [part for part in self.merged_from if part.categories is None or category in part.categories]
        if len(parts) == len(self.merged_from):
            return self
        if len(parts) > 1:
            return functools.reduce(merged, parts)._locked(parts)  # noqa: SLF001 - made here
        return parts[0] if parts else None

    def covers(self, process: str, year: str) -> bool:
        """Return whether the systematic has an effect on a column."""
        if process not in self.processes or year not in self.years:
            return False
        value = self.processes[process]
        return not isinstance(value, dict) or year in value

    def value_for(self, process: str, year: str) -> Any:
        """Return the value of a column that the systematic covers."""
        value = self.processes[process]
        return value[year] if isinstance(value, dict) else value

    def fraction_for(self, process: str, year: str) -> float:
        """Return the part of the uncertainty of a column that the nuisance carries, 1 if it is the whole."""
        fraction = self.fraction
        for key in (process, year):
            if isinstance(fraction, dict):
                fraction = fraction.get(key, 1.0)
        return float(fraction)

    def distinct_values(self) -> Iterator[tuple[str, Any]]:
        """Yield each distinct value with the columns that have it: `("ttbar, vjets (2022, 2023)", 1.05)`."""
        # Compared by their text: a kind may take values of any type, and not all of them can be hashed.
        alike: dict[str, list[tuple[str, str]]] = {}
        for column in self.columns():
            alike.setdefault(repr(self.value_for(*column)), []).append(column)
        return ((in_words(columns), self.value_for(*columns[0])) for columns in alike.values())

    def get_coffea_name(self, process: str, year: str | None = None) -> str:
        """Return the variation to look up for a process (and year), without Up or Down; `name` if no alias lists it."""
        alias = self.coffea_name_alias
        if isinstance(alias, dict):
            alias = alias.get(process, self.name)
        if isinstance(alias, dict):
            alias = alias.get(year, self.name)
        return str(alias)

    def variation(self, process: str, year: str) -> str:
        """Return the variation of a column, without Up or Down, from `get_coffea_name` of this class or a subclass.

        Raises:
            DeclarationError: a subclass returned another object than a string.
        """
        if type(self).get_coffea_name is SystematicUncertainty.get_coffea_name:
            return self.get_coffea_name(process, year)
        # In PocketCoffea the method takes the process alone.
        takes_year = len(inspect.signature(self.get_coffea_name).parameters) > 1
        name: object = self.get_coffea_name(process, year) if takes_year else self.get_coffea_name(process)
        if not isinstance(name, str):
            raise DeclarationError(
                f"systematic {self.name!r}: {type(self).__name__}.get_coffea_name({process!r}) returned {name!r:.60}, "
                "expected the name of a variation"
            )
        return name

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield each (process, year) that the systematic covers."""
        return ((process, year) for process in self.processes for year in self.years if self.covers(process, year))


@public
class Systematics(DeclarationDict[SystematicUncertainty]):
    """The nuisances by their name in the card, in the order of its rows.

    Declarations that share a `datacard_name` are one nuisance: where their columns (process and year), or their
    categories, are disjoint and their `typ` and options agree, the entry is the merged declaration; where not, it is an
    error. Two kinds may share a name where Combine has one parameter for both: `shape` on some columns with `lnN` on
    others, and a `rateParam` or `extArg` with a `param` or `flatParam`.
    """

    _type = SystematicUncertainty
    _shown = ("datacard_name", "typ", "processes", "years", "coffea_name_alias")
    _views = (
        *("variations_names", "n_systematics", "list_type"),
        *("get_systematics_by_type", "get_systematics_by_process"),
    )
    _key = "datacard_name"

    def __init__(self, systematics: Iterable[SystematicUncertainty] | Mapping[str, SystematicUncertainty] = ()) -> None:
        super().__init__(systematics)

    @property
    def variations_names(self) -> list[str]:
        """Names of the shape variations as they stand in the card, `{datacard_name}Up` and `…Down`."""
        return [f"{name}{direction}" for name in self.get_systematics_by_type(SHAPE) for direction in DIRECTIONS]

    def n_systematics(self) -> int:
        """Return the number of nuisances."""
        return len(self)

    def list_type(self, syst_type: str) -> list[str]:
        """Return the names of the nuisances of one kind."""
        return [name for name, systematic in self.items() if systematic.typ == scalar(syst_type)]

    def get_systematics_by_type(self, syst_type: str) -> dict[str, SystematicUncertainty]:
        """Return the nuisances of one kind; of `shape`, those of Combine's other kinds of shapes too."""
        # PocketCoffea's scripts find all nuisances that have templates so.
        typs = SHAPE_KEYWORDS if (typ := scalar(syst_type)) == SHAPE else {typ}
        return {name: systematic for name, systematic in self.items() if systematic.typ in typs}

    def get_systematics_by_process(self, process: Process | str) -> dict[str, SystematicUncertainty]:
        """Return the nuisances that affect a process, which may be given by its name."""
        chosen = given_text("process", process.name if isinstance(process, Process) else process)
        return {name: systematic for name, systematic in self.items() if chosen in systematic.processes}

    def of_category(self, category: str, exclude: Iterable[str] = ()) -> Systematics:
        """Return the systematics of the card of a category; this object if they are all of them.

        Args:
            category: the category.
            exclude: nuisances to leave out.
        """
        left_out = set(scalars(exclude))
        chosen = {name: self[name].of_category(category) for name in self if name not in left_out}
        if len(chosen) == len(self) and all(systematic is self[name] for name, systematic in chosen.items()):
            return self
        return Systematics([systematic for systematic in chosen.values() if systematic is not None])

    def category_problems(self, known: Iterable[str]) -> Iterator[str]:
        """Yield a sentence for each category of a systematic that is not known.

        With one known category, that of a single card, only a misspelling of it is a problem: the card of another
        category may have been meant.
        """
        known = list(known)
        for systematic in self.values():
            for part in systematic.merged_from:
                for category in part.categories or ():
                    if category not in known and (len(known) > 1 or misspelt(category, known)):
                        yield f"systematic {part.name!r}: there is no category {category!r}{closest(category, known)}"

    def _checked(self, value: SystematicUncertainty) -> SystematicUncertainty:
        kept = self.get(value.datacard_name)
        if kept is None:
            return value
        # A notebook cell that is run twice assigns the same declarations again.
        for part in value.merged_from:
            if part != kept and part not in kept.merged_from:
                kept = merged(kept, part)
        return kept


def merged(first: SystematicUncertainty, second: SystematicUncertainty) -> SystematicUncertainty:
    """Return two declarations of one nuisance on different columns as one.

    Raises:
        DeclarationError: they cover the same column, or disagree in `typ`, options or nofloat.
    """
    # Overlaps are told only if kind and options agree: otherwise the two cannot be one nuisance anyway.
    if problems := list(_differences(first, second)) or list(_overlaps(first, second)):
        raise DeclarationError(problems)
    values: dict[str, dict[str, Any]] = {}
    aliases: dict[str, dict[str, str]] = {}
    fractions: dict[str, dict[str, float]] = {}
    # A column that both cover, in different categories, shows the value of the second one here; each card has its own.
    # Written out by column, because the two may have different values and different names of variations.
    for part in (first, second):
        for process, year in part.columns():
            values.setdefault(process, {})[year] = part.value_for(process, year)
            aliases.setdefault(process, {})[year] = part.variation(process, year)
            fractions.setdefault(process, {})[year] = part.fraction_for(process, year)
    both = attrs.evolve(
        first,
        typ=joint_kind(part.typ for part in (*first.merged_from, *second.merged_from)),
        groups=tuple(dict.fromkeys((*first.groups, *second.groups))),
        # Two declarations without columns stay one.
        processes=values or first.processes,
        years=tuple(dict.fromkeys((*first.years, *second.years))),
        categories=_both_categories(first, second),
        # The constructor accepts no value beside a dict of values.
        value=None,
        coffea_name_alias=aliases,
        fraction=1.0 if first.fraction == second.fraction == 1.0 else fractions,
    )
    both._merged = (*first.merged_from, *second.merged_from)  # noqa: SLF001 - it was made two lines above
    return both


def _read_back(processes: SameForAll, value: Any) -> tuple[Any, Any]:
    """Return arguments that say the same as a systematic's fields, where one value stands twice.

    A script may have changed values of single processes since, as it may in PocketCoffea: then they count.
    """
    if processes.is_unchanged:
        return tuple(processes), value
    return dict(processes), None if value == processes.value else value


def _both_categories(first: SystematicUncertainty, second: SystematicUncertainty) -> tuple[str, ...] | None:
    if first.categories is None or second.categories is None:
        return None
    return tuple(dict.fromkeys((*first.categories, *second.categories)))


def _differences(first: SystematicUncertainty, second: SystematicUncertainty) -> Iterator[str]:
    parts = (*first.merged_from, *second.merged_from)
    try:
        joint_kind(part.typ for part in parts)
    except ValueError:
        yield _difference("typ", first, second)
    # Options belong to a kind, so that declarations of two kinds need not agree in them.
    for field in ("options", "nofloat"):
        for part in first.merged_from:
            if part.typ == second.typ and getattr(part, field) != getattr(second, field):
                yield _difference(field, part, second)
                break


def _difference(field: str, first: SystematicUncertainty, second: SystematicUncertainty) -> str:
    ours, theirs = getattr(first, field), getattr(second, field)
    return f"{_both(first, second)}, and their {field} differs: {ours!r} and {theirs!r}"


def _overlaps(first: SystematicUncertainty, second: SystematicUncertainty) -> Iterator[str]:
    columns = set(second.columns())
    theirs = None if second.categories is None else set(second.categories)
    # The parts are compared one by one, so that the message names the declaration that has the column.
    for part in first.merged_from:
        if theirs is not None and part.categories is not None and theirs.isdisjoint(part.categories):
            continue
        if overlap := sorted(columns.intersection(part.columns())):
            yield (
                f"{_both(part, second)} and both cover {listing(f'{process} {year}' for process, year in overlap)}: "
                "give one of them another datacard_name, take the overlap out, or `del` the first to declare it anew"
            )


def _both(first: SystematicUncertainty, second: SystematicUncertainty) -> str:
    return f"duplicate: systematics {first.name!r} and {second.name!r} are both the nuisance {first.datacard_name!r}"
