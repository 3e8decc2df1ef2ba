"""A model: several channels, and what they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from datacard_core.arguments import items, scalars, type_of, wrong_type
from datacard_core.documents.formats import MOST_ROWS, html
from datacard_core.errors import DeclarationError
from datacard_core.grammar import row_keyword, short
from datacard_core.model.channel import Channel
from datacard_core.model.directives import FreeParameter
from datacard_core.model.kinds import GammaNormalisation
from datacard_core.model.parameters import (
    ConstrainedParameter,
    DiscreteParameter,
    FormulaFactor,
    Group,
    ImportedFactor,
    NuisanceEdit,
    SharedParameter,
)
from datacard_core.names import duplicates, listing, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

    from datacard_core.findings import Finding
    from datacard_core.model.effects import Nuisance

_FACTORS = (FreeParameter, FormulaFactor, ImportedFactor)


@public
@attrs.frozen(eq=False, kw_only=True)
class Model:
    """Channels and what they share: what a card of several channels says, and what a likelihood is made from.

    Nuisances of one name in several channels are one parameter, and free parameters too.
    """

    channels: tuple[Channel, ...]
    parameters: tuple[SharedParameter, ...] = ()
    """Lines about parameters that are no nuisances of columns, in the order of the card."""
    groups: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    """Names of parameters by group, sorted."""
    frozen: frozenset[str] = frozenset()
    """Parameters that are constant in a fit."""
    findings: tuple[Finding, ...] = ()
    """Peculiarities of a card and of its templates, if the model was read."""

    @classmethod
    def of(cls, channels: Iterable[Channel], groups: Mapping[str, Iterable[str]] | None = None) -> Self:
        """Join channels to a model, as `combineCards.py` joins cards.

        Args:
            channels: the channels, each of another name.
            groups: names of parameters by group.

        Raises:
            DeclarationError: the channels contradict each other; all contradictions are told.
        """
        channels = scalars(channels, lambda channel: channel)
        if problems := [problem for one in channels for problem in wrong_type("a channel", one, Channel, "a Channel")]:
            raise DeclarationError(problems)
        # Lines compare by value: one that several channels have stays once.
        shared = dict.fromkeys(
            directive
            for channel in channels
            for directive in channel.directives
            if isinstance(directive, SharedParameter)
        )
        if problems := [*_contradictions(channels), *_clashes(channels, shared)]:
            raise DeclarationError(problems)
        gathered = {name: set(scalars(members)) for name, members in items({} if groups is None else groups)}
        if strange := [
            word for group in gathered.items() for word in (group[0], *group[1]) if not isinstance(word, str)
        ]:
            raise DeclarationError(f"groups has {strange[0]!r} ({type_of(strange[0])}), expected names by name")
        for channel in channels:
            for directive in channel.directives:
                if isinstance(directive, Group) and (members := directive.members_in(channel)):
                    gathered.setdefault(directive.name, set()).update(members)
        named = {name: tuple(sorted(gathered[name])) for name in sorted(gathered)}
        frozen = frozenset(
            name
            for channel in channels
            for directive in channel.directives
            # Of the edits, freeze alone is about a parameter in a fit: the others change rows.
            if isinstance(directive, NuisanceEdit) and directive.verb == "freeze"
            for name in channel.parameter_names
            if re.fullmatch(directive.words[0], name)
        )
        return cls(channels=channels, parameters=tuple(shared), groups=named, frozen=frozen)

    @classmethod
    def joined(cls, models: Iterable[Model], labels: Iterable[str] = ()) -> Model:
        """Join the models of several cards, with their parameters, groups and constant parameters.

        A parameter that is constant in one model is constant in all, as an edit of a card acts on the joined card.

        Args:
            models: the models, whose channels have different names.
            labels: names of their cards for messages, one for each; their numbers from 1 if not given.

        Raises:
            DeclarationError: the models contradict each other; all contradictions are told.
        """
        models, labels = scalars(models, lambda model: model), scalars(labels)
        if problems := [problem for one in models for problem in wrong_type("a model", one, Model, "a Model")]:
            raise DeclarationError(problems)
        if not models or len(labels) not in (0, len(models)):
            raise DeclarationError(f"{len(models)} models with {len(labels)} labels, expected as many of both, or none")
        if len(models) == 1:
            return models[0]
        groups: dict[str, list[str]] = {}
        for model in models:
            for name, members in model.groups.items():
                groups.setdefault(name, []).extend(members)
        channels = [channel for model in models for channel in model.channels]
        # Of a card that was read, the lines of parameters are beside its channels.
        parameters = tuple(dict.fromkeys(line for model in models for line in model.parameters))
        named = list(zip(labels or map(str, range(1, len(models) + 1)), models, strict=True))
        problems = [*_contradictions(tuple(channels)), *_other_parameters(named), *_clashes(channels, parameters)]
        if problems:
            raise DeclarationError(dict.fromkeys(problems))
        return attrs.evolve(
            cls.of(channels, groups),
            parameters=parameters,
            frozen=frozenset().union(*(model.frozen for model in models)),
            findings=tuple(dict.fromkeys(finding for model in models for finding in model.findings)),
        )

    def __repr__(self) -> str:
        return f"<Model: {listing((channel.bin for channel in self.channels), 6)}; {len(self.rows())} nuisances>"

    def _repr_html_(self) -> str:
        rows = [
            (one.bin, *map(str, (len(one.columns), len(one.nuisances), len(one.directives), one.axis.bins)))
            for one in self.channels
        ]
        return html(repr(self), ("channel", "columns", "nuisances", "lines", "bins"), rows, most=MOST_ROWS)

    def channel(self, name: str) -> Channel:
        """Return the channel of that name.

        Raises:
            KeyError: there is none.
        """
        return {channel.bin: channel for channel in self.channels}[name]

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of Combine's signal processes, in the order of the channels."""
        columns = (column for channel in self.channels for column in channel.columns)
        return tuple(dict.fromkeys(column.name for column in columns if column.is_signal))

    def rows(self) -> dict[str, list[tuple[Channel, Nuisance]]]:
        """Return the nuisances by name, each with the channels that it acts in."""
        return _rows(self.channels)


def _rows(channels: Iterable[Channel]) -> dict[str, list[tuple[Channel, Nuisance]]]:
    rows: dict[str, list[tuple[Channel, Nuisance]]] = {}
    for channel in channels:
        for nuisance in channel.nuisances:
            rows.setdefault(nuisance.name, []).append((channel, nuisance))
    return rows


def _contradictions(channels: tuple[Channel, ...]) -> Iterator[str]:
    """Yield the reasons why channels cannot be in one model, a sentence each."""
    if twice := duplicates(channel.bin for channel in channels):
        yield f"several channels are called {', '.join(map(repr, twice))}: give each a name of its own"
    first: dict[str, tuple[Channel, bool]] = {}
    for channel in channels:
        for column in channel.columns:
            where, is_signal = first.setdefault(column.name, (channel, column.is_signal))
            if is_signal != column.is_signal:
                what = {True: "a signal", False: "a background"}
                yield (
                    f"process {column.name!r} is {what[is_signal]} in channel {where.bin!r} and "
                    f"{what[column.is_signal]} in channel {channel.bin!r}"
                )
    # One name is one parameter, whose density the kinds must agree on.
    for name, found in _rows(channels).items():
        try:
            row_keyword(nuisance.keyword for _, nuisance in found)
        except ValueError as error:
            yield f"nuisance {name!r} would be {error}: it is {_kinds(found)}"
        widths = {effect.width for _, row in found for effect in row.effects if isinstance(effect, GammaNormalisation)}
        if len(widths) > 1:
            yield f"nuisance {name!r} has the widths {', '.join(map(short, sorted(widths)))}, and a gmM has one"
    yield from _other_numbers(channels)


def _kinds(found: Iterable[tuple[Channel, Nuisance]]) -> str:
    return ", ".join(f"{nuisance.keyword} in channel {channel.bin!r}" for channel, nuisance in found)


def _other_numbers(channels: Iterable[Channel]) -> Iterator[str]:
    first: dict[str, tuple[Channel, SharedParameter]] = {}
    for channel in channels:
        for directive in channel.directives:
            if isinstance(directive, SharedParameter):
                # By class too: a param line may stand beside the extArg line that makes its parameter.
                where, other = first.setdefault(f"{type(directive).__name__} {directive.name}", (channel, directive))
                if other != directive:
                    yield f"{other.line!r} in channel {where.bin!r} is {directive.line!r} in channel {channel.bin!r}"
    yield from _other_factors(channels)


def _clashes(channels: Iterable[Channel], parameters: Iterable[SharedParameter]) -> Iterator[str]:
    """Yield the names of nuisances that are names of other parameters too, which would have two constraints."""
    # Combine makes one variable of a name, and multiplies the constraints of all lines about it.
    rows = _rows(channels)
    others = {one.name: "param" for one in parameters if isinstance(one, ConstrainedParameter)}
    others |= {
        factor.name: "rateParam"
        for channel in channels
        for factor in channel.directives
        if isinstance(factor, _FACTORS)
    }
    for name, what in others.items():
        if name in rows:
            yield f"{name!r} is {what}, and {_kinds(rows[name])}: one name, two parameters; rename one of them"


def _other_parameters(models: Iterable[tuple[str, Model]]) -> Iterator[str]:
    """Yield the lines of parameters that differ between cards, and indices that several cards have."""
    first: dict[tuple[type, str], tuple[str, SharedParameter]] = {}
    for label, model in models:
        for line in model.parameters:
            where, other = first.setdefault((type(line), line.name), (label, line))
            if other != line:
                yield f"{other.line!r} in card {where!r} is {line.line!r} in card {label!r}: rename one of them"
            elif where != label and isinstance(line, DiscreteParameter):
                yield f"the index {line.name!r} is discrete in the cards {where!r} and {label!r}: rename one of them"


def _other_factors(channels: Iterable[Channel]) -> Iterator[str]:
    """Yield the factors on columns of one name that start, or are worked out, in two ways: Combine takes the first."""
    first: dict[str, tuple[Channel, object]] = {}
    for channel in channels:
        for factor in channel.directives:
            if isinstance(factor, FreeParameter):
                meaning: object = (factor.initial, factor.bounds)
            elif isinstance(factor, FormulaFactor):
                meaning = (factor.formula, factor.arguments)
            elif isinstance(factor, ImportedFactor):
                meaning = factor.source
            else:
                continue
            where, other = first.setdefault(factor.name, (channel, meaning))
            if other != meaning:
                yield (
                    f"rateParam {factor.name!r} is {other} in channel {where.bin!r} and {meaning} in channel "
                    f"{channel.bin!r}"
                )
