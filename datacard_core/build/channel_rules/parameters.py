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
from datacard_core.model.parameters import ConstrainedParameter, ConstraintTerm, FlatParameter
from datacard_core.names import closest, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.model.channel import Channel

_FORMULA_WORDS = 6
"""Words of a rateParam line with a formula, or with a start and a range."""


def parameter_problems(channel: Channel) -> Iterator[str]:
    """Yield the problems of parameters that lines define and need."""
    lines = list(_lines(channel))
    formulas = {words[0]: (systematic, words) for systematic, words in lines if _is_formula(words)}
    for name, (systematic, words) in formulas.items():
        for problem in shape_problems(words[4], len(words[5].split(","))):
            yield f"systematic {systematic!r}: formula {name!r}: {problem}"
    yield from _unknown(channel, lines)
    if left := circles({name: set(words[5].split(",")) for name, (_, words) in formulas.items()}):
        yield f"the formulas {listing(map(repr, left))} need each other, so that none of them has a value"


def parameter_findings(channel: Channel) -> Iterator[Finding]:
    """Yield a warning for each constrained parameter that no formula and no other line uses."""
    lines = list(_lines(channel))
    if _may_have_others(lines):
        return
    used = {name for _, name in _needed(channel, lines)}
    used |= {words[0] for _, words in lines if keyword_of(words) in {RATE_PARAM, EXT_ARG}}
    for statement in channel.statements:
        if isinstance(statement.directive, ConstrainedParameter) and statement.directive.name not in used:
            message = "no formula and no other line uses this parameter: it changes nothing in the fit"
            yield warning("unused-parameter", message, systematic=statement.systematic)


def _unknown(channel: Channel, lines: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    # A workspace may define what no line does.
    if _may_have_others(lines):
        return
    known = channel.parameter_names | {SIGNAL_STRENGTH, MASS}
    for systematic, name in _needed(channel, lines):
        if name not in known:
            yield (
                f"systematic {systematic!r} needs the parameter {name!r}, which no line of the card defines"
                f"{closest(name, sorted(known))}"
            )
    defined = {words[0] for _, words in lines if keyword_of(words) in PARAMETER_KEYWORDS - CONSTRAINT_KEYWORDS}
    for statement in channel.statements:
        if isinstance(statement.directive, FlatParameter) and (name := statement.directive.name) not in defined:
            yield (
                f"systematic {statement.systematic!r} marks the parameter {name!r}, which no line of the card defines"
                f"{closest(name, sorted(defined))}"
            )


def _needed(channel: Channel, lines: Sequence[tuple[str, list[str]]]) -> Iterator[tuple[str, str]]:
    """Yield the names of the parameters that formulas need, each with the systematic that needs it."""
    for systematic, words in lines:
        if _is_formula(words):
            yield from ((systematic, name) for name in words[5].split(","))
    for statement in channel.statements:
        if isinstance(statement.directive, ConstraintTerm):
            yield from ((statement.systematic, name) for name in statement.directive.arguments)
            if not is_number(statement.directive.sigma):
                yield statement.systematic, statement.directive.sigma


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
