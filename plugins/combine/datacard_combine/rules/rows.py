"""Rows together: names that occur twice, kinds that do not fit, rows without an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.meaning.state import has_effect
from datacard_combine.syntax.faults import collected, doubtful, mistaken, noted
from datacard_combine.syntax.rows import values
from datacard_combine.syntax.views import Parameter, Row
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View


def row_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of rows and lines of `param` as a whole."""
    first: dict[str, Row | Parameter] = {}
    for view in views:
        if isinstance(view, Row) or (isinstance(view, Parameter) and view.kind == "param"):
            yield from _twice(view, first.setdefault(view.name, view))
            if view.nofloat:
                yield noted(
                    "row.nofloat", f"{view.name!r} is marked {grammar.NO_FLOAT}: it floats as others do", view.line
                )
        if isinstance(view, Row) and view.kind == "shapeU?":
            message = (
                f"{view.name!r} is shapeU?: Combine gives its parameter the normal density of shape?, no uniform one"
            )
            yield doubtful("shape.optional-uniform", message, view.line, 1)
    for row in content.dropped:
        if isinstance(row.view, Row) and not _is_emptied(content, row.view):
            message = (
                f"{row.name!r} has no effect on a column with a rate: Combine leaves it out, and has no such parameter"
            )
            yield doubtful("row.no-effect", message, row.view.line)
    yield from _gammas(content)


def _is_emptied(content: Content, view: Row) -> bool:
    """Return whether a row without an effect had one before edits dropped, split or merged it."""
    if not content.edits:
        return False
    written, _ = collected(values(view, len(content.rates), {}))
    return has_effect(view.kind, written, content.rates)


def _twice(view: Row | Parameter, other: Row | Parameter) -> Iterator[Fault]:
    if view is other:
        return
    if _constraint(view.kind) != _constraint(other.kind):
        message = (
            f"{view.name!r} is {other.kind} in line {other.line.number} and {view.kind} here: one name, two constraints"
        )
        yield mistaken("row.kind-clash", message, view.line, 1)
    elif isinstance(view, Row) and isinstance(other, Row):
        # A second row on other columns is one nuisance in two lines; on the same columns the effect counts twice.
        # Rows may have further words behind the last column.
        both = any(_acts(cell) and _acts(upper) for cell, upper in zip(view.cells, other.cells, strict=False))
        if both or view.kind == other.kind:
            message = f"{view.name!r} has a row above, in line {other.line.number}"
            effect = ": both act on the same columns" if both else ": write the cells in one row"
            yield mistaken("row.duplicate", f"{message}{effect}", view.line, 0)
    elif view.line.words[2:] != other.line.words[2:]:
        message = f"{view.name!r} has other numbers in line {other.line.number}: two constraints for one parameter"
        yield mistaken("row.duplicate", message, view.line, 0)


def _constraint(kind: str) -> str:
    """Return the kind of the probability density of a nuisance of some kind."""
    if kind in {"lnU", "shapeU"}:
        return "uniform"
    if kind == grammar.LN_N or kind.startswith(grammar.SHAPE):
        return "normal"
    return kind


def _acts(cell: str) -> bool:
    # Combine takes any number of dashes for no effect.
    return bool(cell.strip("-")) and cell not in {"0", "1", "1.0"}


def _gammas(content: Content) -> Iterator[Fault]:
    """Yield the faults of rows of gmN and gmM."""
    taken: dict[int, str] = {}
    for row in content.rows:
        if isinstance(row, Parameter) or not isinstance(row.view, Row):
            continue
        if row.kind == "gmM" and len({value for value in row.values if value != 0}) > 1:
            message = f"{row.name!r} has several widths, and a gmM has one parameter with one width: write two rows"
            yield mistaken("gmM.values", message, row.view.line)
        if row.kind == "unif" and row.arguments[0] >= row.arguments[1]:
            message = (
                f"{row.name!r} has the range {row.arguments[0]:g} to {row.arguments[1]:g}, expected the lower first"
            )
            yield mistaken("unif.range", message, row.view.line, 2)
        if row.kind == "gmN":
            yield from _products(content, row.name, row.view, row.values, row.arguments[0])
            for place in (place for place, value in enumerate(row.values) if value != 0):
                if place in taken:
                    column = content.head.columns[place]
                    message = (
                        f"{row.name!r} and {taken[place]!r} are gmN rows of {column.process!r} in {column.channel!r}"
                    )
                    yield mistaken(
                        "gmN.twice", f"{message}: a column may have one", row.view.line, row.view.first + place
                    )
                taken[place] = row.name


def _products(content: Content, name: str, view: Row, values: Sequence[object], events: float) -> Iterator[Fault]:
    for place, value in enumerate(values):
        rate = content.rates[place]
        # A rate of -1 is the integral of a template, which the text of the card does not show.
        if not isinstance(value, float) or value == 0 or rate == -1:
            continue
        product, column = value * events, content.head.columns[place]
        message = (
            f"{name!r}: N times the factor is {product:g} for {column.process!r} in channel {column.channel!r}, and "
            f"the rate is {rate:g}"
        )
        # The tolerances are those of Combine's ModelTools.
        if abs(product - rate) > max(0.05 * max(rate, 1), value):
            yield mistaken("gmN.product", message, view.line, view.first + place)
        elif abs(product - rate) > 0.01 * max(rate, 1e-6) and events > 0:
            yield doubtful("gmN.product", f"{message}, which is not used", view.line, view.first + place)
