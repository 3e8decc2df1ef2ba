"""Rules on the effects and directives that a kind returns for its columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.grammar import SHAPE, cell_problem, name_problem, row_problem
from datacard_core.model.arrays import LARGEST, Templates
from datacard_core.model.directives import BinByBinStatistics, FreeParameter, RawLine
from datacard_core.model.effects import Effect, Entry, Normalisation, Nuisance, Shape, own, own_shape
from datacard_core.names import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.hookspecs import Target
    from datacard_core.model.channel import Directive


def entry_of(effect: Effect, target: Target) -> tuple[Entry | None, list[str]]:
    """Return the entry of an effect, and its problems, a sentence each; None where problems leave no entry.

    The attributes and methods of the effect are read once.
    """
    effect = own(effect)
    shape = own_shape(effect) if isinstance(effect, Shape) else None
    known = effect if type(effect) is Normalisation else shape
    # The text of cells is made from attributes that must be right first.
    if known is not None:
        problems = list(_column_problems(known, known.columns, target)) or list(_array_problems(known, target))
        if problems:
            return None, problems
    entry = Entry.of(effect, shape)
    problems = [] if known is not None else list(_column_problems(effect, entry.columns, target))
    # The core's classes write correct text.
    return entry, problems or ([] if type(effect) in (Normalisation, Shape) else list(text_problems(entry)))


def row_problems(name: str, entries: Sequence[Entry], target: Target) -> list[str]:
    """Return the problems of the effects of one nuisance together."""
    return [*_overlaps(entries, target), *_keyword_problems(name, entries)]


def directive_problems(item: Directive, target: Target) -> Iterator[str]:
    """Yield the problems of a directive; its lines are checked when the channel is complete."""
    if isinstance(item, FreeParameter):
        yield from _column_problems(item, item.columns, target)
        yield from _parameter_problems(item)
    elif isinstance(item, BinByBinStatistics):
        if not math.isfinite(item.threshold):
            yield f"BinByBinStatistics.threshold is {item.threshold!r}, expected a finite number"
    elif isinstance(item, RawLine) and (
        not isinstance(item.text, str) or len(item.text.splitlines()) != 1 or not item.text.strip()
    ):
        yield f"RawLine.text is {item.text!r}, expected one line"


def text_problems(entry: Entry) -> Iterator[str]:
    """Yield the problems of the keyword and the cells of an effect whose class is not the core's."""
    what, keyword, cells = type(entry.effect).__name__, entry.keyword, entry.cells
    if not isinstance(keyword, str) or not keyword.strip() or len(keyword.splitlines()) != 1:
        yield f"{what} has the keyword {keyword!r}, expected the words behind a nuisance's name"
        return
    if problem := row_problem(keyword):
        yield f"{what} has the keyword {keyword!r}: {problem}"
    elif keyword.startswith(SHAPE) != (entry.shape is not None):
        # Combine would look for templates that are not in the file, or ignore those that are.
        yield f"{what} has the keyword {keyword!r}, expected a keyword of shapes for a subclass of Shape and no other"
    if len(cells) != len(entry.columns) or not all(isinstance(cell, str) and cell.split() == [cell] for cell in cells):
        yield f"{what} has cells {list(cells)!r:.200} for {len(entry.columns)} columns, expected one word for each"
        return
    for cell in dict.fromkeys(cells):
        if problem := cell_problem(keyword, cell):
            yield f"{what} has the cell {cell!r}, {problem}"
            return


def _column_problems(item: Effect | FreeParameter, columns: Any, target: Target) -> Iterator[str]:
    what = type(item).__name__
    # Arrays of whole numbers have been converted to intp, all other values have been left as they were.
    if not isinstance(columns, np.ndarray) or columns.ndim != 1 or columns.dtype != np.intp:
        yield f"{what}.columns is {columns!r:.200}, expected an array of the integers in target.positions"
    elif strange := sorted(set(columns.tolist()).difference(target.positions.tolist())):
        yield f"{what} is on columns {strange}, which the declaration does not cover"
    elif len(set(columns.tolist())) < len(columns):
        yield f"{what} is on columns {columns.tolist()}, expected each once"


def _array_problems(effect: Normalisation | Shape, target: Target) -> Iterator[str]:
    if isinstance(effect, Shape):
        yield from _shape_problems(effect, target.axis.bins)
    else:
        yield from _normalisation_problems(effect)


def _normalisation_problems(effect: Normalisation) -> Iterator[str]:
    for direction, factors in (("up", effect.up), ("down", effect.down)):
        if factors is None and direction == "down":
            continue
        if not _are_numbers(factors, (len(effect.columns),)) or not _all_above_0(factors):
            yield f"Normalisation.{direction} is {factors!r}, expected an array with a finite factor above 0 per column"


def _shape_problems(effect: Shape, bins: int) -> Iterator[str]:
    for direction, templates in (("up", effect.up), ("down", effect.down)):
        yield from _template_problems(f"Shape.{direction}", templates, (len(effect.columns), bins))
    scale = effect.scale
    # Combine reads a cell of 0 as no effect, so that the templates would be ignored, and refuses a cell below 0.
    if not _are_numbers(scale, (len(effect.columns),)) or not _all_above_0(scale):
        yield f"Shape.scale is {scale!r}, expected an array with a finite number of sigmas above 0 per column"


def _template_problems(what: str, templates: Templates, expected: tuple[int, int]) -> Iterator[str]:
    if not isinstance(templates, Templates):
        yield f"{what} is {templates!r}, expected Templates with values and variances"
        return
    for field, array in (("values", templates.values), ("variances", templates.variances)):
        if not isinstance(array, np.ndarray) or array.shape != expected:
            yield f"{what}.{field} has shape {np.shape(array)}, expected {expected}"
        elif array.dtype != np.float64:
            yield f"{what}.{field} is an array of {array.dtype}, expected float64"
        elif not np.all(np.abs(array) <= (LARGEST if field == "values" else LARGEST**2)):
            yield f"{what}.{field} has content that is not finite, or beyond any yield"
        elif field == "variances" and np.any(array < 0):
            yield f"{what}.{field} has content below 0"


def _parameter_problems(parameter: FreeParameter) -> Iterator[str]:
    if problem := name_problem("FreeParameter.name", parameter.name):
        yield problem
    bounds, initial = parameter.bounds, parameter.initial
    low, high = (-math.inf, math.inf) if bounds is None else bounds
    if not math.isfinite(initial) or not low <= initial <= high:
        yield f"FreeParameter {parameter.name!r} starts at {initial!r}, expected a finite number in {bounds!r}"
    if bounds is not None and not (math.isfinite(low) and math.isfinite(high) and low < high):
        yield f"FreeParameter {parameter.name!r} has the range {bounds!r}, expected two numbers, the lower first"


def _all_above_0(factors: Any) -> bool:
    return bool(np.all(np.isfinite(factors) & (factors > 0)))


def _are_numbers(array: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(array, np.ndarray) and array.shape == shape and array.dtype == np.float64


def _overlaps(entries: Sequence[Entry], target: Target) -> Iterator[str]:
    if len(entries) < 2:  # noqa: PLR2004 - one effect has been seen to have each column once
        return
    names = {int(position): column.name for position, column in zip(target.positions, target.columns, strict=True)}
    if twice := duplicates(names[column] for entry in entries for column in entry.columns.tolist()):
        yield f"several effects on columns {twice}, expected one each"


def _keyword_problems(name: str, entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        return
    try:
        _ = Nuisance(name, tuple(entries)).keyword
    except ValueError as error:
        yield str(error)
