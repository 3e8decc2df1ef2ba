"""What kinds make of declarations: calling them with arrays, and looking whether what they return fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.errors import PluginCallError
from datacard_core.hookspecs import Target
from datacard_core.model import Directive, Effect, Normalisation, Nuisance, Shape, Templates
from datacard_core.names import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.declared import Declared
    from datacard_core.plans import Plan
    from datacard_core.shape_only import Scales
    from datacard_core.templates import TemplateSet


def contributions(
    declared: Declared, plan: Plan, templates: TemplateSet, scales: Scales
) -> tuple[list[Effect], list[Directive]]:
    """The effects and directives of one declaration.

    Raises:
        PluginCallError: the kind failed, or what it returned does not fit the columns.
    """
    target = _target(declared, plan, templates, scales)
    doing = f"working out the effects of {plan.name!r} in channel {declared.bin!r}"
    with plan.kind.blamed(doing) as kind:
        contributed = list(kind.effects(target))
        problems = list(_problems(contributed, target))
    if problems:
        message = f"{doing}: {'; '.join(problems)}"
        raise PluginCallError(message, plugin=plan.kind.plugin, origin=plan.kind.origin)
    return (
        [item for item in contributed if isinstance(item, Effect)],
        [item for item in contributed if isinstance(item, Directive)],
    )


def _target(declared: Declared, plan: Plan, templates: TemplateSet, scales: Scales) -> Target:
    inside = templates.inside
    columns = declared.columns
    variations = {}
    for shift, rows in plan.rows.items():
        factor = scales.of(plan, shift, columns)
        variations[shift] = _read_only(inside.values[rows] * factor, inside.variances[rows] * factor**2)
    nominal = templates.layout.starts[plan.positions]
    return Target(
        plan.systematic,
        declared.bin,
        templates.axis,
        tuple(columns[position] for position in plan.positions),
        plan.positions,
        _read_only(inside.values[nominal], inside.variances[nominal]),
        variations,
    )


def _read_only(values: np.ndarray, variances: np.ndarray) -> Templates:
    values.flags.writeable = variances.flags.writeable = False
    return Templates(values, variances)


def _problems(contributed: Sequence[object], target: Target) -> Iterator[str]:
    effects = [item for item in contributed if isinstance(item, Effect)]
    for item in contributed:
        if not isinstance(item, Effect | Directive):
            yield f"got {item!r}, expected effects and directives"
    for effect in effects:
        yield from _effect_problems(effect, target)
    names = {int(position): column.name for position, column in zip(target.positions, target.columns, strict=True)}
    taken = [names.get(int(column), str(column)) for effect in effects for column in effect.columns]
    if twice := duplicates(taken):
        yield f"several effects on columns {twice}, expected one each"
    if effects:
        try:
            _ = Nuisance(target.systematic.datacard_name, tuple(effects)).keyword
        except ValueError as error:
            yield str(error)


def _effect_problems(effect: Effect, target: Target) -> Iterator[str]:
    what = type(effect).__name__
    if strange := sorted(set(map(int, effect.columns)) - set(target.positions.tolist())):
        yield f"{what} is on columns {strange}, which the declaration does not cover"
    if isinstance(effect, Normalisation):
        yield from _normalisation_problems(effect)
    if isinstance(effect, Shape):
        yield from _shape_problems(effect, target.axis.bins)
    cells = list(effect.cells())
    if len(cells) != len(effect.columns) or not all(isinstance(cell, str) and cell.split() == [cell] for cell in cells):
        yield f"{what} has cells {cells!r} for {len(effect.columns)} columns, expected one word for each"


def _normalisation_problems(effect: Normalisation) -> Iterator[str]:
    for direction, factors in (("up", effect.up), ("down", effect.down)):
        if factors is None:
            continue
        if np.shape(factors) != np.shape(effect.columns) or not np.all(np.isfinite(factors) & (factors > 0)):
            yield f"Normalisation.{direction} is {factors!r}, expected a finite factor above 0 for each column"


def _shape_problems(effect: Shape, bins: int) -> Iterator[str]:
    expected = (len(effect.columns), bins)
    for direction, templates in (("up", effect.up), ("down", effect.down)):
        for field, array in (("values", templates.values), ("variances", templates.variances)):
            if np.shape(array) != expected:
                yield f"Shape.{direction}.{field} has shape {np.shape(array)}, expected {expected}"
            elif not np.all(np.isfinite(array)):
                yield f"Shape.{direction}.{field} has content that is not finite"
