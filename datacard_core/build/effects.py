"""Effects and directives of declarations: kinds are called with arrays, and their results are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.build.effect_rules import problems
from datacard_core.hookspecs import Target
from datacard_core.model.arrays import Templates, read_only
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect

if TYPE_CHECKING:
    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.model.arrays import FloatArray
    from datacard_core.templates.template_set import TemplateSet
    from datacard_core.treatments.shape_only import Scales


def effects_of(
    declared: DeclaredCard, plan: Plan, templates: TemplateSet, inside: Templates, scales: Scales, rates: FloatArray
) -> tuple[tuple[Effect, ...], tuple[Directive, ...]]:
    """Return the effects and the directives of one declaration.

    Args:
        declared: the declarations of the card.
        plan: the plan of the declaration.
        templates: the template set that the plan refers to.
        inside: its templates without flow, shape (rows, bins).
        scales: the factors on its variations.
        rates: the rates of all columns as they are written, shape (columns,).

    Raises:
        PluginCallError: the kind failed, or its result does not fit the columns.
    """
    target = _target(declared, plan, templates, inside, scales, rates)
    doing = f"working out the effects of {plan.name!r} in channel {declared.bin!r}"
    with plan.kind.blamed(doing) as kind:
        returned = list(kind.effects(target))
        # Inside the block, because the rules read attributes of objects whose class may be the plugin's.
        found = problems(returned, target)
    if found:
        raise plan.kind.fault(f"{doing}: {'; '.join(found)}")
    return (
        tuple(item for item in returned if isinstance(item, Effect)),
        tuple(item for item in returned if isinstance(item, Directive)),
    )


def _target(
    declared: DeclaredCard, plan: Plan, templates: TemplateSet, inside: Templates, scales: Scales, rates: FloatArray
) -> Target:
    processes = plan.processes(declared.columns)
    datasets = templates.datasets[plan.positions]
    return Target(
        systematic=plan.systematic,
        bin=declared.bin,
        axis=templates.axis,
        columns=tuple(declared.columns[position] for position in plan.positions),
        positions=plan.positions,
        # The rows of a column begin with its nominal.
        nominal=inside[templates.layout.starts[plan.positions]],
        variations={
            shift: scales.applied(inside[rows], plan.name, shift, processes) for shift, rows in plan.rows.items()
        },
        values=plan.values,
        rates=rates[plan.positions],
        available={shift: read_only(templates.present[rows] == datasets) for shift, rows in plan.rows.items()},
    )
