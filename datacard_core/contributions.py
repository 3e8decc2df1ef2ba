"""What kinds make of declarations: calling them with arrays, and looking whether what they return fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.errors import DeclarationError
from datacard_core.hookspecs import Target
from datacard_core.model import Directive, Effect, FreeParameter, Templates
from datacard_core.validation import problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core.declared import Declared
    from datacard_core.model import Channel
    from datacard_core.plans import Plan
    from datacard_core.shape_only import Scales
    from datacard_core.templates import TemplateSet


def contributions(
    declared: Declared, plan: Plan, templates: TemplateSet, scales: Scales
) -> tuple[list[Effect], list[Directive]]:
    """The effects and directives of one declaration.

    Raises:
        PluginCallError: the kind failed, or what it returned does not fit the columns.
    """
    target = _target(declared, plan, templates, scales)
    doing = f"working out the effects of {plan.name!r} in channel {declared.bin!r}"
    with plan.kind.blamed(doing) as kind:
        contributed = list(kind.effects(target))
        found = problems(contributed, target)
    if found:
        raise plan.kind.fault(f"{doing}: {'; '.join(found)}")
    return (
        [item for item in contributed if isinstance(item, Effect)],
        [item for item in contributed if isinstance(item, Directive)],
    )


def check_directives(channel: Channel, nuisances: Iterable[Plan], directives: Sequence[tuple[Plan, Directive]]) -> None:
    """Refuse lines that are none, and parameters whose name something else in the card has.

    Args:
        channel: the finished channel.
        nuisances: the plans that have effects.
        directives: all directives of the channel, each with the plan that it comes from.

    Raises:
        PluginCallError: a plugin made such a line, or took the name of something that is not its own.
        DeclarationError: two declarations have the name of one parameter.
    """
    for plan, directive in directives:
        _check_lines(channel, plan, directive)
    rows = {plan.name: plan for plan in nuisances}
    first: dict[str, tuple[Plan, FreeParameter]] = {}
    for plan, directive in directives:
        if isinstance(directive, FreeParameter):
            _check_name(channel, plan, directive, rows.get(directive.name), first)
            first.setdefault(directive.name, (plan, directive))


def _target(declared: Declared, plan: Plan, templates: TemplateSet, scales: Scales) -> Target:
    inside = templates.inside
    columns = declared.columns
    variations = {}
    for shift, rows in plan.rows.items():
        variations[shift] = inside[rows]
        if scales.factors:
            factor = scales.of(plan, shift, columns)
            read = variations[shift]
            variations[shift] = Templates(read.values * factor, read.variances * factor**2)
    return Target(
        plan.systematic,
        declared.bin,
        templates.axis,
        tuple(columns[position] for position in plan.positions),
        plan.positions,
        inside[templates.layout.starts[plan.positions]],
        variations,
        plan.values,
    )


def _check_lines(channel: Channel, plan: Plan, directive: Directive) -> None:
    """A directive of a plugin's own makes its text now, so that its plugin is blamed and not the card writer."""
    doing = f"writing the lines of {plan.name!r} in channel {channel.bin!r}"
    with plan.kind.blamed(doing):
        lines = list(directive.lines(channel))
    if strange := [line for line in lines if not isinstance(line, str) or len(line.splitlines()) != 1]:
        raise plan.kind.fault(f"{doing}: {type(directive).__name__} has {strange[0]!r}, expected a line of text")


def _check_name(
    channel: Channel,
    plan: Plan,
    parameter: FreeParameter,
    row: Plan | None,
    first: Mapping[str, tuple[Plan, FreeParameter]],
) -> None:
    """Refuse a parameter whose name a row has, or a parameter of another kind or with another start."""
    other, before = first.get(parameter.name, (plan, parameter))
    if row is not None:
        other, has = row, "it is a nuisance"
    elif other.systematic.typ != plan.systematic.typ:
        has = f"it is the parameter of a {other.systematic.typ}"
    elif (before.initial, before.bounds) != (parameter.initial, parameter.bounds):
        # Combine takes the start and range of the first line, and says nothing about the others.
        has = f"it starts at {before.initial:g} in the range {before.bounds}"
    else:
        return
    name = plan.systematic.name
    message = f"channel {channel.bin!r}: systematic {name!r} has a parameter {parameter.name!r} that starts at "
    message += (
        f"{parameter.initial:g} in the range {parameter.bounds}, and in systematic {other.systematic.name!r} {has}"
    )
    if parameter.name == plan.name and other is not plan:
        raise DeclarationError(f"{message}: give one of the two another datacard_name")
    raise plan.kind.fault(message)
