"""Rows of nuisances: the kind with its arguments, and the values of the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from datacard_combine.syntax.faults import mistaken, refused
from datacard_combine.syntax.numbers import number_at, parsed, whole
from datacard_combine.syntax.views import Row
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line

Value: TypeAlias = float | tuple[float, float]
"""Number of a cell, or down and up; 0 for a column without an effect."""

_PLAIN = frozenset({"lnN", "lnU", "gmM", "gmN", "trG", "unif", "dFD", "dFD2"})


def is_kind(keyword: str) -> bool:
    """Return whether Combine takes a keyword for that of a row: every word that begins with `shape`."""
    return keyword in _PLAIN or keyword.startswith(grammar.SHAPE)


def row(line: Line, words: tuple[str, ...], name: str, nofloat: bool) -> Reading[Row | None]:
    """Read a row; its cells are read when the number of columns is known."""
    kind = words[1]
    if kind not in grammar.ROW_KEYWORDS:
        known = closest(kind, sorted(grammar.ROW_KEYWORDS))
        message = f"{name!r} has the unknown kind {kind!r}{known}: Combine takes every word that begins with 'shape'"
        yield mistaken("row.unknown-kind", message, line, 1)
    needed = grammar.ROW_ARGUMENTS.get(kind, ())
    first = 2 + len(needed)
    if len(words) < first:
        message = (
            f"{name!r} has no {needed[len(words) - 2]}, expected {' '.join((kind, *needed))!r} and a cell per column"
        )
        yield refused("gmN.no-N" if kind == "gmN" else "value.number", message, line)
        return None
    arguments = []
    for place in range(2, first):
        if kind == "gmN" and whole(words[place]) is None:
            message = f"gmN {name!r} has N {words[place]!r}, expected the whole number of events in the control region"
            yield refused("gmN.no-N", message, line, place)
            return None
        arguments.append((yield from number_at(line, place, needed[place - 2])))
    return Row(
        line=line, name=name, nofloat=nofloat, kind=kind, arguments=tuple(arguments), cells=words[first:], first=first
    )


def values(view: Row, columns: int, numbers: dict[str, Value]) -> Reading[tuple[Value, ...]]:
    """Read the cells of a row.

    Args:
        view: the row.
        columns: number of columns of the card.
        numbers: cells of rows above that are right in a row of any kind; those of this row are added.
    """
    if len(view.cells) < columns:
        message = f"{view.name!r} has {len(view.cells)} cells, expected {columns}, one for each column"
        yield refused("columns.length", message, view.line)
        return (0.0,) * columns
    # Combine does not look at the words behind the last column.
    if len(view.cells) > columns:
        # A last word that can be no cell is a remark.
        message = (
            f"{view.name!r} has {len(view.cells)} cells and the card {columns} columns: Combine does not read what is "
            "behind the last column"
        )
        if grammar.cell_problem(view.kind, view.cells[columns]) is None:
            yield mistaken("columns.extra", message, view.line, view.first + columns)
    cells = view.cells[:columns]
    known: dict[str, Value] = {}
    # Most cells of a row are alike, and so are those of many rows.
    for cell in dict.fromkeys(cells):
        value = numbers.get(cell)
        if value is None:
            value = yield from _value(view, cell)
            if isinstance(value, float) and value > 0 and grammar.is_number(cell):
                numbers[cell] = value
        known[cell] = value
    return tuple(map(known.__getitem__, cells))


def _value(view: Row, cell: str) -> Reading[Value]:
    # Any number of dashes means no effect.
    if not cell.strip("-"):
        return 0.0
    if "/" in cell:
        return (yield from _pair(view, cell))
    value = parsed(cell)
    if value is None:
        comma = ": the decimal sign is a point" if "," in cell else ""
        message = f"{view.name!r} has the cell {cell!r}, expected a number or -{comma}"
        yield refused("value.number", message, *_where(view, cell))
        return 0.0
    if not grammar.is_number(cell):
        yield from number_at(*_where(view, cell), f"{view.name!r}: the cell")
    if value < 0 and view.kind not in grammar.SIGNED_KEYWORDS:
        code = "value.scale-negative" if view.kind.startswith(grammar.SHAPE) else "value.kappa-negative"
        message = f"{view.name!r} has the cell {cell!r}, expected a number above 0 in a row of {view.kind}"
        yield refused(code, message, *_where(view, cell))
    elif value == 0 and view.kind in {grammar.LN_N, "lnU"}:
        message = f"{view.name!r} has the factor 0, which Combine takes for no effect: write - for no effect"
        yield mistaken("value.kappa-zero", message, *_where(view, cell))
    return value


def _where(view: Row, cell: str) -> tuple[Line, int]:
    """Return line and word of the first cell with a text."""
    return view.line, view.first + view.cells.index(cell)


def _pair(view: Row, cell: str) -> Reading[Value]:
    if view.kind not in {grammar.LN_N, "lnU"} and "?" not in view.kind:
        message = f"{view.name!r} has the cell {cell!r}, expected one number: down/up is for lnN, lnU and shape?"
        yield refused("value.asymmetric", message, *_where(view, cell))
        return 0.0
    numbers = [parsed(part) for part in cell.split("/")]
    if None in numbers:
        message = f"{view.name!r} has the cell {cell!r}, expected two numbers, down/up"
        yield refused("value.number", message, *_where(view, cell))
        return 0.0
    found = [number for number in numbers if number is not None]
    if min(found) <= 0:
        message = f"{view.name!r} has the cell {cell!r}, expected two numbers above 0, down/up"
        yield refused("value.kappa-zero", message, *_where(view, cell))
    if len(found) != 2:  # noqa: PLR2004 - a pair
        message = f"{view.name!r} has the cell {cell!r} with {len(found)} numbers, expected two, down/up"
        yield mistaken("value.number", message, *_where(view, cell))
        return (found[0], found[-1])
    return (found[0], found[1])
