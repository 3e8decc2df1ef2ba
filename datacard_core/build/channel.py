"""Building a channel: declarations, templates and plugins to the finished model of one card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.build.coverage import data_findings, fallback_findings, process_findings
from datacard_core.build.directive_rules import check_directives
from datacard_core.build.effects import effects_of
from datacard_core.errors import DeclarationError
from datacard_core.findings import Finding, error, notice, raise_for, warning
from datacard_core.model.channel import DATA, Channel, Directive, Effect, Nuisance, Shape, Templates
from datacard_core.names import duplicates
from datacard_core.treatments.clipping import clip_findings, clipped, flow_findings, usable_columns
from datacard_core.treatments.shape_only import Scales, shape_only_scales

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.channel import FloatArray
    from datacard_core.templates.template_set import TemplateSet


SIGNAL_STRENGTH = "r"
"""What Combine's models call the parameter of interest, if nobody says otherwise."""


def build_channel(
    declared: DeclaredCard,
    inventory: Inventory,
    plans: Sequence[Plan],
    native: TemplateSet,
    totals: Mapping[str, FloatArray],
    *,
    strict: bool = False,
) -> Channel:
    """Build the channel of one category from its templates.

    Args:
        declared: what the analysis declares for this card, checked.
        inventory: the names in the output.
        plans: the plans of the declarations, on the layout of the templates.
        native: the templates of the category, as the output has them.
        totals: with `shape_only_for_rateparam`, for each category over which totals are kept, the total of every
            row of the layout; empty without.
        strict: whether warnings are errors.

    Raises:
        DeclarationError: bins_edges are no edges of the axis, or two templates would have one name.
        InputError: Combine would refuse the channel.
        StrictError: `strict`, and there are warnings.
        PluginError: a plugin failed.
    """
    templates = _rebinned(native, declared)
    scales = shape_only_scales(declared, templates.layout, plans, totals) if totals else Scales()
    findings = [
        *process_findings(declared, inventory),
        *data_findings(declared, inventory),
        *templates.findings,
        *fallback_findings(declared, plans, templates),
        *flow_findings(templates),
        *clip_findings(declared.columns, _nominal(declared, templates)),
        *scales.findings,
    ]
    channel = _channel(declared, plans, templates, scales, findings)
    _refuse_names(channel)
    findings += [*_norm_findings(channel), *_check_findings(declared, channel)]
    findings = [attrs.evolve(finding, channel=finding.channel or declared.bin) for finding in findings]
    raise_for(findings, strict=strict)
    return attrs.evolve(channel, findings=tuple(findings))


def _rebinned(templates: TemplateSet, declared: DeclaredCard) -> TemplateSet:
    try:
        return templates.rebinned(declared.bins_edges)
    except DeclarationError as failure:
        raise DeclarationError(f"category {declared.category!r}: {problem}" for problem in failure.problems) from None


def _channel(
    declared: DeclaredCard, plans: Sequence[Plan], templates: TemplateSet, scales: Scales, findings: list[Finding]
) -> Channel:
    """The channel without its findings; those of the treatments on the way are added to the list."""
    written = clipped(_nominal(declared, templates))
    nuisances: list[tuple[Plan, Nuisance]] = []
    directives: list[tuple[Plan, Directive]] = []
    for plan in plans:
        if not len(plan.positions):
            message = "it covers no column of this card and has no row"
            findings.append(notice("no-effect", message, systematic=plan.name))
            continue
        effects, lines = effects_of(declared, plan, templates, scales, written.norms)
        if not effects and not lines:
            message = f"its kind {plan.systematic.typ!r} makes nothing of the columns that it covers: it has no row"
            findings.append(notice("no-effect", message, systematic=plan.name))
        directives += [(plan, line) for line in lines]
        treated = [_treated(effect, plan.name, declared, written.norms, findings) for effect in effects]
        if kept := tuple(effect for effect in treated if len(effect.columns)):
            nuisances.append((plan, Nuisance(plan.name, kept, plan.systematic.typ)))
    directives.sort(key=lambda made: made[1].order)
    channel = Channel(
        declared.bin,
        declared.category,
        templates.axis,
        declared.columns,
        written,
        _data(declared, templates) or _asimov(declared, written),
        declared.data_process is not None,
        tuple(nuisance for _, nuisance in nuisances),
        tuple(directive for _, directive in directives),
        declared_as=tuple((plan.name, plan.systematic.typ) for plan, _ in directives),
    )
    check_directives(channel, [plan for plan, _ in nuisances], directives)
    return channel


def _nominal(declared: DeclaredCard, templates: TemplateSet) -> Templates:
    """The nominal of each column, before clipping."""
    return templates.inside[templates.layout.starts[: len(declared.columns)]]


def _data(declared: DeclaredCard, templates: TemplateSet) -> Templates | None:
    """The observation, which comes last in the layout."""
    return templates.inside[templates.layout.starts[-1:]] if declared.data_process else None


def _asimov(declared: DeclaredCard, nominal: Templates) -> Templates:
    """The sum of the backgrounds, with the variance that so many events would have."""
    background = np.array([not column.is_signal for column in declared.columns])
    expected = nominal.values[background].sum(axis=0, keepdims=True)
    return Templates(expected, expected)


def _treated(effect: Effect, name: str, declared: DeclaredCard, rates: FloatArray, findings: list[Finding]) -> Effect:
    """An effect as it is written: without content below 0, and without templates that Combine refuses."""
    if not isinstance(effect, Shape):
        return effect
    columns = [declared.columns[position] for position in effect.columns]
    for direction, templates in (("Up", effect.up), ("Down", effect.down)):
        findings += clip_findings(columns, templates, f"{name}{direction}")
    effect = attrs.evolve(effect, up=clipped(effect.up), down=clipped(effect.down))
    usable = usable_columns(effect, rates)
    if usable.all():
        return effect
    up, down, nominal = effect.up.norms, effect.down.norms, rates[effect.columns]
    findings += [
        warning(
            "empty-variation",
            f"the integrals are {up[index]:.4g} (Up) and {down[index]:.4g} (Down) for a nominal of "
            f'{nominal[index]:.4g}: Combine stops at a template that is not above 0 ("Bogus norm"), so the '
            "effect on this column is left out",
            column=columns[index].name,
            systematic=name,
        )
        for index in np.flatnonzero(~usable & (nominal > 0))
    ]
    return effect.keeping(usable)


def _refuse_names(channel: Channel) -> None:
    if any(nuisance.name == SIGNAL_STRENGTH for nuisance in channel.nuisances):
        raise DeclarationError(
            f"card {channel.bin!r}: the nuisance {SIGNAL_STRENGTH!r} would be the parameter that Combine scales "
            "signals with: give its systematic another datacard_name"
        )
    names = channel.template_names()
    if len(set(names)) < len(names):
        raise DeclarationError(
            f"card {channel.bin!r}: two templates would be called {name!r}, because a process and a nuisance join to "
            "the same text as another process and another nuisance: rename one of them"
            for name in duplicates(names)
        )


def _norm_findings(channel: Channel) -> Iterator[Finding]:
    """Columns without yield, and what Combine refuses."""
    for column, rate in zip(channel.columns, channel.rates, strict=True):
        if not rate > 0:
            message = f"the rate is {rate:g}: Combine leaves this process out of the channel"
            yield warning("empty-column", message, column=column.name)
    signal = np.array([column.is_signal for column in channel.columns])
    if not signal.any():
        yield warning("no-signal", "no process is a signal: Combine takes this card only together with one that has")
    if not (channel.rates[~signal] > 0).any():
        yield error("no-background", "no background has any yield: Combine refuses such a channel")
    if (channel.data.values < 0).any():
        yield error("negative-data", f"a bin has {channel.data.values.min():g} events", column=DATA)


def _check_findings(declared: DeclaredCard, channel: Channel) -> Iterator[Finding]:
    for name, provided in declared.plugins.checks.items():
        doing = f"running check {name!r} on channel {channel.bin!r}"
        with provided.blamed(doing) as check:
            found = list(check.run(channel))
        if strange := [finding for finding in found if not isinstance(finding, Finding)]:
            raise provided.fault(f"{doing}: got {strange[0]!r}, expected findings")
        yield from found
