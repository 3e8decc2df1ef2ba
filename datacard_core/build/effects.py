"""Effects and directives of declarations: kinds are called with arrays, and their results are read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.arguments import shown
from datacard_core.build.effect_rules import directive_problems, entry_of, row_problems, text_problems
from datacard_core.build.plans import samples_of, shifts_of
from datacard_core.declare.values import in_words
from datacard_core.errors import DeclarationError
from datacard_core.findings import notice
from datacard_core.grammar import SHAPE
from datacard_core.hookspecs import Target
from datacard_core.model.arrays import Templates, read_only
from datacard_core.model.channel import Directive
from datacard_core.model.directives import own
from datacard_core.model.effects import Effect, Entry, Normalisation
from datacard_core.names import plain
from datacard_core.plugins.calling import listed
from datacard_core.treatments.fractions import fraction_of_factors, fraction_of_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.findings import Finding
    from datacard_core.hookspecs import SystematicKind
    from datacard_core.model.arrays import FloatArray
    from datacard_core.model.effects import Shape
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.templates.template_set import TemplateSet
    from datacard_core.treatments.shape_only import Scales

    Kinds: TypeAlias = Callable[[str, Target], Sequence[Effect | Directive]]
    """Function from the `typ` of another kind and a target to what that kind makes of it."""


@attrs.frozen(eq=False)
class Made:
    """The result of one declaration in one channel."""

    entries: tuple[Entry, ...]
    directives: tuple[Directive, ...]
    used: tuple[str, ...] = ()
    """Kinds whose effects its kind took."""


def effects_of(
    declared: DeclaredCard, plan: Plan, templates: TemplateSet, inside: Templates, scales: Scales, rates: FloatArray
) -> Made:
    """Return the effects and the directives of one declaration, in the core's own types.

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
    calls = _Calls(declared.plugins, plan.name, f"working out the effects of {plan.name!r} in channel {declared.bin!r}")
    target = _target(declared, plan, templates, inside, scales, rates, calls.below((plan.kind.name,)))
    entries, directives = calls.effects(plan.kind, target)
    return Made(entries, directives, calls.used)


def with_templates(entry: Entry, shape: Shape, plan: Plan, declared: DeclaredCard) -> Entry:
    """Return an entry with other templates, on some of its columns.

    Raises:
        PluginCallError: the effect is of a class of the plugin's, which cannot be made with other templates.
    """
    if entry.effect is entry.shape:
        return Entry.of(shape)
    name = plain(type(entry.effect).__name__)
    doing = f"making {name} of {plan.name!r} in channel {declared.bin!r} with the templates that are written"
    with plan.kind.blamed(doing):
        # A class that attrs did not make cannot be evolved: that is the plugin's failure too.
        original: Any = entry.effect
        effect = attrs.evolve(original, columns=shape.columns, up=shape.up, down=shape.down, scale=shape.scale)
        made = Entry.of(effect, shape)
        problems = list(text_problems(made))
    if problems:
        raise plan.kind.fault(f"{doing}: {'; '.join(problems)}")
    return made


def with_fractions(
    plan: Plan, entries: Sequence[Entry], directives: Sequence[Directive], declared: DeclaredCard, nominal: Templates
) -> list[Entry]:
    """Return the entries of a nuisance with the part of the uncertainty that it carries.

    Args:
        plan: the plan of its declaration, some of whose fractions are not 1.
        entries: its entries, as they are written without a fraction.
        directives: its lines below the table of columns.
        declared: the declarations of the card.
        nominal: the nominal of all columns, as it is written.

    Raises:
        DeclarationError: an effect or a line has no parts.
    """
    of_column = np.ones(len(declared.columns))
    of_column[plan.positions] = plan.fractions
    made: list[Entry] = []
    unsplit = ["a line below the columns" for _ in directives]
    for entry in entries:
        fractions = of_column[entry.columns]
        if entry.shape is not None and entry.keyword == SHAPE:
            shape = fraction_of_shape(entry.shape, fractions, nominal[entry.columns])
            made.append(with_templates(entry, shape, plan, declared))
        # Not of a subclass, whose numbers may mean something else.
        elif type(entry.effect) is Normalisation:
            made.append(Entry.of(fraction_of_factors(entry.effect, fractions)))
        else:
            unsplit.append(f"an effect {entry.keyword!r}")
    if unsplit:
        raise DeclarationError(
            f"systematic {plan.systematic.name!r}: its fraction is not 1, and its kind {plan.systematic.typ!r} makes "
            f"{unsplit[0]}, of which there are no fractions: expected factors (lnN) or templates of {SHAPE!r}"
        )
    return made


def fraction_findings(plan: Plan, declared: DeclaredCard) -> Iterator[Finding]:
    """Yield a finding for each part of the uncertainty that the nuisance carries in some columns."""
    for fraction in np.unique(plan.fractions[plan.fractions != 1]).tolist():
        columns = [declared.columns[position] for position in plan.positions[plan.fractions == fraction]]
        message = (
            f"it carries {fraction:.4g} of the uncertainty, as declared: factors are raised to this power, and "
            "templates have this part of the difference from the nominal"
        )
        where = in_words((column.process, column.year) for column in columns)
        yield notice("fraction", message, column=where, systematic=plan.name)


def _target(
    declared: DeclaredCard,
    plan: Plan,
    templates: TemplateSet,
    inside: Templates,
    scales: Scales,
    rates: FloatArray,
    kinds: Kinds,
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
        observed=plan.observed,
        samples={name: scales.applied(inside[rows], plan.name, name, processes) for name, rows in plan.samples.items()},
        available={shift: read_only(templates.present[rows] == datasets) for shift, rows in plan.rows.items()},
        kinds=kinds,
    )


@attrs.frozen(eq=False)
class _Calls:
    """Calls of kinds for one declaration in one channel: of its own, and of those whose effects that takes."""

    plugins: Plugins
    nuisance: str
    doing: str
    """Description of the call for messages."""
    _used: dict[str, None] = attrs.field(factory=dict, init=False)

    @property
    def used(self) -> tuple[str, ...]:
        """Kinds whose effects other kinds took, sorted."""
        return tuple(sorted(self._used))

    def below(self, chain: tuple[str, ...]) -> Kinds:
        """Return the function by which the last of some kinds, each called by the one before it, calls another one."""
        return lambda typ, target: self._of(typ, target, chain)

    def effects(
        self, provided: Provided[SystematicKind], target: Target
    ) -> tuple[tuple[Entry, ...], tuple[Directive, ...]]:
        """Return the effects and directives of a kind on a target, in the core's own types.

        Raises:
            PluginCallError: the kind failed, or its result does not fit the columns.
        """
        entries: list[Entry] = []
        directives: list[Directive] = []
        problems: list[str] = []
        # All in one block, because the attributes of the returned objects may be code of the plugin.
        with provided.blamed(self.doing) as kind:
            for item in listed(kind.effects(target)):
                if isinstance(item, Effect):
                    entry, found = entry_of(item, target)
                    entries += [] if entry is None else [entry]
                    problems += found
                elif isinstance(item, Directive):
                    directives.append(own(item))
                    problems += directive_problems(directives[-1], target)
                else:
                    problems.append(f"got {shown(item)}, expected effects and directives")
        # Rules on all of them together rely on the rules on each.
        if problems := problems or row_problems(self.nuisance, entries, target):
            raise provided.fault(f"{self.doing}: {'; '.join(problems)}")
        return tuple(entries), tuple(directives)

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
            kinds=self.below((*chain, typ)),
        )
        entries, directives = self.effects(provided, asked)
        return (*(entry.effect for entry in entries), *directives)
