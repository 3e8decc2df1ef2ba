"""Rules on the lines below the table: no two lines of a card may give one name two meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DeclarationError
from datacard_core.grammar import (
    AUTO_MC_STATS,
    COMMENT,
    HEAD_WORDS,
    PARAMETER_KEYWORDS,
    RATE_PARAM,
    ROW_KEYWORDS,
    keyword_of,
)
from datacard_core.model.directives import BinByBinStatistics, FreeParameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core.build.plans import Plan
    from datacard_core.errors import DatacardError
    from datacard_core.model.channel import Channel, Directive


@attrs.frozen(eq=False)
class _Claim:
    """A name that a line of a declaration defines, and its meaning."""

    plan: Plan
    name: str
    meaning: str
    """Meaning in words, equal for lines that may stand in one card."""
    is_declared: bool = False
    """True if the name follows from the declaration, so that another declaration is the way out."""


def check_directives(channel: Channel, nuisances: Iterable[Plan], directives: Sequence[tuple[Plan, Directive]]) -> None:
    """Refuse lines that are not directives, and names that have two meanings in the card.

    Args:
        channel: the finished channel.
        nuisances: the plans that have effects.
        directives: all directives of the channel, each with the plan that it comes from.

    Raises:
        PluginCallError: a plugin made such a line, or took a name that another line of the card defines.
        DeclarationError: two declarations give one name two meanings.
    """
    claims = [claim for plan, directive in directives for claim in _claims(channel, plan, directive)]
    rows = {plan.name: plan for plan in nuisances}
    first: dict[str, _Claim] = {}
    for claim in claims:
        # Claims that agree with the first one agree with each other.
        other = first.setdefault(claim.name, claim)
        if claim.name in rows:
            raise _conflict(channel, claim, _Claim(rows[claim.name], claim.name, "it is a nuisance"))
        if other.meaning != claim.meaning:
            raise _conflict(channel, claim, other)
        if other.plan.systematic.typ != claim.plan.systematic.typ:
            raise _conflict(channel, claim, attrs.evolve(other, meaning=f"it is one of a {other.plan.systematic.typ}"))


def _claims(channel: Channel, plan: Plan, directive: Directive) -> list[_Claim]:
    """Return the names that a directive defines.

    The lines are made here first, so that a failure is the fault of the plugin and not of the writer.
    """
    doing = f"writing the lines of {plan.name!r} in channel {channel.bin!r}"
    with plan.kind.blamed(doing):
        lines = list(directive.lines(channel))
        words = [line.split() for line in lines if isinstance(line, str) and len(line.splitlines()) == 1]
    what = type(directive).__name__
    if len(words) < len(lines):
        strange = next(line for line in lines if not isinstance(line, str) or len(line.splitlines()) != 1)
        raise plan.kind.fault(f"{doing}: {what} has {strange!r}, expected a line of text")
    for line in words:
        if problem := _line_problem(line):
            raise plan.kind.fault(f"{doing}: {what} has {' '.join(line)!r:.120}, {problem}")
    if isinstance(directive, FreeParameter):
        # Combine takes start and range of the first line of a parameter, and ignores further ones without a message.
        meaning = f"it starts at {directive.initial:g} in the range {directive.bounds}"
        return [_Claim(plan, directive.name, meaning, is_declared=directive.name == plan.name)]
    is_declared = isinstance(directive, BinByBinStatistics)
    defined = map(_defined, words)
    return [_Claim(plan, name, meaning, is_declared=is_declared) for name, meaning in defined if name]


def _defined(words: Sequence[str]) -> tuple[str, str]:
    """Return the name that a line defines, and its meaning in words; both empty if the line defines no name."""
    keyword = keyword_of(words)
    if keyword == AUTO_MC_STATS:
        # The first word is the channel, which may be `*`; of several such lines Combine takes the last.
        return keyword, f"it is {' '.join(words[2:])}"
    if keyword == RATE_PARAM:
        # The third and fourth words are channel and process: a parameter has a line for each.
        return words[0], f"it is {' '.join([keyword, *words[4:]])}"
    return (words[0], f"it is {' '.join(words[1:])}") if keyword in PARAMETER_KEYWORDS else ("", "")


def _line_problem(words: Sequence[str]) -> str:
    if not words or words[0].startswith(COMMENT):
        return ""
    if words[0] in HEAD_WORDS:
        return f"but {words[0]!r} stands above the table, where the card writer puts it"
    if keyword_of(words) in ROW_KEYWORDS:
        return "a row of the table: contribute an effect, which becomes one"
    return ""


def _conflict(channel: Channel, claim: _Claim, other: _Claim) -> DatacardError:
    one, two = claim.plan.systematic, other.plan.systematic
    message = (
        f"channel {channel.bin!r}: systematic {one.name!r} of typ {one.typ!r} has {claim.name!r}, {claim.meaning}; "
        f"in systematic {two.name!r} of typ {two.typ!r} {other.meaning}"
    )
    if claim.is_declared and other.plan is not claim.plan:
        return DeclarationError(f"{message}: leave one of the two out, or give it another datacard_name")
    return claim.plan.kind.fault(message)
