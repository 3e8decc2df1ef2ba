"""Differences in what the channels of a model share, and in lines that are no effects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datacard_core.comparison.change import Change, before_after
from datacard_core.comparison.numbers import distance, source_name
from datacard_core.model.directives import BinByBinStatistics, FreeParameter
from datacard_core.model.parameters import (
    ExternalParameter,
    FormulaFactor,
    Group,
    ImportedFactor,
    NuisanceEdit,
    SharedParameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core.comparison.change import Tolerances
    from datacard_core.comparison.pairs import Pair, Scope
    from datacard_core.model.channel import Channel
    from datacard_core.model.model import Model

_TOLD_ELSEWHERE = frozenset({BinByBinStatistics, FormulaFactor, FreeParameter, Group, ImportedFactor})


def shared_changes(scope: Scope, renamed: Mapping[str, str], tolerances: Tolerances) -> Iterator[Change]:
    """Yield the differences in parameters, groups and constant parameters.

    Args:
        scope: cards that are compared as wholes.
        renamed: new names of parameters that have another name, which are no difference of a group.
        tolerances: differences that count as none.
    """
    yield from _parameters(_lines(scope.before.values()), _lines(scope.after.values()), tolerances)
    yield from _groups(_members(scope.before.values(), renamed), _members(scope.after.values(), {}))
    before = {renamed.get(name, name) for model in scope.before.values() for name in model.frozen}
    after = {name for model in scope.after.values() for name in model.frozen}
    for name in sorted(before ^ after):
        words = {True: "constant", False: "floats"}
        yield Change(kind="parameter.frozen", nuisance=name, before=words[name in before], after=words[name in after])


def _lines(models: Iterable[Model]) -> dict[tuple[str, str], str]:
    """Return the lines of parameters by name and kind, without the name."""
    lines: dict[tuple[str, str], dict[str, None]] = {}
    for model in models:
        for parameter in model.parameters:
            _, kind, *words = parameter.line.split()
            if isinstance(parameter, ExternalParameter) and parameter.source:
                words = [source_name(parameter.source)]
            lines.setdefault((parameter.name, kind), {})[" ".join(words)] = None
    return {key: " or ".join(found) for key, found in lines.items()}


def _parameters(
    before: Mapping[tuple[str, str], str], after: Mapping[tuple[str, str], str], tolerances: Tolerances
) -> Iterator[Change]:
    for name, kind in dict.fromkeys([*before, *after]):
        old, new = before.get((name, kind)), after.get((name, kind))
        if old is None:
            yield Change(kind="parameter.appeared", nuisance=name, after=f"{kind} {new}".strip())
        elif new is None:
            yield Change(kind="parameter.gone", nuisance=name, before=f"{kind} {old}".strip())
        elif (size := distance(old, new)) > tolerances.relative:
            lines = f"{kind} {old}", f"{kind} {new}"
            yield Change(kind="parameter.value", nuisance=name, before=lines[0], after=lines[1], size=size)


def _members(models: Iterable[Model], renamed: Mapping[str, str]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for model in models:
        for name, members in model.groups.items():
            groups.setdefault(name, set()).update(renamed.get(member, member) for member in members)
    return groups


def _groups(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            end, members = ("gone" if new is None else "appeared"), old or new or set()
            texts = before_after(end, ", ".join(sorted(members)))
            yield Change(kind=f"group.{end}", nuisance=name, before=texts[0], after=texts[1], size=len(members))
        elif old != new:
            yield Change(
                kind="group.members",
                nuisance=name,
                before=", ".join(sorted(old - new)) or "-",
                after=", ".join(sorted(new - old)) or "-",
                size=len(old ^ new),
                measure=f"{len(old - new)} left, {len(new - old)} joined",
            )


def line_changes(pair: Pair) -> Iterator[Change]:
    """Yield the lines of directives that have no kind of changes of their own."""
    # Counted, as two equal lines are not one.
    before, after = Counter(_further(pair.before)), Counter(_further(pair.after))
    for line in (before - after).elements():
        yield Change(kind="line.gone", channel=pair.name, before=line)
    for line in (after - before).elements():
        yield Change(kind="line.appeared", channel=pair.name, after=line)


def _further(channel: Channel) -> Iterator[str]:
    for statement in channel.statements:
        directive = statement.directive
        # Parameters, and those that an edit freezes, are told as what the model has of them.
        is_shared = isinstance(directive, SharedParameter)
        is_frozen = isinstance(directive, NuisanceEdit) and directive.verb == "freeze"
        # By class and not by base: a subclass may have another meaning.
        if type(directive) not in _TOLD_ELSEWHERE and not is_shared and not is_frozen:
            yield from (" ".join(line.split()) for line in statement.lines(channel))
