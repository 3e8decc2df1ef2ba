"""The channel of one category, from declarations, templates and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.build.card_rules import kind_findings
from datacard_core.build.channel_rules.names import name_problems
from datacard_core.build.channel_rules.parameters import parameter_findings, parameter_problems
from datacard_core.build.channel_rules.references import reference_problems
from datacard_core.build.channel_rules.rows import row_problems
from datacard_core.build.channel_rules.yields import yield_findings
from datacard_core.build.coverage import (
    data_findings,
    fallback_findings,
    name_findings,
    origin_of,
    process_findings,
    sample_findings,
    share_findings,
    unused_findings,
    unvaried_findings,
)
from datacard_core.build.directive_rules import edit_findings, statements_of
from datacard_core.build.effects import Made, effects_of, fraction_findings, with_fractions, with_templates
from datacard_core.checks.calls import channel_findings
from datacard_core.errors import DeclarationError
from datacard_core.findings import Finding, notice
from datacard_core.grammar import DATA
from datacard_core.model.arrays import Templates
from datacard_core.model.channel import Channel, Column, Statement
from datacard_core.model.effects import Nuisance
from datacard_core.model.parameters import ConstrainedParameter
from datacard_core.treatments.blinding import blinding_findings, factor_findings, with_expected_data
from datacard_core.treatments.clipping import clip, clip_shape
from datacard_core.treatments.data_driven import data_driven_findings, scaled
from datacard_core.treatments.edges import edge_findings
from datacard_core.treatments.empty_variations import treat_empty_variations
from datacard_core.treatments.flow import treat_flow
from datacard_core.treatments.rounding import rounded
from datacard_core.treatments.shape_only import shape_only_scales
from datacard_core.treatments.statistics import without_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.build.coverage import Used
    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.arrays import FloatArray
    from datacard_core.model.channel import Directive
    from datacard_core.model.effects import Entry, Shape
    from datacard_core.templates.template_set import TemplateSet


@attrs.frozen(eq=False, kw_only=True)
class _Contribution:
    """The part of a channel that one declaration makes."""

    plan: Plan
    entries: tuple[Entry, ...] = ()
    directives: tuple[Directive, ...] = ()
    used: tuple[str, ...] = ()
    """Kinds whose effects the kind of the declaration took."""
    findings: tuple[Finding, ...] = ()
    changed: frozenset[int] = frozenset()
    """Columns with a template whose content was changed, because it was below 0 or empty."""


def build_channel(
    declared: DeclaredCard,
    inventory: Inventory,
    plans: Sequence[Plan],
    native: TemplateSet,
    totals: Mapping[str, FloatArray],
    used: Used,
) -> Channel:
    """Build the channel of one category from its templates.

    Args:
        declared: the declarations of the card, checked.
        inventory: the names in the output.
        plans: the plans of the declarations, on the layout of the templates.
        native: the templates of the category, binned as in the output.
        totals: with `shape_only_for_rateparam`, the total of each row of the layout for each category over which
            totals are kept; otherwise empty.
        used: the names in the output that any of the cards uses.

    Raises:
        DeclarationError: bins_edges are not edges of the axis, or two templates would have one name.
        InputError: Combine would refuse the channel.
        StrictError: there are findings that `strict` refuses.
        PluginError: a plugin failed.
    """
    templates, inside, flow_findings = _inside(native, declared)
    clipped, clip_findings = clip(_nominal(inside, templates, declared), declared.columns, declared.policies_of)
    if dropped := _dropped(declared, clipped):
        # Before kinds are called: effects of a plugin's own class cannot be moved to other columns.
        return _without_columns(declared, inventory, plans, native, totals, used, dropped)
    nominal, exact_findings = without_errors(clipped, declared.columns, declared.exact)
    variations = (variation for plan in plans for variation in plan.variations(templates.layout, declared.columns))
    scales, scale_findings = shape_only_scales(variations, declared.shape_only, totals)
    data, rounding_findings = _observation(declared, templates, inside)
    # After clipping: Combine compares each rate with the integral of the template in the file.
    rates = nominal.norms
    covering = {plan.name for plan in plans if len(plan.positions)}
    made = [
        _treated(plan, effects_of(declared, plan, templates, inside, scales, rates), declared, nominal)
        # A kind is not called without columns, so that its author need not handle empty arrays.
        if len(plan.positions) or not plan.systematic.processes
        # Another declaration of the nuisance may give it a row.
        else _Contribution(plan=plan, findings=() if plan.name in covering else (_uncovered(plan),))
        for plan in plans
    ]
    channel = attrs.evolve(_channel(declared, templates, data, nominal, made), shape_only_factors=scales.named)
    channel = with_expected_data(channel)
    _refuse_contradictions(channel, declared, made)
    findings = [
        *name_findings(declared),
        *process_findings(declared, inventory),
        *data_findings(declared, inventory),
        *sample_findings(plans, inventory),
        *kind_findings(plans),
        *unused_findings(declared, plans, inventory, templates, used),
        *templates.findings,
        *edge_findings(native.axis, templates.axis),
        *fallback_findings(declared, plans, templates),
        *share_findings(channel, declared),
        *flow_findings,
        *data_driven_findings(declared.columns, declared.mc_processes),
        *clip_findings,
        *exact_findings,
        *scale_findings,
        *rounding_findings,
        *blinding_findings(channel),
        *factor_findings(channel),
        *(finding for contribution in made for finding in contribution.findings),
        *yield_findings(channel, declared),
        *unvaried_findings(channel, plans, templates),
        *edit_findings(channel),
        *parameter_findings(channel),
        *channel_findings(declared.plugins, channel),
    ]
    placed = [finding if finding.channel else attrs.evolve(finding, channel=channel.bin) for finding in findings]
    # Last, so that the error tells the findings of all rules and checks.
    return attrs.evolve(channel, findings=declared.strictness.judged(placed))


def rebinned(templates: TemplateSet, declared: DeclaredCard, *, fold: bool = False) -> TemplateSet:
    """Return the templates of a category in the bins of its card.

    Args:
        templates: the templates of the category.
        declared: the declarations of the card.
        fold: whether histograms of several variables have their flow in the outer bins of each slice.

    Raises:
        DeclarationError: bins_edges are not edges of the axis.
    """
    try:
        return templates.rebinned(declared.binning, fold=fold)
    except DeclarationError as failure:
        raise DeclarationError(f"category {declared.category!r}: {problem}" for problem in failure.problems) from None


def expectation(native: TemplateSet, declared: DeclaredCard) -> Channel:
    """Return the channel of a category without data and systematics, from which rules choose edges.

    Contents below 0 are kept: they are set to 0 in the bins that are chosen, where there may be none.

    Args:
        native: the templates of the category, binned as in the output.
        declared: the declarations of the card.

    Raises:
        DeclarationError: the templates cannot be put in the bins of the card, or factors have others.
    """
    templates, inside, _ = _inside(native, declared)
    nominal, _ = without_errors(_nominal(inside, templates, declared), declared.columns, declared.exact)
    return _channel(declared, templates, _no_data(templates), nominal, ())


def _inside(native: TemplateSet, declared: DeclaredCard) -> tuple[TemplateSet, Templates, tuple[Finding, ...]]:
    """Return the templates in the bins of the card, also without flow and scaled, with findings on the flow."""
    templates = rebinned(native, declared)
    labels = {request.column: request.labels for request in templates.layout.requests}
    inside, findings = treat_flow(templates.with_flow, labels, templates.axis, declared.flow)
    if templates.axis.slices and declared.flow == "fold":
        # The flow of several variables stands together above: it belongs to the outer bins of many slices.
        folded = rebinned(native, declared, fold=True)
        inside, lost = treat_flow(folded.with_flow, labels, templates.axis, "error")
        findings = lost or findings
    return templates, _scaled(inside, templates, declared), findings


def _nominal(inside: Templates, templates: TemplateSet, declared: DeclaredCard) -> Templates:
    """Return the nominal of each column; the columns come first in the layout."""
    return inside[templates.layout.starts[: len(declared.columns)]]


def _scaled(inside: Templates, templates: TemplateSet, declared: DeclaredCard) -> Templates:
    rows = [templates.layout.slice_of(position) for position in range(len(declared.columns))]
    try:
        return scaled(inside, rows, declared.columns, declared.mc_processes, templates.axis)
    except DeclarationError as failure:
        raise DeclarationError(f"category {declared.category!r}: {problem}" for problem in failure.problems) from None


def _dropped(declared: DeclaredCard, nominal: Templates) -> list[int]:
    """Return the positions of columns without yield that the policies leave out, none if no column would be left."""
    empty = np.flatnonzero(~(nominal.norms > 0)).tolist()
    policies = declared.policies_of
    dropped = [at for at in empty if policies[declared.columns[at].process].empty_process == "drop"]
    return dropped if len(dropped) < len(declared.columns) else []


def _without_columns(
    declared: DeclaredCard,
    inventory: Inventory,
    plans: Sequence[Plan],
    native: TemplateSet,
    totals: Mapping[str, FloatArray],
    used: Used,
    dropped: Sequence[int],
) -> Channel:
    """Build the channel without some of its columns, as if their processes were not declared."""
    templates, rows = native.without(dropped)
    plans = [plan.without(dropped, rows) for plan in plans]
    totals = {category: total[rows] for category, total in totals.items()}
    return build_channel(declared.without(dropped), inventory, plans, templates, totals, used)


def _uncovered(plan: Plan) -> Finding:
    message = "it covers no column of this card and has no row"
    return notice("no-effect", message, systematic=plan.name)


def _treated(plan: Plan, made: Made, declared: DeclaredCard, nominal: Templates) -> _Contribution:
    """Return effects and directives as they are written, with the findings of the treatments."""
    findings: list[Finding] = []
    rates = nominal.norms
    if not made.entries and not made.directives:
        message = f"its kind {plan.systematic.typ!r} has no effect on the columns that it covers: it has no row"
        findings.append(notice("no-effect", message, systematic=plan.name))
    kept: list[Entry] = []
    changed: set[int] = set()
    for entry in made.entries:
        shape, of_shape = _written(entry.shape, plan.name, declared, nominal, rates)
        findings += of_shape
        if shape is not None and shape is not entry.shape:
            if not len(shape.columns):
                continue
            changed.update(_changed(entry.shape, shape))
            entry = with_templates(entry, shape, plan, declared)  # noqa: PLW2901 - the entry as it is written
        kept.append(entry)
    if (plan.fractions != 1).any():
        kept = with_fractions(plan, kept, made.directives, declared, nominal)
        findings += fraction_findings(plan, declared)
    return _Contribution(
        plan=plan,
        entries=tuple(kept),
        directives=made.directives,
        used=made.used,
        findings=tuple(findings),
        changed=frozenset(changed),
    )


def _changed(before: Shape | None, after: Shape) -> list[int]:
    """Return the columns whose templates were changed."""
    if before is None:
        return []
    # Columns with an empty variation may have been dropped.
    rows = np.isin(before.columns, after.columns)
    differs = (before.up.values[rows] != after.up.values) | (before.down.values[rows] != after.down.values)
    columns: list[int] = after.columns[differs.any(axis=1)].tolist()
    return columns


def _written(
    shape: Shape | None, nuisance: str, declared: DeclaredCard, nominal: Templates, rates: FloatArray
) -> tuple[Shape | None, tuple[Finding, ...]]:
    """Return templates without content below 0, and without those that Combine refuses, as the policies have it."""
    if shape is None:
        return None, ()
    policies = declared.policies_of
    columns = [declared.columns[position] for position in shape.columns]
    # Clipping raises the integral, so it comes before the test of the integral that is written.
    clipped, of_clipping = clip_shape(shape, columns, nuisance, policies)
    kept, of_empty = treat_empty_variations(clipped, columns, nominal, rates, nuisance, policies)
    return kept, (*of_clipping, *of_empty)


def _observation(
    declared: DeclaredCard, templates: TemplateSet, inside: Templates
) -> tuple[Templates, tuple[Finding, ...]]:
    """Return the data, zeros if none are read."""
    if declared.data_process is None or not declared.reads_data:
        return _no_data(templates), ()
    # The data are last in the layout.
    data = inside[templates.layout.starts[-1:]]
    data, of_rounding = rounded(data) if declared.data_process.round_counts else (data, ())
    if declared.policies.negative_bins is None:
        # Data below 0 are an error, unless a card says otherwise: they are counts.
        return data, of_rounding
    clipped, of_clipping = clip(data, [Column(DATA, DATA, "", 1)], declared.policies_of)
    return clipped, (*of_rounding, *of_clipping)


def _no_data(templates: TemplateSet) -> Templates:
    zeros = np.zeros((1, templates.axis.bins))
    return Templates(zeros, zeros)


def _channel(
    declared: DeclaredCard,
    templates: TemplateSet,
    data: Templates,
    nominal: Templates,
    made: Sequence[_Contribution],
) -> Channel:
    """Return the channel without its findings."""
    rows: dict[str, list[_Contribution]] = {}
    for contribution in made:
        if contribution.entries:
            rows.setdefault(contribution.plan.name, []).append(contribution)
    channel = Channel(
        bin=declared.bin,
        category=declared.category,
        axis=templates.axis,
        columns=declared.columns,
        nominal=nominal,
        data=data,
        has_data=declared.reads_data,
        blindness=declared.blindness,
        nuisances=tuple(_nuisance(parts, templates) for parts in rows.values()),
    )
    statements = [
        (contribution.plan, Statement(directive, used=contribution.used))
        for contribution in made
        for directive in contribution.directives
    ]
    return attrs.evolve(
        channel, statements=statements_of(channel, [first.plan for first, *_ in rows.values()], statements)
    )


def _nuisance(parts: Sequence[_Contribution], templates: TemplateSet) -> Nuisance:
    """Return one row of what the declarations of a name make, which are several where it has two kinds."""
    # Each kind has made its own columns; the kinds together decide the keyword of the row.
    first, *others = (part.plan.systematic for part in parts)
    used = {typ for part in parts for typ in part.used} | {other.typ for other in others}
    entries = tuple(entry for part in parts for entry in part.entries)
    changed = frozenset().union(*(part.changed for part in parts))
    origin = origin_of([part.plan for part in parts], templates, changed)
    return Nuisance(first.datacard_name, entries, first.typ, tuple(sorted(used)), nofloat=first.nofloat, origin=origin)


def _refuse_contradictions(channel: Channel, declared: DeclaredCard, made: Iterable[_Contribution]) -> None:
    problems = [
        *name_problems(channel),
        *row_problems(channel),
        *parameter_problems(channel),
        *reference_problems(channel, declared),
        *(problem for contribution in made for problem in _mark_problems(contribution)),
    ]
    if problems:
        raise DeclarationError(f"card {channel.bin!r}: {problem}" for problem in problems)


def _mark_problems(made: _Contribution) -> Iterator[str]:
    systematic, directives = made.plan.systematic, made.directives
    # The mark is one of rows and of param lines.
    if systematic.nofloat and not made.entries and any(type(one) is not ConstrainedParameter for one in directives):
        yield (
            f"systematic {systematic.name!r} of typ {systematic.typ!r} has nofloat=True, and no row that could have "
            "the mark: leave it out"
        )
