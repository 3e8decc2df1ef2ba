"""Whether the lines below the table may stand in one card: what one plugin writes, no other may mean differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DeclarationError
from datacard_core.model.channel import BinByBinStatistics, FreeParameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core.build.plans import Plan
    from datacard_core.errors import DatacardError
    from datacard_core.model.channel import Channel, Directive

_HEAD = {"imax", "jmax", "kmax", "shapes", "bin", "Observation", "observation", "process", "rate"}
"""First words of what stands above the table, where the card writer puts it."""

_ROWS = {"lnN", "lnU", "gmM", "gmN", "trG", "unif", "dFD", "dFD2", "shape", "shapeN", "shapeN2", "shapeU", "shape?"}
"""Second words of rows of the table."""

_PARAMETERS = {"param", "constr", "flatParam", "rateParam", "extArg", "discrete"}
"""Second words of the lines that define a parameter, which is their first word."""


@attrs.frozen(eq=False)
class _Claim:
    """One name that a declaration's lines define, and what as."""

    plan: Plan
    name: str
    meaning: str
    """In words, equal for lines that may stand in one card."""
    is_declared: bool = False
    """Whether it follows from the declaration, so that another declaration is the way out."""


def check_directives(channel: Channel, nuisances: Iterable[Plan], directives: Sequence[tuple[Plan, Directive]]) -> None:
    """Refuse lines that are none, and names that something else in the card has.

    Args:
        channel: the finished channel.
        nuisances: the plans that have effects.
        directives: all directives of the channel, each with the plan that it comes from.

    Raises:
        PluginCallError: a plugin made such a line, or took the name of something that is not its own.
        DeclarationError: two declarations mean different things by one name.
    """
    claims = [claim for plan, directive in directives for claim in _claims(channel, plan, directive)]
    rows = {plan.name: plan for plan in nuisances}
    first: dict[str, _Claim] = {}
    for claim in claims:
        other = first.setdefault(claim.name, claim)
        if claim.name in rows:
            raise _conflict(channel, claim, _Claim(rows[claim.name], claim.name, "it is a nuisance"))
        if other.meaning != claim.meaning:
            raise _conflict(channel, claim, other)
        if other.plan.systematic.typ != claim.plan.systematic.typ:
            raise _conflict(channel, claim, attrs.evolve(other, meaning=f"it is one of a {other.plan.systematic.typ}"))


def _claims(channel: Channel, plan: Plan, directive: Directive) -> list[_Claim]:
    """The names that a directive defines; its lines are made now, so that its plugin is blamed and not the writer."""
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
        # Combine takes the start and range of the first line, and says nothing about the others.
        meaning = f"it starts at {directive.initial:g} in the range {directive.bounds}"
        return [_Claim(plan, directive.name, meaning, is_declared=directive.name == plan.name)]
    is_declared = isinstance(directive, BinByBinStatistics)
    defined = map(_defined, words)
    return [_Claim(plan, name, meaning, is_declared=is_declared) for name, meaning in defined if name]


def _defined(line: Sequence[str]) -> tuple[str, str]:
    """The name that a line defines, and what as; empty if it defines none."""
    keyword = "" if len(line) < 2 or line[0].startswith("#") else line[1]  # noqa: PLR2004 - it is the second word
    if keyword == "autoMCStats":
        # There is one for a channel, which may be called `*`: of several Combine takes the last.
        return keyword, f"it is {' '.join(line[2:])}"
    if keyword == "rateParam":
        # It has a line for each channel and process.
        return line[0], f"it is {' '.join([keyword, *line[4:]])}"
    return (line[0], f"it is {' '.join(line[1:])}") if keyword in _PARAMETERS else ("", "")


def _line_problem(words: Sequence[str]) -> str:
    if not words or words[0].startswith("#"):
        return ""
    if words[0] in _HEAD:
        return f"but {words[0]!r} stands above the table, where the card writer puts it"
    if len(words) > 1 and words[1] in _ROWS:
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
