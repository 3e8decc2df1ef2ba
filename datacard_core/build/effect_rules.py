"""Rules on the effects and directives that a kind returns for its columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.grammar import name_problem
from datacard_core.model.arrays import Templates
from datacard_core.model.channel import Directive
from datacard_core.model.directives import BinByBinStatistics, FreeParameter, RawLine
from datacard_core.model.effects import Effect, Normalisation, Nuisance, Shape
from datacard_core.names import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.hookspecs import Target


def problems(contributed: Sequence[object], target: Target) -> list[str]:
    """Return the problems of effects and directives, a sentence each."""
    effects = [item for item in contributed if isinstance(item, Effect)]
    found = [problem for item in contributed for problem in _problems(item, target)]
    # Rules on all of them together read attributes that the rules on each have checked.
    return found or [*_overlaps(effects, target), *_row_problems(target.systematic.datacard_name, effects)]


def _problems(item: object, target: Target) -> Iterator[str]:
    if isinstance(item, Effect):
        yield from _effect_problems(item, target)
    elif isinstance(item, FreeParameter):
        yield from _column_problems(item, target)
        yield from _parameter_problems(item)
    elif isinstance(item, BinByBinStatistics):
        if not math.isfinite(item.threshold):
            yield f"BinByBinStatistics.threshold is {item.threshold!r}, expected a finite number"
    elif isinstance(item, RawLine):
        if not isinstance(item.text, str) or len(item.text.splitlines()) != 1 or not item.text.strip():
            yield f"RawLine.text is {item.text!r}, expected one line"
    elif not isinstance(item, Directive):
        yield f"got {item!r}, expected effects and directives"


def _effect_problems(effect: Effect, target: Target) -> Iterator[str]:
    found = list(_column_problems(effect, target))
    if not found and isinstance(effect, Normalisation):
        found += _normalisation_problems(effect)
    if not found and isinstance(effect, Shape):
        found += _shape_problems(effect, target.axis.bins)
    # The text of cells is made from attributes that must be right first. The core's classes write correct text.
    yield from found or (() if type(effect) in (Normalisation, Shape) else _text_problems(effect))


def _column_problems(item: Effect | FreeParameter, target: Target) -> Iterator[str]:
    what = type(item).__name__
    columns = np.asarray(item.columns)
    # numpy makes an array of floats of an empty list, which is as good as one of integers.
    if columns.ndim != 1 or not (np.issubdtype(columns.dtype, np.integer) or not columns.size):
        yield f"{what}.columns is {item.columns!r}, expected an array of the integers in target.positions"
    elif strange := sorted(set(columns.tolist()).difference(target.positions.tolist())):
        yield f"{what} is on columns {strange}, which the declaration does not cover"
    elif len(set(columns.tolist())) < len(columns):
        yield f"{what} is on columns {columns.tolist()}, expected each once"


def _text_problems(effect: Effect) -> Iterator[str]:
    what = type(effect).__name__
    keyword = effect.keyword
    if not isinstance(keyword, str) or not keyword.strip() or len(keyword.splitlines()) != 1:
        yield f"{what} has the keyword {keyword!r}, expected the words behind a nuisance's name"
    cells = list(effect.cells())
    if len(cells) != len(effect.columns) or not all(isinstance(cell, str) and cell.split() == [cell] for cell in cells):
        yield f"{what} has cells {cells!r} for {len(effect.columns)} columns, expected one word for each"
    elif strange := [cell for cell in cells if not _is_cell(cell)]:
        yield f"{what} has the cell {strange[0]!r}, expected a number, two with a / between them, or -"


def _is_cell(text: str) -> bool:
    """Return whether a cell holds numbers that a fit can use; Combine's parser would take "nan" too."""
    try:
        return text == "-" or all(math.isfinite(float(part)) for part in text.split("/", 1))
    except ValueError:
        return False


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
    # Combine reads a cell of 0 as no effect, so that the templates would be ignored.
    if not _are_numbers(scale, (len(effect.columns),)) or not np.all(np.isfinite(scale) & (scale != 0)):
        yield f"Shape.scale is {scale!r}, expected an array with a finite number of sigmas other than 0 per column"


def _template_problems(what: str, templates: Templates, expected: tuple[int, int]) -> Iterator[str]:
    if not isinstance(templates, Templates):
        yield f"{what} is {templates!r}, expected Templates with values and variances"
        return
    for field, array in (("values", templates.values), ("variances", templates.variances)):
        if not isinstance(array, np.ndarray) or array.shape != expected:
            yield f"{what}.{field} has shape {np.shape(array)}, expected {expected}"
        elif array.dtype != np.float64:
            yield f"{what}.{field} is an array of {array.dtype}, expected float64"
        elif not np.all(np.isfinite(array)):
            yield f"{what}.{field} has content that is not finite"
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


def _overlaps(effects: Sequence[Effect], target: Target) -> Iterator[str]:
    if len(effects) < 2:  # noqa: PLR2004 - one effect has been seen to have each column once
        return
    names = {int(position): column.name for position, column in zip(target.positions, target.columns, strict=True)}
    if twice := duplicates(names[int(column)] for effect in effects for column in effect.columns):
        yield f"several effects on columns {twice}, expected one each"


def _row_problems(name: str, effects: Sequence[Effect]) -> Iterator[str]:
    if not effects:
        return
    try:
        _ = Nuisance(name, tuple(effects)).keyword
    except ValueError as error:
        yield str(error)
