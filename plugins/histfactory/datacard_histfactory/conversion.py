"""The conversion of a model to HistFactory, with what is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core import (
    ConstrainedParameter,
    ConstraintTerm,
    DeclarationError,
    DiscreteParameter,
    ExternalParameter,
    FormulaFactor,
    FreeParameter,
    grammar,
    notice,
    warning,
)
from datacard_histfactory.effects import base
from datacard_histfactory.parts import (
    FAR,
    NARROW,
    Constraint,
    HistFactory,
    Modifier,
    Parameter,
    Region,
    Rendered,
    Sample,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import CardContext, Channel, Finding, Model, ModelContext

_STRENGTH = Parameter(name=grammar.SIGNAL_STRENGTH, initial=1.0, low=0.0, high=20.0)
"""Combine's parameter of interest, with its range."""


@attrs.frozen(eq=False)
class Conversion:
    """A HistFactory model, and what the card says beyond it."""

    result: HistFactory
    losses: tuple[Finding, ...]


def converted(card: ModelContext) -> Conversion:
    """Return a model as HistFactory has it.

    Raises:
        DeclarationError: a channel has no yield, or two statements are about parameters of one name.
        MissingProviderError: no plugin renders an effect or a directive.
    """
    model = card.model
    collected = _Collected()
    for context in card.cards:
        collected.add(context)
    collected.problems += _problems(model)
    if collected.problems:
        raise DeclarationError(collected.problems)
    # First, so that the parameter of interest is the first in the file; a control region alone has none.
    parameters = {**({_STRENGTH.name: _STRENGTH} if model.signals else {}), **collected.parameters}
    constraints: dict[str, Constraint] = {}
    for line in model.parameters:
        match line:
            case ConstrainedParameter() if line.name in collected.factors:
                below, above = line.sigma
                constraints[line.name] = Constraint(mean=line.mean, below=below, above=above)
                low, high = line.bounds or (line.mean - NARROW * below, line.mean + NARROW * above)
                parameters[line.name] = Parameter(name=line.name, initial=line.mean, low=low, high=high)
            case ExternalParameter(initial=float(initial)) if line.name in collected.factors:
                far = FAR * max(1.0, abs(initial))
                low, high = line.bounds or (initial - far, initial + far)
                parameters[line.name] = Parameter(
                    name=line.name, initial=initial, low=low, high=high, is_constant=line.is_constant
                )
    for name in model.frozen & parameters.keys():
        parameters[name] = attrs.evolve(parameters[name], is_constant=True)
    result = HistFactory(
        regions=(*collected.regions, *collected.counting.values()),
        parameters=parameters,
        constraints=constraints,
        formulas=collected.formulas,
        poi=_STRENGTH.name if model.signals else "",
    )
    return Conversion(result, (*collected.losses, *_shared_losses(model)))


def _problems(model: Model) -> Iterator[str]:
    for channel in model.channels:
        if not (channel.rates != 0).any():
            yield f"channel {channel.bin!r}: all rates are 0, and a channel needs a sample with a yield"


def _shared_losses(model: Model) -> Iterator[Finding]:
    for name in model.groups:
        yield notice("export.left-out", f"the group {name!r} is left out; it changes no expectation")
    for line in model.parameters:
        if isinstance(line, ConstraintTerm | DiscreteParameter):
            yield warning(
                "export.left-out", f"the line {line.line!r} is left out, and its parameters have one constraint less"
            )


class _Collected:
    """The parts of a HistFactory model while the channels are gone through."""

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self.counting: dict[str, Region] = {}
        self.parameters: dict[str, Parameter] = {}
        self.formulas: dict[str, str] = {}
        self.factors: set[str] = set()
        """Parameters that are factors, or arguments of factors."""
        self.losses: list[Finding] = []
        self.problems: list[str] = []

    def add(self, context: CardContext) -> None:
        """Add a channel."""
        channel = context.channel
        modifiers: dict[int, list[Modifier]] = {
            at: [Modifier(type="normfactor", name=_STRENGTH.name)] if column.is_signal else []
            for at, column in enumerate(channel.columns)
        }
        for nuisance in channel.nuisances:
            for effect in nuisance.effects:
                self._take(channel, nuisance.name, context.rendered(effect), modifiers)
        for statement in channel.statements:
            match statement.directive:
                case FreeParameter(name=name):
                    self.factors.add(name)
                case FormulaFactor(arguments=names):
                    self.factors.update(names)
            self._take(channel, statement.systematic, context.rendered(statement.directive), modifiers)
        contents = base(channel)
        samples = tuple(
            Sample(name=column.name, contents=contents[at], modifiers=tuple(modifiers[at]))
            for at, column in enumerate(channel.columns)
            # Combine leaves out columns of rate 0 too.
            if channel.rates[at] != 0
        )
        events = channel.data.values[0]
        self.regions.append(
            Region(name=channel.bin, axis=channel.axis, events=events, has_data=channel.has_data, samples=samples)
        )

    def _take(self, channel: Channel, name: str, rendered: object, modifiers: dict[int, list[Modifier]]) -> None:
        if not isinstance(rendered, Rendered):
            raise TypeError(f"the rendering of {name!r} is {type(rendered).__name__}, expected Rendered")
        for column, found in rendered.modifiers.items():
            modifiers[column] += (attrs.evolve(modifier, name=modifier.name or name) for modifier in found)
        for parameter in rendered.parameters:
            given = attrs.evolve(parameter, name=parameter.name or name)
            known = self.parameters.setdefault(given.name, given)
            # Of templates and factors, Combine's range is the smaller one.
            low, high = max(known.low, given.low), min(known.high, given.high)
            self.parameters[given.name] = attrs.evolve(known, low=low, high=high)
        for region in rendered.regions:
            # Channels that share a count have one channel for it: its probability counts once.
            self.counting[name] = _named(region, name)
        self.formulas |= rendered.formulas
        self.losses += (attrs.evolve(loss, channel=channel.bin, systematic=name) for loss in rendered.losses)


def _named(region: Region, name: str) -> Region:
    samples = tuple(
        attrs.evolve(sample, modifiers=tuple(attrs.evolve(one, name=one.name or name) for one in sample.modifiers))
        for sample in region.samples
    )
    return attrs.evolve(region, name=region.name or f"{name}_constraint", samples=samples)
