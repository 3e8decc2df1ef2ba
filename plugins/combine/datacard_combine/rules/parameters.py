"""Parameters: their numbers, their ranges, and what uses them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from datacard_combine.meaning.shapes import ShapesLines
from datacard_combine.syntax.faults import doubtful, mistaken, noted
from datacard_combine.syntax.numbers import parsed
from datacard_combine.syntax.parameters import numbers_of, range_of, spread_of
from datacard_combine.syntax.views import GroupLine, Parameter, RateParam
from datacard_core import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View

_NAME = re.compile(r"[A-Za-z_]\w*(?:::\w+)*")
_MOST = 3
"""Words of a `param` line behind the keyword: mean, width and range."""


def parameter_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of lines about parameters."""
    for view in views:
        if isinstance(view, Parameter) and view.kind == "param":
            yield from _param(view)
        elif isinstance(view, Parameter) and view.kind == "extArg":
            yield from _external(view)
        elif isinstance(view, RateParam) and not view.is_formula and not view.is_file:
            yield from _factor(view)
    yield from _repeated(content)
    yield from _degenerate(content)
    yield from _groups(views, content)
    yield from _unknown(views, content)


def known_names(content: Content) -> set[str]:
    """Return the names of all parameters that the lines of a card define."""
    rows = {row.name for row in content.rows}
    factors = {view.name for _, view in content.rate_params} | {view.name for _, _, view in content.unattached}
    return rows | factors | set(content.external) | set(content.discrete)


def constraint_names(view: Parameter) -> set[str]:
    """Return the names of the parameters that a line of `constr` needs."""
    formula, *others = view.words or [""]
    # With three words the second lists the parameters; else they are the names in the formula.
    listed = others[0].strip("{}").split(",") if len(others) > 1 else _NAME.findall(formula)
    # The width is a number, or a parameter; a [ behind a name makes one.
    names = {*listed, *(word for word in others[-1:] if parsed(word) is None)}
    # Functions stand before a parenthesis, or in a namespace such as TMath, and are no parameters.
    return {name for name in names if "[" not in name and "::" not in name and f"{name}(" not in formula}


def may_have_others(content: Content) -> bool:
    """Return whether parameters may come from a file, so that the text does not name all of them."""
    files = [view.is_file for _, view in content.rate_params]
    files += [":" in view.words[-1] for view in content.external.values() if view.words]
    return any(files) or ShapesLines(content.head.shapes).has_workspace


def _param(view: Parameter) -> Iterator[Fault]:
    where = f"param {view.name!r}"
    if parsed(view.words[0]) is None:
        yield mistaken("value.number", f"{where} has the mean {view.words[0]!r}, expected a number", view.line, 2)
    width = spread_of(view.words[1])
    if width is None:
        message = f"{where} has the width {view.words[1]!r}, expected a number, or -lower/+upper with both signs"
        yield mistaken("param.asymmetric" if "/" in view.words[1] else "value.number", message, view.line, 3)
    elif min(width) <= 0:
        yield mistaken(
            "param.sigma", f"{where} has the width {view.words[1]!r}, expected a number above 0", view.line, 3
        )
    if len(view.words) > _MOST:
        message = f"{where} has {len(view.words)} words, expected mean, width and [low,high]: the range is not used"
        yield mistaken("param.fields", message, view.line, 2 + _MOST)
    elif len(view.words) == _MOST and range_of(view.words[2]) is None:
        message = f"{where} has the range {view.words[2]!r}, expected [low,high] with the lower first"
        yield mistaken("param.fields", message, view.line, 4)


def _external(view: Parameter) -> Iterator[Fault]:
    if not view.words or ":" in view.words[-1]:
        return
    start, limits = numbers_of(view.words)
    if start is None:
        message = f"extArg {view.name!r} has the value {view.words[0]!r}, expected a number or file.root:workspace"
        yield mistaken("value.number", message, view.line, 2)
    if len(view.words) > 1 and view.words[-1] != "[const]" and limits is None:
        message = f"extArg {view.name!r} has the range {view.words[-1]!r}, expected [low,high] or [const]"
        yield mistaken("extarg.range", message, view.line, 3)


def _factor(view: RateParam) -> Iterator[Fault]:
    start, limits = numbers_of(view.words)
    where = f"rateParam {view.name!r}"
    if start is None or not math.isfinite(start):
        code = "value.number" if start is None else "value.not-finite"
        message = f"{where} has the start {view.words[0]!r}, expected a finite number, or a formula and its arguments"
        yield mistaken(code, message, view.line, 4)
        return
    if view.has_range and limits is None:
        message = f"{where} has the range {view.words[1]!r}, expected [low,high] with the lower first"
        yield mistaken("rateparam.range", message, view.line, 5)
    elif limits is not None and not limits[0] <= start <= limits[1]:
        yield mistaken("rateparam.range", f"{where} starts at {start:g}, outside of {view.words[1]}", view.line, 4)
    elif start < 0:
        yield doubtful("rateparam.negative", f"{where} starts at {start:g}, so that the yield is below 0", view.line, 4)
    elif start == 0:
        yield doubtful(
            "rateparam.zero", f"{where} starts at 0, so that nothing is expected of the process", view.line, 4
        )


def _repeated(content: Content) -> Iterator[Fault]:
    """Yield parameters that act twice on a column, or have two starts or ranges."""
    first: dict[str, RateParam] = {}
    taken: set[tuple[int, str]] = set()
    told: set[RateParam] = set()
    for place, view in content.rate_params:
        other = first.setdefault(view.name, view)
        if (place, view.name) in taken and view not in told:
            told.add(view)
            column = content.head.columns[place]
            message = f"rateParam {view.name!r} acts twice on {column.process!r} in channel {column.channel!r}"
            yield mistaken("rateparam.duplicate", message, view.line, 0)
        elif not view.is_formula and not other.is_formula and view not in told and _differ(view, other):
            told.add(view)
            message = (
                f"rateParam {view.name!r} is {' '.join(other.words)} in line {other.line.number}, which Combine takes"
            )
            yield mistaken("rateparam.conflict", message, view.line, 4)
        taken.add((place, view.name))


def _differ(view: RateParam, other: RateParam) -> bool:
    (start, limits), (first_start, first_limits) = numbers_of(view.words), numbers_of(other.words)
    # A later line may leave out the range.
    return (start is not None and start != first_start and math.isfinite(start)) or (
        limits is not None and limits != first_limits
    )


def _degenerate(content: Content) -> Iterator[Fault]:
    # Without columns of rate 0, which Combine leaves out of the model.
    signals = {place for place, column in enumerate(content.head.columns) if column.is_signal and content.rates[place]}
    constrained = {row.name for row in content.rows}
    scaled: dict[str, set[int]] = {}
    for place, view in content.rate_params:
        if not view.is_formula and not view.is_file and view.name not in constrained:
            scaled.setdefault(view.name, set()).add(place)
    for name, places in scaled.items():
        if signals and places == signals:
            line = next(view.line for _, view in content.rate_params if view.name == name)
            message = (
                f"rateParam {name!r} scales the signal in all channels, as r does: a fit finds their product alone"
            )
            yield doubtful("rateparam.degenerate", message, line, 0)


def _groups(views: Sequence[View], content: Content) -> Iterator[Fault]:
    known = known_names(content) | set(content.flat)
    dropped = {row.name for row in content.dropped} - known
    is_complete = not may_have_others(content)
    for view in (view for view in views if isinstance(view, GroupLine)):
        if not view.members:
            yield doubtful("group.empty", f"group {view.name!r} has no member", view.line)
        for place, member in enumerate(view.members, start=3):
            if member in dropped:
                message = f"group {view.name!r}: {member!r} has no effect, so that Combine leaves it out"
                yield mistaken("group.unknown", message, view.line, place)
            elif member not in known and is_complete:
                message = f"group {view.name!r}: no parameter {member!r}{closest(member, sorted(known))}"
                yield mistaken("group.unknown", message, view.line, place)


def _unknown(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield lines about parameters that no other line defines or uses."""
    # A workspace may define what the text does not, and use what no formula has.
    if may_have_others(content):
        return
    known = known_names(content)
    arguments = {name for _, view in content.rate_params if view.is_formula for name in view.words[1].split(",")}
    factors = {view.name for _, view in content.rate_params}
    parameters = [view for view in views if isinstance(view, Parameter)]
    arguments = arguments.union(*(constraint_names(view) for view in parameters if view.kind == "constr"))
    for view in parameters:
        if view.kind == "flatParam" and view.name not in known:
            message = f"flatParam {view.name!r}: no such parameter{closest(view.name, sorted(known))}"
            yield doubtful("flatparam.unknown", message, view.line, 0)
        elif view.kind == "discrete":
            message = f"discrete {view.name!r}: the card names no workspace that could have this index"
            yield mistaken("discrete.unknown", message, view.line, 0)
        elif view.kind == "param" and view.name not in arguments | factors | set(content.external):
            yield doubtful("param.unused", f"param {view.name!r} changes nothing: no line uses it", view.line, 0)
        elif view.kind == "extArg" and view.name not in arguments:
            yield noted("extarg.unused", f"extArg {view.name!r} changes nothing: no formula uses it", view.line, 0)
