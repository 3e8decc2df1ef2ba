"""Rules on the lines about parameters: formulas, constraints and marks need parameters that the card defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.findings import Finding, warning
from datacard_core.grammar import (
    CONSTRAINT_KEYWORDS,
    EXT_ARG,
    MASS,
    PARAMETER_KEYWORDS,
    RATE_PARAM,
    SIGNAL_STRENGTH,
    circles,
    is_number,
    keyword_of,
    shape_problems,
)
from datacard_core.model.directives import FreeParameter
from datacard_core.model.parameters import (
    ConstrainedParameter,
    ConstraintTerm,
    ExternalParameter,
    FlatParameter,
)
from datacard_core.names import closest, listing, misspelt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from datacard_core.model.channel import Channel, Statement

_OF_MODELS = frozenset({SIGNAL_STRENGTH, MASS})
"""Parameters that Combine's physics models make before any line of the card."""
_FORMULA_WORDS = 6
"""Words of a rateParam line with a formula, or with a start and a range."""


def parameter_problems(channel: Channel) -> Iterator[str]:
    """Yield the problems of parameters that lines define and need."""
    lines = list(_lines(channel))
    formulas = {words[0]: (systematic, words) for systematic, words in lines if _is_formula(words)}
    known = sorted(channel.parameter_names | _OF_MODELS)
    for name, (systematic, words) in formulas.items():
        arguments = words[5].split(",")
        for problem in shape_problems(words[4], len(arguments)):
            yield f"systematic {systematic!r}: formula {name!r}: {problem}"
        # A workspace may define what no line does.
        for argument in () if _may_have_others(lines) else arguments:
            if argument not in known:
                yield (
                    f"systematic {systematic!r} needs the parameter {argument!r}, which no line of the card defines"
                    f"{closest(argument, known)}; an extArg defines one that a physics model makes"
                )
    if left := circles({name: set(words[5].split(",")) for name, (_, words) in formulas.items()}):
        yield f"the formulas {listing(map(repr, left))} need each other, so that none of them has a value"
    yield from _start_problems(channel)
    yield from _late_problems(channel)
    for systematic, name, there in _unknown(channel, lines):
        if right := misspelt(name, there):
            yield f"systematic {systematic!r}: no line of the card defines {name!r} (did you mean {right!r}?)"


def parameter_findings(channel: Channel) -> Iterator[Finding]:
    """Yield a warning for each parameter that no line uses, and for each that no line defines."""
    lines = list(_lines(channel))
    for systematic, name, _ in _unknown(channel, lines):
        message = f"no line of the card defines {name!r}: Combine needs a physics model that makes it"
        yield warning("unknown-parameter", message, systematic=systematic)
    if _may_have_others(lines):
        return
    used = {name for _, words in lines if _is_formula(words) for name in words[5].split(",")}
    used |= {name for statement in channel.statements for name in _needed(statement)}
    used |= {words[0] for _, words in lines if keyword_of(words) in {RATE_PARAM, EXT_ARG}}
    for statement in channel.statements:
        if isinstance(statement.directive, ConstrainedParameter) and statement.directive.name not in used:
            message = "no formula and no other line uses this parameter: it changes nothing in the fit"
            yield warning("unused-parameter", message, systematic=statement.systematic)


def _start_problems(channel: Channel) -> Iterator[str]:
    """Yield the parameters whose start is not the mean of their constraint."""
    starts = {
        one.name: one.initial
        for one in channel.directives
        if isinstance(one, FreeParameter | ExternalParameter) and one.initial is not None
    }
    for one in channel.directives:
        if isinstance(one, ConstrainedParameter) and (start := starts.get(one.name, one.mean)) != one.mean:
            yield (
                f"parameter {one.name!r} starts at {start:g}, and the mean of its constraint is {one.mean:g}, which "
                "Combine takes: write the same number"
            )


def _late_problems(channel: Channel) -> Iterator[str]:
    """Yield the parameters that a constr line needs and that Combine makes behind it."""
    # Combine makes the nuisances in the order of the card, and then what extArg and rateParam lines define.
    early = {nuisance.name for nuisance in channel.nuisances}
    early |= {one.name for one in channel.directives if isinstance(one, ConstrainedParameter)}
    for statement in channel.statements:
        if isinstance(statement.directive, ConstraintTerm):
            for name in channel.parameter_names.intersection(_needed(statement)) - early:
                yield (
                    f"systematic {statement.systematic!r} needs {name!r}, which Combine makes behind the constr lines: "
                    "constrain it by a param of its name, or take a nuisance"
                )


def _unknown(channel: Channel, lines: Sequence[tuple[str, list[str]]]) -> Iterator[tuple[str, str, Collection[str]]]:
    """Yield the names in constr and flatParam lines that no line defines, with the systematic and the known names."""
    # A workspace may define what no line does.
    if _may_have_others(lines):
        return
    defined = {words[0] for _, words in lines if keyword_of(words) in PARAMETER_KEYWORDS - CONSTRAINT_KEYWORDS}
    for statement in channel.statements:
        is_mark = isinstance(statement.directive, FlatParameter)
        known = sorted(defined if is_mark else channel.parameter_names | _OF_MODELS)
        for name in dict.fromkeys(_needed(statement)):
            if name not in known:
                yield statement.systematic, name, known


def _needed(statement: Statement) -> Iterator[str]:
    """Yield the names of the parameters that a constr or flatParam line is about."""
    directive = statement.directive
    if isinstance(directive, FlatParameter):
        yield directive.name
    elif isinstance(directive, ConstraintTerm):
        yield from directive.arguments
        if not is_number(directive.sigma):
            yield directive.sigma


def _lines(channel: Channel) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of each line that defines or constrains a parameter, with its systematic."""
    for statement in channel.statements:
        if not statement.directive.is_about_others:
            for line in statement.lines(channel):
                if keyword_of(words := line.split()) in PARAMETER_KEYWORDS:
                    yield statement.systematic, words


def _is_formula(words: Sequence[str]) -> bool:
    # Combine tells a formula from a start with a range by the brackets.
    return keyword_of(words) == RATE_PARAM and len(words) == _FORMULA_WORDS and not {"[", "]"} <= set(words[5])


def _may_have_others(lines: Sequence[tuple[str, list[str]]]) -> bool:
    """Return whether parameters may come from a file, so that the lines do not name all of them."""
    return any(keyword_of(words) in {RATE_PARAM, EXT_ARG} and ".root:" in words[-1] for _, words in lines)
