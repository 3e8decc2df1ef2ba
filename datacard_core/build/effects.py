"""What kinds make of declarations: calling them with arrays, and looking whether what they return fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.build.effect_rules import problems
from datacard_core.hookspecs import Target
from datacard_core.model.channel import Directive, Effect, Templates, read_only

if TYPE_CHECKING:
    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.model.channel import FloatArray
    from datacard_core.templates.template_set import TemplateSet
    from datacard_core.treatments.shape_only import Scales


def effects_of(
    declared: DeclaredCard, plan: Plan, templates: TemplateSet, scales: Scales, rates: FloatArray
) -> tuple[list[Effect], list[Directive]]:
    """The effects and directives of one declaration; `rates` are those of all columns as they are written.

    Raises:
        PluginCallError: the kind failed, or what it returned does not fit the columns.
    """
    target = _target(declared, plan, templates, scales, rates)
    doing = f"working out the effects of {plan.name!r} in channel {declared.bin!r}"
    with plan.kind.blamed(doing) as kind:
        contributed = list(kind.effects(target))
        found = problems(contributed, target)
    if found:
        raise plan.kind.fault(f"{doing}: {'; '.join(found)}")
    return (
        [item for item in contributed if isinstance(item, Effect)],
        [item for item in contributed if isinstance(item, Directive)],
    )


def _target(declared: DeclaredCard, plan: Plan, templates: TemplateSet, scales: Scales, rates: FloatArray) -> Target:
    inside = templates.inside
    columns = declared.columns
    variations = {}
    for shift, rows in plan.rows.items():
        variations[shift] = inside[rows]
        if scales.factors:
            factor = scales.of(plan, shift, columns)
            read = variations[shift]
            variations[shift] = Templates(read.values * factor, read.variances * factor**2)
    return Target(
        systematic=plan.systematic,
        bin=declared.bin,
        axis=templates.axis,
        columns=tuple(columns[position] for position in plan.positions),
        positions=plan.positions,
        nominal=inside[templates.layout.starts[plan.positions]],
        variations=variations,
        values=plan.values,
        rates=rates[plan.positions],
        available={
            shift: read_only(templates.present[rows] == templates.datasets[plan.positions])
            for shift, rows in plan.rows.items()
        },
    )
