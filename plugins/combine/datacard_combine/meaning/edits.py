"""`nuisance edit` lines, carried out as Combine's `NuisanceModifier` does."""

from __future__ import annotations

import re
from math import exp, hypot, log
from typing import TYPE_CHECKING

from datacard_combine.meaning.renaming import rename
from datacard_combine.meaning.state import NOTHING, OpenRow, matches
from datacard_combine.syntax.faults import doubtful, mistaken, refused
from datacard_combine.syntax.numbers import parsed
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_combine.meaning.state import State
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.rows import Value
    from datacard_combine.syntax.views import EditLine

# Combine converts factors to their logarithms, and back, between these two families alone.
_LINEAR = frozenset({"trG", "unif", "dFD", "dFD2"})
_LOGARITHMIC = frozenset({"lnN", "lnU"})


def carry_out(state: State, edit: EditLine) -> Reading[None]:
    """Change the rows above an edit."""
    try:
        yield from _VERBS[edit.verb](state, edit)
    except re.error as error:
        message = f"{error.pattern!r} is not a regular expression: {error.msg}"
        yield refused("edit.pattern", message, edit.line)
    except (ArithmeticError, ValueError) as error:
        # A value of 0 or below has no logarithm, and a large one no finite exponential.
        message = f"nuisance edit {edit.verb}: a value of the rows above cannot be changed: {error}"
        yield refused("edit.kind", message, edit.line)


def _named(state: State, edit: EditLine, pattern: str) -> Reading[list[OpenRow]]:
    """Return the rows that the pattern of a name matches."""
    found = [row for row in state.rows if matches(re.compile(pattern), row.name)]
    # Behind the words that the verb needs: a nuisance itself may be called ifexists.
    may_miss = "ifexists" in edit.words[len(grammar.EDITS[edit.verb]) :]
    if not found:
        if any(matches(re.compile(pattern), name) for name in state.written):
            message = f"nuisance edit {edit.verb}: {pattern!r} is below, and an edit changes rows above it alone"
            yield mistaken("edit.order", message, edit.line)
        elif not may_miss:
            message = f"nuisance edit {edit.verb}: no nuisance {pattern!r}{closest(pattern, _names(state))}"
            yield mistaken("edit.unknown", message, edit.line)
    return found


def _names(state: State) -> list[str]:
    return [row.name for row in state.rows]


def _found_nothing(edit: EditLine, *, is_found: bool, options: tuple[str, ...]) -> Reading[None]:
    channel = edit.words[1]
    # For the channel * Combine accepts that an edit changes no column, and for a named channel it stops.
    if not is_found and channel != grammar.ANY and "ifexists" not in options:
        message = f"nuisance edit {edit.verb} matches no column of a nuisance"
        yield refused("edit.unknown", message, edit.line)


def _add(state: State, edit: EditLine) -> Reading[None]:
    process, channel, name, kind, text = edit.words[:5]
    value = _value(text)
    if value is None:
        message = f"nuisance edit add {name!r} has the value {text!r}, expected a number, or two with a / between them"
        yield refused("value.number", message, edit.line)
        return
    if not any(True for _ in state.matching(channel, process)):
        message = f"nuisance edit add {name!r}: no column of process {process!r} in channel {channel!r}"
        known = closest(process, (column.process for column in state.head.columns))
        yield mistaken("edit.unknown", f"{message}{known}", edit.line)
    if value in NOTHING:
        message = f"nuisance edit add {name!r} with the value {text} adds nothing: Combine takes 0 and 1 for no effect"
        yield mistaken("edit.no-effect", message, edit.line)
    yield from _put(state, edit, (process, channel, name, kind), value, edit.words[5:])


def _put(
    state: State, edit: EditLine, target: tuple[str, str, str, str], value: Value, options: tuple[str, ...]
) -> Reading[None]:
    """Give a nuisance a value on the columns that patterns match."""
    process, channel, name, kind = target
    same = [row for row in state.rows if row.name == name]
    if other := [row for row in same if row.kind != kind]:
        message = f"{name!r} is to be {kind}, and is {other[0].kind} above"
        yield refused("edit.exists", message, edit.line)
        return
    # A new row cannot be renamed afterwards, as Combine does not list its name.
    if not same:
        state.add(
            OpenRow(name=name, nofloat=False, kind=kind, arguments=(), values=[0.0] * len(state.rates), view=edit),
            is_named=False,
        )
    # Of several rows of the name Combine changes the last one.
    values = (same[-1] if same else state.rows[-1]).values
    for where, what, place in state.matching(channel, process):
        if value in NOTHING:
            continue
        if values[place] in NOTHING:
            values[place] = value
        # Combine looks for this option first, where both are given.
        elif "addq" in options:
            joined = in_quadrature(kind, values[place], value)
            if joined is None:
                message = f"{name!r} on {what!r} in channel {where!r}: {values[place]} and {value} cannot be added"
                yield refused("edit.merge", message, edit.line)
                return
            values[place] = joined
        elif "overwrite" in options:
            values[place] = value
        else:
            message = (
                f"{name!r} has the value {values[place]} on process {what!r} in channel {where!r} already: give the "
                "option addq or overwrite"
            )
            yield refused("edit.exists", message, edit.line)
            return


def _value(text: str) -> Value | None:
    numbers = [parsed(part) for part in text.split("/")]
    found = [number for number in numbers if number is not None]
    if len(found) < len(numbers) or len(found) not in (1, 2):
        return None
    return found[0] if len(found) == 1 else (found[0], found[1])


def in_quadrature(kind: str, one: Value, two: Value) -> Value | None:
    """Return two factors added in quadrature of their logarithms; None for other kinds, or for opposite directions."""
    if isinstance(one, tuple) or isinstance(two, tuple):
        # Beside a pair, one factor stands for itself upwards and for its inverse downwards.
        down_1, up_1 = one if isinstance(one, tuple) else (1 / one, one)
        down_2, up_2 = two if isinstance(two, tuple) else (1 / two, two)
        down, up = _joined(kind, down_1, down_2), _joined(kind, up_1, up_2)
        return None if down is None or up is None else (down, up)
    return _joined(kind, one, two)


def _joined(kind: str, one: float, two: float) -> float | None:
    if kind not in _LOGARITHMIC or min(one, two) <= 0 or log(one) * log(two) < 0:
        return None
    # hypot has no sign, so that the direction comes from the first factor; both have the same by the test above.
    joined = exp(hypot(log(one), log(two)))
    return joined if one > 1 else 1 / joined


def _drop(state: State, edit: EditLine) -> Reading[None]:
    process, channel, name = edit.words[:3]
    places = [place for _, _, place in state.matching(channel, process)]
    rows = yield from _named(state, edit, name)
    for row in rows:
        # Lines of `param` have no values.
        for place in places if row.values else ():
            row.values[place] = 0.0
    yield from _found_nothing(edit, is_found=bool(rows and places), options=edit.words[3:])


def _change_kind(state: State, edit: EditLine) -> Reading[None]:
    name, kind = edit.words[:2]
    for row in (yield from _named(state, edit, name)):
        change = _change_of(row.kind, kind)
        if row.kind == kind:
            continue
        if change is None:
            message = f"nuisance edit changepdf: {row.name!r} cannot change from {row.kind} to {kind}"
            yield refused("edit.kind", message, edit.line)
            return
        row.kind, row.values = kind, [change(value) for value in row.values]


def _change_of(old: str, new: str) -> Callable[[Value], Value] | None:
    # Combine looks for the word anywhere in the kind: shapeN, shapeU and shape? are shapes too.
    both_shapes = grammar.SHAPE in old and grammar.SHAPE in new
    if both_shapes or {old, new} <= _LINEAR or {old, new} <= _LOGARITHMIC:
        return lambda value: value
    if old in _LOGARITHMIC and new in _LINEAR:
        return lambda value: 0.0 if value in NOTHING else log(_single(value))
    if old in _LINEAR and new in _LOGARITHMIC:
        return lambda value: 0.0 if value in NOTHING else exp(_single(value))
    return None


def _single(value: Value) -> float:
    # Combine stops at a pair, which has no single logarithm.
    if isinstance(value, tuple):
        raise ValueError(f"{value[0]:g}/{value[1]:g} is a pair, expected one number")  # noqa: TRY004 - a fault of the card
    return value


def _merge(state: State, edit: EditLine) -> Reading[None]:
    process, channel, name, other = edit.words[:4]
    is_found = False
    for row in [row for row in state.rows if matches(re.compile(other), row.name) and row.values]:
        for where, what, place in list(state.matching(channel, process)):
            is_found = True
            # As Combine does it, for names that are patterns.
            target = (f"{what}$", f"{where}$", name, row.kind)
            yield from _put(state, edit, target, row.values[place], ("addq",))
            row.values[place] = 0.0
    yield from _found_nothing(edit, is_found=is_found, options=edit.words[4:])


def _split(state: State, edit: EditLine) -> Reading[None]:
    process, channel, name, first, second, first_text, second_text = edit.words[:7]
    first_value, second_value = _value(first_text), _value(second_text)
    if first_value is None or second_value is None:
        yield refused("value.number", f"nuisance edit split {name!r} needs two numbers at its end", edit.line)
        return
    is_found = False
    for row in [row for row in (yield from _named(state, edit, name)) if row.values]:
        for where, what, place in list(state.matching(channel, process)):
            is_found = True
            if row.values[place] not in NOTHING:
                yield from _put(state, edit, (what, where, first, row.kind), first_value, ("overwrite",))
                yield from _put(state, edit, (what, where, second, row.kind), second_value, ("overwrite",))
            row.values[place] = 0.0
    yield from _found_nothing(edit, is_found=is_found, options=edit.words[7:])


def _freeze(state: State, edit: EditLine) -> Reading[None]:
    # For this verb alone Combine puts anchors around the pattern.
    pattern = re.compile(f"^{edit.words[0]}$")
    free = [*state.flat, *(view.name for _, view in state.rate_params), *state.discrete, *state.external]
    # Combine keeps the name of a rateParam whose channel does not have the process.
    free += [view.name for _, _, view in state.unattached]
    # Combine looks among the nuisances only if no other parameter matches.
    found = [name for name in free if matches(pattern, name)]
    found = found or [name for name in _names(state) if matches(pattern, name)]
    if not found and "ifexists" not in edit.words[1:]:
        known = closest(edit.words[0], [*free, *_names(state)])
        yield refused("edit.unknown", f"nuisance edit freeze: no parameter {edit.words[0]!r}{known}", edit.line)
    state.frozen.update(found)


def _flip(state: State, edit: EditLine) -> Reading[None]:
    process, channel, name = edit.words[:3]
    directions = {"n2p", "p2n"}.intersection(edit.words[3:])
    if not directions:
        message = f"nuisance edit flip {name!r} needs n2p or p2n: below 1 to above it, or the reverse"
        yield refused("edit.fields", message, edit.line)
        return
    places = [place for _, _, place in state.matching(channel, process)]
    rows = yield from _named(state, edit, name)
    for row in rows:
        if row.kind != grammar.LN_N:
            message = f"nuisance edit flip: {row.name!r} is {row.kind}, expected lnN"
            yield refused("edit.kind", message, edit.line)
            return
        for place in places:
            row.values[place] = _flipped(row.values[place], directions)
    yield from _found_nothing(edit, is_found=bool(rows and places), options=edit.words[3:])


def _flipped(value: Value, directions: set[str]) -> Value:
    if value in NOTHING:
        return value
    first = value[0] if isinstance(value, tuple) else value
    # Of a pair Combine looks at the first number, which is down: it falls where the yield rises.
    wanted = "p2n" if (first < 1) == isinstance(value, tuple) else "n2p"
    if wanted not in directions or first == 1:
        return value
    return (1 / value[0], 1 / value[1]) if isinstance(value, tuple) else 1 / value


def _rename(state: State, edit: EditLine) -> Reading[None]:
    yield from rename(state, edit)
    new = edit.words[1] if len(edit.words) == 2 else edit.words[3]  # noqa: PLR2004 - the form without columns
    if sum(row.name == new for row in state.rows) > 1:
        message = f"nuisance edit rename: two rows are called {new!r} then, and are one parameter"
        yield doubtful("edit.merge", message, edit.line)


_VERBS: Mapping[str, Callable[[State, EditLine], Reading[None]]] = {
    "add": _add,
    "drop": _drop,
    "rename": _rename,
    "changepdf": _change_kind,
    "merge": _merge,
    "split": _split,
    "freeze": _freeze,
    "flip": _flip,
}
