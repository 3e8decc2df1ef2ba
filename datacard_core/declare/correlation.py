"""Correlation of an uncertainty between years, processes, categories or groups of them, as declarations."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs

from datacard_core.arguments import given_text, items, number_or_other, scalar, scalars, shown, tree
from datacard_core.declare.matrices import factor_of
from datacard_core.declare.systematics import SystematicUncertainty
from datacard_core.errors import DeclarationError
from datacard_core.grammar import LN_N, PARAMETER_KEYWORDS, ROW_KEYWORDS, SHAPE, is_finite_number
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

By: TypeAlias = "str | Mapping[str, Iterable[str]]"
"""`"year"`, `"process"` or `"category"`, or groups of years, processes or categories by name."""

_UNSPLIT = (ROW_KEYWORDS | PARAMETER_KEYWORDS) - {LN_N, SHAPE}
"""Combine's kinds whose effects have no fractions that add up in quadrature."""


@attrs.frozen
class _Member:
    """Years, processes or categories that share one parameter."""

    name: str
    elements: tuple[str, ...]


@attrs.frozen
class _Partition:
    """The columns of a systematic, divided into members."""

    systematic: SystematicUncertainty
    dimension: str
    """`year`, `process` or `category`."""
    field: str
    """Field of the members' names in templates: the dimension, or `group`."""
    members: tuple[_Member, ...]


def decorrelate(systematic: SystematicUncertainty, by: By, *, names: str | None = None) -> list[SystematicUncertainty]:
    """Return declarations in which each year, process, category or group has a parameter of its own.

    Args:
        systematic: the uncertainty, as it would be if all were correlated; it is not changed.
        by: "year", "process", "category", or groups by name, such as `{"Run2": ["2017", "2018"], "Run3": ["2022"]}`.
            For categories, the systematic lists them.
        names: template of the nuisances' names, with the fields `name` for the name in the card, and `year`, `process`,
            `category` or `group`. For years it is "{name}_{year}" if not given.

    Raises:
        DeclarationError: a group has unknown members, or not all are in a group, or names are equal; all problems.
    """
    names = None if names is None else given_text("names", names)
    partition = _partition(systematic, by)
    own = _names(partition, names or f"{{name}}_{{{partition.field}}}")
    return list(
        _declared(partition, {name: {member: 1.0} for name, member in zip(own, partition.members, strict=True)})
    )


def correlate(
    systematic: SystematicUncertainty,
    by: By,
    rho: Any,
    *,
    names: str | None = None,
    common: str = "{name}_common",
) -> list[SystematicUncertainty]:
    """Return declarations in which years, processes, categories or groups have a given correlation.

    With a number, all share a parameter that carries √rho of the uncertainty, and each has one with √(1-rho). With a
    matrix, the parameters are the columns of its Cholesky factor L: member i has the weight L[i, j] of parameter j. The
    squares of the weights of a member add up to 1. The factor of a log-normal is raised to the power of the weight; the
    templates of a shape become nominal + weight·(variation - nominal); a negative weight exchanges Up and Down.

    Args:
        systematic: the uncertainty, as it would be if all were correlated; it is not changed.
        by: "year", "process", "category", or groups by name, as in `decorrelate`.
        rho: a number from 0 to 1, or a positive semi-definite matrix with ones on its diagonal, in the order of the
            systematic or of the groups; or a dict of dicts by name.
        names: template of the names, with the fields of `decorrelate`; for a matrix also with `number`, counted from 1,
            and the other fields are those of the first member of the part. "{name}_{year}" if not given, for a matrix
            "{name}_{number}".
        common: template of the name of the shared parameter, for a number.

    Raises:
        DeclarationError: the kind has no fractions, or rho is no correlation, and as for `decorrelate`; all problems.
    """
    names, common = None if names is None else given_text("names", names), given_text("common", common)
    partition, rho = _partition(systematic, by), tree(rho, number_or_other)
    if problems := list(_kind_problems(systematic)):
        raise DeclarationError(f"systematic {systematic.name!r}: {problem}" for problem in problems)
    if is_finite_number(rho):
        return list(_declared(partition, _common_and_own(partition, float(rho), names, common)))
    try:
        factor = factor_of(rho, [member.name for member in partition.members])
    except DeclarationError as error:
        raise DeclarationError(f"systematic {systematic.name!r}: {problem}" for problem in error.problems) from None
    columns = [
        {member: float(weight) for member, weight in zip(partition.members, column, strict=True) if weight}
        for column in factor.T
    ]
    firsts = [next(iter(column)) for column in columns]
    return list(
        _declared(partition, dict(zip(_names(partition, names or "{name}_{number}", firsts), columns, strict=True)))
    )


def _common_and_own(
    partition: _Partition, rho: float, names: str | None, common: str
) -> dict[str, dict[_Member, float]]:
    """Return the weights of the members by parameter: one for all, and one for each."""
    where = f"systematic {partition.systematic.name!r}"
    if not 0 <= rho <= 1:
        matrix = f"[[1, {rho:g}], [{rho:g}, 1]]"
        raise DeclarationError(f"{where}: rho is {rho:g}, expected a number from 0 to 1, or a matrix such as {matrix}")
    shared = _formatted(common, {"name": partition.systematic.datacard_name}, where, "common")
    own = _names(partition, names or f"{{name}}_{{{partition.field}}}")
    if shared in own:
        raise DeclarationError(f"{where}: common and names give the same name {shared!r}")
    weights = {shared: dict.fromkeys(partition.members, math.sqrt(rho))} if rho else {}
    if rho < 1:
        of_own = math.sqrt(1 - rho)
        weights |= {name: {member: of_own} for name, member in zip(own, partition.members, strict=True)}
    return weights


def _declared(partition: _Partition, weights: Mapping[str, Mapping[_Member, float]]) -> Iterator[SystematicUncertainty]:
    """Yield the declarations of each nuisance; members of one weight share one."""
    for name, by_member in weights.items():
        alike: dict[float, list[str]] = {}
        for member, weight in by_member.items():
            alike.setdefault(weight, []).extend(member.elements)
        for weight, elements in alike.items():
            # Each by itself: merged declarations may differ in their categories, and in the names of variations.
            for declared in partition.systematic.merged_from:
                if kept := _restricted(declared, partition.dimension, elements):
                    # The name stays, because it is the variation to look up in the output.
                    fraction = _times(declared.fraction, weight)
                    yield attrs.evolve(declared, datacard_name=name, fraction=fraction, **kept)


def _restricted(declared: SystematicUncertainty, dimension: str, elements: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that leave a declaration the given elements, or none if nothing is left."""
    if dimension == "category":
        categories = [category for category in declared.categories or () if category in elements]
        return {"categories": categories} if categories else {}
    kept: dict[str, dict[str, Any]] = {}
    for process, year in declared.columns():
        if {"process": process, "year": year}[dimension] in elements:
            kept.setdefault(process, {})[year] = declared.value_for(process, year)
    years = [year for year in declared.years if any(year in by_year for by_year in kept.values())]
    alias = declared.coffea_name_alias
    if isinstance(alias, Mapping):
        # A name for a year that the declaration does not list is refused as a misspelling.
        alias = {
            process: {year: name for year, name in names.items() if year in years}
            if isinstance(names, Mapping)
            else names
            for process, names in alias.items()
        }
    return {"processes": kept, "years": years, "value": None, "coffea_name_alias": alias} if kept else {}


def _times(fraction: Any, weight: float) -> Any:
    if isinstance(fraction, Mapping):
        return {key: _times(entry, weight) for key, entry in fraction.items()}
    return fraction * weight


def _partition(systematic: SystematicUncertainty, by: By) -> _Partition:
    """Divide the columns of a systematic.

    Raises:
        DeclarationError: they cannot be divided so; all reasons.
    """
    if not isinstance(systematic, SystematicUncertainty):
        raise DeclarationError(
            f"{shown(systematic)} is a {type(systematic).__name__}, expected a SystematicUncertainty"
        )
    known: dict[str, tuple[str, ...]] = {
        "year": tuple(systematic.years),
        "process": tuple(systematic.processes),
        "category": systematic.categories or (),
    }
    if isinstance(by, Mapping):
        groups = tuple(_Member(name, scalars(elements)) for name, elements in items(by))
        dimension = _dimension([element for group in groups for element in group.elements], known)
        problems = list(_group_problems(groups, dimension, known))
        partition = _Partition(systematic, dimension, "group", groups)
    else:
        dimension = cast("str", scalar(by))
        expected = "'year', 'process', 'category' or a dict of groups"
        problems = (
            [] if dimension in known else [f"by is {dimension!r}, expected {expected}{closest(dimension, known)}"]
        )
        elements = known.get(dimension, ())
        if not elements and not problems:
            way_out = ": list its categories" if dimension == "category" else ""
            problems = [f"it has no {dimension} to divide by{way_out}"]
        members = tuple(_Member(element, (element,)) for element in elements)
        partition = _Partition(systematic, dimension, dimension, members)
    if problems:
        raise DeclarationError(f"systematic {systematic.name!r}: {problem}" for problem in problems)
    return partition


def _dimension(elements: Sequence[str], known: Mapping[str, Sequence[str]]) -> str:
    """Return the dimension that has most of the elements; years before processes before categories."""
    return max(known, key=lambda dimension: sum(element in known[dimension] for element in elements))


def _group_problems(groups: Sequence[_Member], dimension: str, known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    grouped = [element for group in groups for element in group.elements]
    if not groups:
        yield "by is a dict without a group"
    for group in groups:
        if not group.elements:
            yield f"group {group.name!r} is empty"
        for element in group.elements:
            if element not in known[dimension]:
                everything = [name for names in known.values() for name in names]
                yield f"group {group.name!r} has the unknown {element!r}{closest(element, everything)}"
    if twice := duplicates(grouped):
        yield f"several groups have {listing(map(repr, twice))}"
    if missing := [element for element in known[dimension] if grouped and element not in grouped]:
        yield f"no group has the {dimension} {listing(map(repr, missing))}: it would lose the uncertainty"
    others = [name for name, names in known.items() if name != dimension and set(grouped) <= set(names)]
    if grouped and others:
        yield f"{listing(map(repr, grouped))} are names of a {dimension} and of a {others[0]}: rename them"


def _names(partition: _Partition, template: str, of: Sequence[_Member] | None = None) -> list[str]:
    """Return the names of nuisances, one for each member.

    Raises:
        DeclarationError: the template has an unknown field, or gives two members one name.
    """
    where = f"systematic {partition.systematic.name!r}"
    members = partition.members if of is None else of
    made = []
    for number, member in enumerate(members, start=1):
        fields = {"name": partition.systematic.datacard_name, partition.field: member.name}
        made.append(_formatted(template, fields if of is None else {**fields, "number": str(number)}, where, "names"))
    # Declarations of one name would be merged to the full correlation, without a word.
    if twice := duplicates(made):
        missing = partition.field if of is None else "number"
        raise DeclarationError(
            f"{where}: names={template!r} gives several the name {twice[0]!r}: write {{{missing}}} in it"
        )
    return made


def _formatted(template: str, fields: Mapping[str, str], where: str, argument: str) -> str:
    try:
        asked = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except (TypeError, ValueError):
        raise DeclarationError(
            f"{where}: {argument} is {template!r}, expected a template such as '{{name}}_x'"
        ) from None
    if unknown := [field for field in asked if field not in fields]:
        known = closest(unknown[0], fields)
        raise DeclarationError(f"{where}: {argument}={template!r} has the unknown field {unknown[0]!r}{known}")
    return template.format_map(fields)


def _kind_problems(systematic: SystematicUncertainty) -> Iterator[str]:
    for typ in dict.fromkeys(declared.typ for declared in systematic.merged_from):
        if typ in _UNSPLIT:
            yield (
                f"kind {typ!r} has no fractions that add up to it in quadrature: a partial correlation is for "
                f"{LN_N!r}, {SHAPE!r} and the kinds of plugins that make such effects"
            )
