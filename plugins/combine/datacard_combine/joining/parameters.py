"""Lines of several cards about parameters, groups and statistical uncertainties."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from datacard_combine.syntax.faults import mistaken, refused
from datacard_combine.syntax.numbers import parsed
from datacard_combine.syntax.views import Parameter
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.joining.parts import Part
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.views import RateParam

_Stated: TypeAlias = tuple["Part", tuple[str, ...]]
"""A card, and the words behind the keyword of one of its lines."""


def parameters_of(parts: Sequence[Part]) -> Reading[list[str]]:
    """Return the lines of all parameters that are no nuisances of columns, each once."""
    first: dict[tuple[str, str], _Stated] = {}
    for part in parts:
        for view in _parameters(part):
            words = tuple(map(part.source, view.words)) if view.kind == "extArg" else view.words
            name = f"{view.name}{grammar.NO_FLOAT}" if view.nofloat else view.name
            other, stated = first.setdefault((name, view.kind), (part, words))
            if not _agree(words, stated):
                code = "combine.extarg-conflict" if view.kind == "extArg" else "combine.param-conflict"
                yield mistaken(code, _conflict(f"{view.kind} {view.name!r}", (part, words), (other, stated)))
    discrete: dict[str, Part] = {}
    for part in parts:
        for name in dict.fromkeys(part.content.discrete):
            if (other := discrete.setdefault(name, part)) is not part:
                message = f"the index {name!r} is discrete in {part.label} and in {other.label}: rename one of them"
                yield refused("combine.discrete", message)
    lines = [" ".join([name, kind, *words]) for (name, kind), (_, words) in first.items()]
    return [*lines, *(f"{name} discrete" for name in discrete)]


def _parameters(part: Part) -> Iterator[Parameter]:
    content = part.content
    rows = (row for row in content.rows if isinstance(row, Parameter))
    yield from chain(rows, content.flat.values(), content.external.values())


def _agree(words: Sequence[str], others: Sequence[str]) -> bool:
    # Numbers by their value: cards of several authors write 1 and 1.0 for one parameter.
    return len(words) == len(others) and all(
        one == other or (parsed(one) is not None and parsed(one) == parsed(other))
        for one, other in zip(words, others, strict=True)
    )


def _conflict(what: str, one: _Stated, other: _Stated) -> str:
    (part, words), (first, stated) = one, other
    return (
        f"{what} is {' '.join(words)!r} in {part.label} and {' '.join(stated)!r} in {first.label}: rename one of them"
    )


def factors_of(parts: Sequence[Part]) -> Reading[list[str]]:
    """Return the lines of factors on yields, one for each column that they act on."""
    first: dict[str, _Stated] = {}
    lines = []
    for part in parts:
        for channel, process, view in _factors(part):
            words = tuple(map(part.source, view.words)) if view.is_file else view.words
            if not view.is_formula:
                other, stated = first.setdefault(view.name, (part, words))
                if other is not part and not _agree(words, stated):
                    message = _conflict(f"rateParam {view.name!r}", (part, words), (other, stated))
                    yield mistaken("rateparam.conflict", message)
                    # Told once for each further card, and not for each of its columns.
                    first[view.name] = (part, words)
            lines.append(" ".join([view.name, grammar.RATE_PARAM, part.names[channel], process, *words]))
    return lines


def _factors(part: Part) -> Iterator[tuple[str, str, RateParam]]:
    """Yield channel, process and line, also of a parameter that acts on no column, which a formula may use."""
    content = part.content
    for place, view in content.rate_params:
        column = content.head.columns[place]
        yield column.channel, column.process, view
    # Pairs without a column are many for a pattern, and change nothing.
    attached = {view.name for _, view in content.rate_params}
    for channel, process, view in content.unattached:
        if view.name not in attached:
            yield channel, process, view


def groups_of(parts: Sequence[Part]) -> list[str]:
    """Return a line for each group, with its members in all cards."""
    groups: dict[str, set[str]] = {}
    for part in parts:
        for name, members in part.content.groups.items():
            groups.setdefault(name, set()).update(members)
    return [" ".join([name, grammar.GROUP, "=", *sorted(members)]) for name, members in groups.items()]


def statistics_of(parts: Sequence[Part]) -> list[str]:
    """Return the autoMCStats line of each channel that has one."""
    return [
        grammar.auto_mc_stats_line(
            part.names[channel], view.threshold, include_signal=view.include_signal, hist_mode=view.hist_mode
        )
        for part in parts
        for channel, view in part.content.mc_stats.items()
    ]
