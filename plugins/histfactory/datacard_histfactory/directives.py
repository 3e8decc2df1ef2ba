"""Directives as modifiers of HistFactory, or as losses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacard_core import (
    BinByBinStatistics,
    ConstrainedParameter,
    ConstraintTerm,
    DiscreteParameter,
    ExternalParameter,
    FlatParameter,
    FormulaFactor,
    FreeParameter,
    Group,
    ImportedFactor,
    NuisanceEdit,
    RawLine,
    warning,
)
from datacard_histfactory.parts import FAR, Modifier, Parameter, Rendered
from datacard_histfactory.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Channel, Directive, Effect

_ARGUMENT = re.compile(r"@(\d+)")


def free_parameter(directive: FreeParameter, channel: Channel) -> Rendered:  # noqa: ARG001 - as renderings have it
    """Return a free factor on the yields."""
    initial = float(directive.initial)
    # A negative yield has no logarithm, so that a factor that starts above 0 stays there.
    far = FAR * max(1.0, abs(initial))
    low, high = directive.bounds or (0.0 if initial >= 0 else -far, far)
    return Rendered(
        modifiers=dict.fromkeys(directive.columns.tolist(), (Modifier(type="normfactor", name=directive.name),)),
        parameters=(Parameter(name=directive.name, initial=initial, low=low, high=high),),
    )


def left_out(directive: Directive, channel: Channel) -> Rendered:
    """Return the lines of a directive as losses."""
    lines = directive.lines(channel)
    return Rendered(losses=tuple(warning("export.left-out", f"the line {line!r} is left out") for line in lines))


def nothing(directive: Directive, channel: Channel) -> Rendered:  # noqa: ARG001 - as renderings have it
    """Return no modifier and no loss: the directive has no effect, or is that of the model."""
    return Rendered()


def formula_factor(directive: FormulaFactor, channel: Channel) -> Rendered:  # noqa: ARG001 - as renderings have it
    """Return a factor that is a function of parameters."""
    # Both formats have names in place of the numbers of arguments.
    expression = _ARGUMENT.sub(lambda match: directive.arguments[int(match[1])], directive.formula)
    return Rendered(
        modifiers=dict.fromkeys(directive.columns.tolist(), (Modifier(type="normfactor", name=directive.name),)),
        formulas={directive.name: expression},
    )


def edit(directive: NuisanceEdit, channel: Channel) -> Rendered:
    """Return no modifier for a frozen parameter, which the model has, and a loss for other edits."""
    return Rendered() if directive.verb == "freeze" else left_out(directive, channel)


RENDERINGS: dict[type[Effect | Directive], Callable[[Any, Channel], Any]] = {
    BinByBinStatistics: statistics,
    FreeParameter: free_parameter,
    FormulaFactor: formula_factor,
    ImportedFactor: left_out,
    ConstrainedParameter: nothing,
    ConstraintTerm: nothing,
    DiscreteParameter: nothing,
    ExternalParameter: nothing,
    FlatParameter: nothing,
    Group: nothing,
    NuisanceEdit: edit,
    RawLine: left_out,
}
"""Functions of a directive and its channel, by class; lines about shared parameters are those of the model."""
