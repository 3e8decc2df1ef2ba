"""Values of cells that Combine takes, and that are likely to mean something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_combine.syntax.faults import doubtful, mistaken, noted
from datacard_combine.syntax.views import EditLine, Parameter
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content, RowOfCard
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.rows import Value
    from datacard_combine.syntax.views import View

RELATIVE = 0.3
"""Factor below which all factors of a row are taken for relative uncertainties: 0.1 in place of 1.1."""
WIDE = 2
"""Factor of an lnU above which its range is told."""


def value_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:  # noqa: ARG001 - as every rule has it
    """Yield the faults of the values in rows."""
    for row in content.rows:
        if not isinstance(row, Parameter):
            yield from _of_row(row)


def _of_row(row: RowOfCard) -> Iterator[Fault]:
    # A row of thousands of columns has few different values.
    found = dict.fromkeys(row.values)
    found.pop(0.0, None)
    numbers = [value for value in found if isinstance(value, float)]
    # All factors of the row: one small factor among others may be meant.
    if row.kind == grammar.LN_N and numbers and max(numbers) < RELATIVE:
        yield mistaken(
            "value.kappa-relative",
            f"{row.name!r} has the factor {max(numbers):g}, for a relative uncertainty of {max(numbers):g} write "
            f"{1 + max(numbers):g}",
            *_where(row, max(numbers)),
        )
    told: dict[str, list[tuple[Fault, Value]]] = {}
    for value in found:
        for fault in _of_value(row, value):
            told.setdefault(fault.code, []).append((fault, value))
    # One for each row: in a card with a pair in each cell, thousands of them would hide all others.
    for (fault, value), *others in told.values():
        more = f", and so in {len(others)} other cells of the row" if others else ""
        line, word = _where(row, value)
        yield attrs.evolve(fault, message=fault.message + more, line=line, word=word)


def _of_value(row: RowOfCard, value: Value) -> Iterator[Fault]:
    """Yield the faults of a value, without their place."""
    if isinstance(value, tuple) and row.kind in {grammar.LN_N, "lnU"}:
        down, up = value
        if down > 1 > up:
            message = (
                f"{row.name!r} has down {down:g} and up {up:g}: the order is down/up, and here the yield falls with it"
            )
            yield doubtful("value.kappa-swapped", message)
        elif (down > 1 and up > 1) or (down < 1 and up < 1):
            message = f"{row.name!r} has down {down:g} and up {up:g} on the same side of 1"
            yield noted("value.kappa-same-side", message)
    elif isinstance(value, tuple):
        return
    elif row.kind == "lnU" and max(value, 1 / value) > WIDE:
        message = (
            f"{row.name!r} is flat between {min(value, 1 / value):.3g} and {max(value, 1 / value):.3g} times the yield"
        )
        yield noted("value.lnU", message)
    elif row.kind == "trG" and abs(value) >= 1:
        message = f"{row.name!r} changes the yield by {value:g} of itself at one standard deviation: it reaches 0 there"
        yield doubtful("value.trG-large", message)
    elif row.kind.startswith(grammar.SHAPE) and not row.kind.endswith("?") and value != 1:
        message = f"{row.name!r} has the scale {value:g}, which multiplies the parameter and not the templates"
        yield noted("shape.scale", message)


def _where(row: RowOfCard, value: Value) -> tuple[Line, int | None]:
    """Return line and word of the first cell with a value."""
    if isinstance(row.view, EditLine):
        return row.view.line, None
    return row.view.line, row.view.first + row.values.index(value)
