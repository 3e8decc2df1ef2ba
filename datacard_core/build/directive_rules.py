"""Rules on the lines below the table: no two lines of a card may give one name two meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError
from datacard_core.findings import Finding, warning
from datacard_core.grammar import (
    AUTO_MC_STATS,
    COMMENT,
    CONSTRAINT_KEYWORDS,
    HEAD_WORDS,
    INERT_KEYWORDS,
    NO_FLOAT,
    PARAMETER_KEYWORDS,
    RATE_PARAM,
    ROW_KEYWORDS,
    is_constraint,
    is_finite_number,
    keyword_of,
)
from datacard_core.model.channel import Directive, Statement
from datacard_core.model.directives import BinByBinStatistics, FreeParameter
from datacard_core.names import plain
from datacard_core.plugins.calling import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.build.plans import Plan
    from datacard_core.errors import DatacardError
    from datacard_core.model.channel import Channel


@attrs.frozen(eq=False, kw_only=True)
class _Claim:
    """A name that a line of a declaration defines, and its meaning."""

    plan: Plan
    name: str
    meaning: str
    """Meaning in words, equal for lines that may stand in one card."""
    is_constraint: bool = False
    """True for `param` and `flatParam`, which may stand beside the line that defines a parameter."""
    is_declared: bool = False
    """True if the name follows from the declaration, so that another declaration is the way out."""


def edit_findings(channel: Channel) -> Iterator[Finding]:
    """Yield a warning for each line by which Combine changes nuisances of the card."""
    for statement in channel.statements:
        for line in statement.lines(channel):
            if line.split()[:2] == ["nuisance", "edit"]:
                message = (
                    f"the line {line!r:.120} changes nuisances in Combine: their rows in the card are not what it fits"
                )
                yield warning("nuisance-edit", message, systematic=statement.systematic)


def statements_of(
    channel: Channel, nuisances: Iterable[Plan], statements: Iterable[tuple[Plan, Statement]]
) -> tuple[Statement, ...]:
    """Return the directives of a channel in their order, with their lines.

    The lines are read from the directives here, once, so that a failure is the plugin's fault and not the writer's.

    Args:
        channel: the channel with all its nuisances.
        nuisances: the plans that have effects.
        statements: all directives of the channel, each with the plan that it comes from.

    Raises:
        PluginCallError: a plugin failed, made a line that is not a directive's, or took a name that another line of the
            card defines.
        DeclarationError: two declarations give one name two meanings.
    """
    # Sorting is stable: directives of one order stay in the order of the declarations.
    placed = [(plan, _placed(plan, statement)) for plan, statement in statements]
    ordered = sorted(placed, key=lambda pair: pair[1].order)
    # The lines of a directive may depend on other directives.
    channel = attrs.evolve(channel, statements=tuple(statement for _, statement in ordered))
    read = [(plan, _with_lines(channel, plan, statement)) for plan, statement in ordered]
    _refuse_two_meanings(channel, nuisances, [claim for pair in read for claim in _claims(*pair)])
    return tuple(statement for _, statement in read)


def _refuse_two_meanings(channel: Channel, nuisances: Iterable[Plan], claims: Iterable[_Claim]) -> None:
    rows = {plan.name: plan for plan in nuisances}
    first: dict[str, _Claim] = {}
    for claim in claims:
        # Claims that agree with the first one agree with each other. A constraint may stand beside a definition.
        other = first.setdefault(f"{claim.name} {claim.is_constraint}", claim)
        if claim.name in rows:
            raise _conflict(channel, claim, _Claim(plan=rows[claim.name], name=claim.name, meaning="it is a nuisance"))
        if other.meaning != claim.meaning:
            raise _conflict(channel, claim, other)
        if other.plan.systematic.typ != claim.plan.systematic.typ:
            raise _conflict(channel, claim, attrs.evolve(other, meaning=f"it is one of a {other.plan.systematic.typ}"))


def _placed(plan: Plan, statement: Statement) -> Statement:
    """Return a directive with its origin and its place in the card."""
    directive = statement.directive
    with plan.kind.blamed(f"placing the lines of {plan.name!r}"):
        order: Any = directive.order
        if not is_finite_number(order):
            message = f"{type(directive).__name__}.order is {shown(order)}, expected a number such as {Directive.order}"
            raise TypeError(message)
        return attrs.evolve(statement, systematic=plan.name, typ=plan.systematic.typ, order=float(order))


def _with_lines(channel: Channel, plan: Plan, statement: Statement) -> Statement:
    """Return a directive with its lines."""
    doing = f"writing the lines of {plan.name!r} in channel {channel.bin!r}"
    directive, what = statement.directive, type(statement.directive).__name__
    with plan.kind.blamed(doing):
        lines = tuple(map(plain, listed(directive.lines(channel))))
        problem = next(filter(None, map(_line_problem, lines)), "")
        # The default would read the lines again, which may be a generator that has ended.
        if not problem and type(directive).constraints is not Directive.constraints:
            problem = _count_problem(lines, directive.constraints(channel))
    if problem:
        raise plan.kind.fault(f"{doing}: {what} {problem}")
    return attrs.evolve(statement, text=lines)


def _claims(plan: Plan, statement: Statement) -> list[_Claim]:
    """Return the names that a directive defines."""
    directive = statement.directive
    if type(directive) is FreeParameter:
        # Combine takes start and range of the first line of a parameter, and ignores further ones without a message.
        meaning = f"it starts at {directive.initial:g} in the range {directive.bounds}"
        return [_Claim(plan=plan, name=directive.name, meaning=meaning, is_declared=directive.name == plan.name)]
    lines = [line.split() for line in statement.text or ()]
    return [
        _Claim(
            plan=plan,
            name=name,
            meaning=meaning,
            is_constraint=keyword_of(words) in CONSTRAINT_KEYWORDS,
            is_declared=type(directive) is BinByBinStatistics or name == plan.name,
        )
        for words in lines
        for name, meaning in [defined_by(words)]
        if name
    ]


_BELOW = ROW_KEYWORDS | PARAMETER_KEYWORDS | INERT_KEYWORDS
"""Second words of the lines below the rates, where Combine looks at no first word."""


def defined_by(words: Sequence[str]) -> tuple[str, str]:
    """Return the name that a line defines, and its meaning in words; both empty if the line defines no name."""
    keyword = keyword_of(words)
    if keyword == AUTO_MC_STATS:
        # The first word is the channel, which may be `*`; of several such lines Combine takes the last.
        return keyword, f"it is {' '.join(words[2:])}"
    if keyword == RATE_PARAM:
        # The third and fourth words are channel and process: a parameter has a line for each.
        return words[0], f"it is {' '.join([keyword, *words[4:]])}"
    if keyword in PARAMETER_KEYWORDS:
        # The mark at the end of the name is none of the parameter's.
        return words[0].removesuffix(NO_FLOAT), f"it is {' '.join(words[1:])}"
    return ("", "")


def _line_problem(line: object) -> str:
    if not isinstance(line, str) or len(line.splitlines()) != 1:
        return f"has {line!r:.200}, expected a line of text"
    words = line.split()
    if not words or words[0].startswith(COMMENT):
        return ""
    # A channel, a nuisance and a parameter may be called like a word of the head.
    if words[0] in HEAD_WORDS and keyword_of(words) not in _BELOW:
        return f"has {line!r:.120}, but {words[0]!r} stands above the table, where the card writer puts it"
    if keyword_of(words) in ROW_KEYWORDS:
        return f"has {line!r:.120}, a row of the table: contribute an effect, which becomes one"
    return ""


def _count_problem(lines: Iterable[str], counted: object) -> str:
    # Combine refuses a card whose kmax is not the number that it counts itself.
    expected = sum(map(is_constraint, lines))
    if isinstance(counted, int) and counted == expected:
        return ""
    return f"says that kmax counts {shown(counted)} of its lines, and Combine counts {expected}"


def _conflict(channel: Channel, claim: _Claim, other: _Claim) -> DatacardError:
    one, two = claim.plan.systematic, other.plan.systematic
    message = (
        f"channel {channel.bin!r}: systematic {one.name!r} of typ {one.typ!r} has {claim.name!r}, {claim.meaning}; "
        f"in systematic {two.name!r} of typ {two.typ!r} {other.meaning}"
    )
    if claim.is_declared and other.plan is not claim.plan:
        return DeclarationError(f"{message}: leave one of the two out, or give it another datacard_name")
    return claim.plan.kind.fault(message)
