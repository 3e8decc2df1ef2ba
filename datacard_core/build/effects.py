"""Effects and directives of declarations: kinds are called with arrays, and their results are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.build.effect_rules import problems
from datacard_core.build.plans import samples_of, shifts_of
from datacard_core.errors import DeclarationError
from datacard_core.hookspecs import Target
from datacard_core.model.arrays import Templates, read_only
from datacard_core.model.channel import Directive
from datacard_core.model.effects import Effect

if TYPE_CHECKING:
    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.arrays import FloatArray
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.template_set import TemplateSet
    from datacard_core.treatments.shape_only import Scales


@attrs.frozen(eq=False)
class Made:
    """The result of one declaration in one channel."""

    effects: tuple[Effect, ...]
    directives: tuple[Directive, ...]
    used: tuple[str, ...] = ()
    """Kinds whose effects its kind took."""


def effects_of(
    declared: DeclaredCard, plan: Plan, templates: TemplateSet, inside: Templates, scales: Scales, rates: FloatArray
) -> Made:
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
    calls = _Calls(declared.plugins, f"working out the effects of {plan.name!r} in channel {declared.bin!r}")
    returned = calls.effects(plan.kind, target)
    return Made(
        tuple(item for item in returned if isinstance(item, Effect)),
        tuple(item for item in returned if isinstance(item, Directive)),
        calls.used,
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
        samples={name: scales.applied(inside[rows], plan.name, name, processes) for name, rows in plan.samples.items()},
        available={shift: read_only(templates.present[rows] == datasets) for shift, rows in plan.rows.items()},
    )


@attrs.frozen(eq=False)
class _Calls:
    """Calls of kinds for one declaration in one channel: of its own, and of those whose effects that takes."""

    plugins: Plugins
    doing: str
    """Description of the call for messages."""
    _used: dict[str, None] = attrs.field(factory=dict, init=False)

    @property
    def used(self) -> tuple[str, ...]:
        """Kinds whose effects other kinds took, sorted."""
        return tuple(sorted(self._used))

    def effects(
        self, provided: Provided[SystematicKind], target: Target, above: tuple[str, ...] = ()
    ) -> list[Effect | Directive]:
        """Return the effects and directives of a kind on a target.

        Args:
            provided: the kind.
            target: the columns and their templates.
            above: kinds that are being called, each by the one before it.

        Raises:
            PluginCallError: the kind failed, or its result does not fit the columns.
        """
        chain = (*above, provided.value.typ)
        target = attrs.evolve(target, kinds=lambda typ, changed: self._of(typ, changed, chain))
        with provided.blamed(self.doing) as kind:
            returned = list(kind.effects(target))
            # Inside the block, because the rules read attributes of objects whose class may be the plugin's.
            found = problems(returned, target)
        if found:
            raise provided.fault(f"{self.doing}: {'; '.join(found)}")
        return returned

    def _of(self, typ: str, target: Target, chain: tuple[str, ...]) -> tuple[Effect | Directive, ...]:
        """Return what another kind makes of a target, which has only what that kind asks for."""
        if typ in chain:
            raise DeclarationError(f"kind {typ!r} takes its own effects: {' → '.join((*chain, typ))}")
        provided = self.plugins.kind(typ)
        shifts = shifts_of(provided, target.systematic)
        samples = samples_of(provided, target.systematic)
        for what, names, there in (("variation", shifts, target.variations), ("sample", samples, target.samples)):
            if missing := [name for name in names if name not in there]:
                raise DeclarationError(
                    f"kind {typ!r} needs the {what} {missing[0]!r}, which kind {chain[-1]!r} has not asked for: "
                    f"name {typ!r} in its `uses`"
                )
        self._used[typ] = None
        asked = attrs.evolve(
            target,
            variations={shift: target.variations[shift] for shift in shifts},
            available={shift: target.available[shift] for shift in shifts if shift in target.available},
            samples={name: target.samples[name] for name in samples},
        )
        return tuple(self.effects(provided, asked, chain))
