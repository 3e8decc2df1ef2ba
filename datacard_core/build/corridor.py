"""The one way from declarations and an output to finished channels."""

from __future__ import annotations

import pickle
from collections import Counter
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from datacard_core.build.card_rules import blind_problems, check_against_output, check_declarations
from datacard_core.build.channel import build_channel, expectation, rebinned
from datacard_core.build.coverage import Used, sample_problems
from datacard_core.build.plans import plan_card, region_layouts
from datacard_core.declare.blinding import OPEN, Blinding
from datacard_core.declare.values import BinningRule
from datacard_core.errors import DeclarationError, InputError
from datacard_core.findings import StrictError, raise_together
from datacard_core.grammar import Blindness
from datacard_core.grouping import together
from datacard_core.model.directives import BinByBinStatistics, FreeParameter, RawLine
from datacard_core.model.effects import Normalisation, Shape
from datacard_core.names import listing
from datacard_core.templates.template_set import TemplateSet
from datacard_core.treatments.blinding import chosen_bins, without_counts
from datacard_core.treatments.edges import choice_finding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.errors import DatacardError
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.arrays import FloatArray
    from datacard_core.model.channel import Channel, Directive
    from datacard_core.model.effects import Effect
    from datacard_core.templates.rows import Layout, Request
    from datacard_core.templates.sums import Sums

_OF_THE_CORE = (Normalisation, Shape, FreeParameter, RawLine, BinByBinStatistics)
"""Classes of effects and directives that are known to travel between processes."""

Build: TypeAlias = "Callable[..., Channel]"
Results: TypeAlias = "Iterable[tuple[str, Callable[[], Channel]]]"
"""Categories, each with a function that returns its channel or raises its error."""


@attrs.frozen(eq=False, kw_only=True)
class Collected:
    """The part of an output that cards need."""

    inventory: Inventory
    sums: Mapping[str, Sums]
    """Sums of the categories to build, each on the layout of its card."""
    norms: Mapping[str, Mapping[str, Sums]] = attrs.field(factory=dict)
    """Sums of the categories over which shape-only totals are kept, for each card that keeps totals."""


def build_channels(
    cards: Mapping[str, DeclaredCard],
    collect: Callable[[Mapping[str, Layout]], Collected],
    *,
    inventory: Inventory | None = None,
    run: Callable[[Build, Mapping[str, tuple[object, ...]]], Results] | None = None,
) -> dict[str, Channel]:
    """Build the channels of several categories from one output.

    Args:
        cards: the declarations of each card by category.
        collect: sums the histograms of the output to the rows of the layout of each category.
        inventory: the names in the output, if they are known before it is read: its problems are then told together
            with those of the declarations.
        run: calls a function with the arguments of each category, one after the other here if not given.

    Raises:
        DeclarationError: the declarations contradict each other or the output.
        InputError: the output, or a histogram in it, cannot be used.
        StrictError: there are findings that `strict` refuses.
        PluginError: a plugin failed, or no selected plugin provides a declared kind.
    """
    groups = _groups(cards)
    # Before the plans: the author of a kind may rely on declarations without problems.
    _check(groups, lambda declared: check_declarations(declared, inventory))
    if problems := dict.fromkeys(blind_problems(cards)):
        raise DeclarationError(problems)
    planned = [(group, *plan_card(next(iter(group.values())))) for group in groups]
    layouts = {category: layout for group, layout, _ in planned for category in group}
    firsts = [(next(iter(group.values())), layout, plans) for group, layout, plans in planned]
    collected = collect(layouts | region_layouts(firsts, cards))
    if inventory is None:
        _check(groups, lambda declared: check_against_output(declared, collected.inventory))
    every_plan = [plan for *_, plans in planned for plan in plans]
    if problems := dict.fromkeys(sample_problems(every_plan, collected.inventory)):
        raise DeclarationError(problems)
    planned = [(group, layout, _with_observed(plans, collected)) for group, layout, plans in planned]
    used = Used.of(cards.values(), every_plan)
    calls: dict[str, tuple[object, ...]] = {}
    failures: list[DatacardError] = []
    for group, layout, plans in planned:
        totals = _totals(next(iter(group.values())), layout, collected)
        for category, declared in group.items():
            try:
                _refuse_own_data(declared, collected.sums[category], collected.inventory.data)
                card, sums = _without_blind_counts(*_with_chosen_edges(declared, collected.sums[category]))
            except (InputError, DeclarationError) as failure:
                failures.append(failure)
            else:
                calls[category] = (card, plans, collected.inventory, sums, totals, used)
    channels: dict[str, Channel] = {}
    for category, result in (run or _one_by_one)(build_from_sums, calls):
        try:
            channels[category] = result()
        # A PluginError is not collected: the same plugin is likely to fail in every category.
        except (InputError, DeclarationError, StrictError) as failure:
            failures.append(failure)
    raise_together(failures)
    # In the order of the declarations, as workers finish in any order.
    return {category: channels[category] for category in cards}


def build_from_sums(
    declared: DeclaredCard,
    plans: Sequence[Plan],
    inventory: Inventory,
    sums: Sums | TemplateSet,
    totals: Mapping[str, FloatArray],
    used: Used,
) -> Channel:
    """Build the channel of one category: the work of one call on a worker."""
    return build_channel(declared, inventory, plans, _native(sums), totals, used)


def _native(sums: Sums | TemplateSet) -> TemplateSet:
    return sums if isinstance(sums, TemplateSet) else sums.complete()


def build_to_send(declared: DeclaredCard, *arguments: Any) -> Channel:
    """Build the channel of one category on a worker, as `build_from_sums`, and try that it can be sent back.

    Raises:
        PluginCallError: an effect or a directive of a plugin cannot be pickled, or made again from its pickle.
    """
    channel = build_from_sums(declared, *arguments)
    for row in channel.nuisances:
        _try_pickles(declared, row.name, row.typ, [entry.effect for entry in row.entries])
    for statement in channel.statements:
        _try_pickles(declared, statement.systematic, statement.typ, [statement.directive])
    return channel


def _try_pickles(declared: DeclaredCard, name: str, typ: str, made: Sequence[Effect | Directive]) -> None:
    # The core's classes can be pickled, and their arrays would take time.
    foreign = [item for item in made if type(item) not in _OF_THE_CORE]
    if foreign:
        doing = f"sending what it makes of {name!r} in channel {declared.bin!r} to another process"
        with declared.plugins.kind(typ).blamed(doing):
            pickle.loads(pickle.dumps(foreign))  # noqa: S301 - made on this line


def _refuse_own_data(declared: DeclaredCard, sums: Sums, data: Collection[str]) -> None:
    """Raise an error if a column of a blind category is made of the data of that category."""
    if declared.blinding.of(declared.category) is False:
        return
    # Histograms of data may have been filled with an axis of variations, and metadata may not tell what data are.
    observed = sums.data | {key for key in sums.datasets if key[1] in data}
    if revealed := [key for key in sorted(observed) if not _is_elsewhere(sums.layout.requests[key[0]])]:
        column, sample = sums.layout.requests[revealed[0][0]].column, revealed[0][1]
        raise DeclarationError(
            f"category {declared.category!r} is blind, and {column!r} is made of its data, {sample!r}: "
            "read them from a control region with from_category"
        )


def _with_chosen_edges(declared: DeclaredCard, sums: Sums) -> tuple[DeclaredCard, Sums | TemplateSet]:
    """Return a card with the edges that its rule chooses, and its sums with a finding on them; others as they are.

    Before blind bins are chosen, which are those of the card.
    """
    rule = declared.bins_edges
    if not isinstance(rule, BinningRule):
        return declared, sums
    native = sums.complete()
    bins = rule.bins(expectation(native, attrs.evolve(declared, bins_edges=None)))
    findings = (*native.findings, choice_finding(bins, native.axis))
    return attrs.evolve(declared, bins_edges=bins.edges), attrs.evolve(native, findings=findings)


def _without_blind_counts(declared: DeclaredCard, sums: Sums | TemplateSet) -> tuple[DeclaredCard, Sums | TemplateSet]:
    """Return a card with its blind bins, and its sums without the data in them.

    Here, and not where the channel is built: a function of a script cannot be sent to a worker, and counts need not be.
    """
    blinding = declared.blinding
    choose = blinding.of(declared.category)
    if choose is False:
        lifted = Blindness(lifted=True) if blinding.is_lifted(declared.category) else None
        # The same object where nothing is blind: it has worked out its columns and systematics.
        same = lifted is None and declared.blindness is None and blinding is OPEN
        return declared if same else attrs.evolve(declared, blinding=OPEN, blindness=lifted), sums
    if choose is True or not declared.reads_data:
        return attrs.evolve(declared, blinding=Blinding(), blindness=Blindness(signal=blinding.signal)), sums
    native = _native(sums)
    axis = rebinned(native, declared).axis
    bins = chosen_bins(choose, axis)
    blindness = Blindness(bins=None if len(bins) == axis.bins else bins, signal=blinding.signal)
    # The function of the script is left behind.
    left = Blinding() if blindness.bins is None else OPEN
    return attrs.evolve(declared, blinding=left, blindness=blindness), without_counts(native, declared.binning, bins)


def _is_elsewhere(request: Request) -> bool:
    """Return whether a request is that of the data, or of another category, which is not blind if it is read."""
    return request.is_data or bool(request.category)


def _groups(cards: Mapping[str, DeclaredCard]) -> list[dict[str, DeclaredCard]]:
    """Return the cards with those together that have the same rows and plans."""
    return [dict(group) for group in together(cards.items(), lambda first, other: other[1].has_rows_of(first[1]))]


def _check(groups: Sequence[Mapping[str, DeclaredCard]], check: Callable[[DeclaredCard], None]) -> None:
    """Check each group of cards once; a problem that not all of them have names its categories."""
    failures: list[tuple[Sequence[str], DeclarationError]] = []
    for group in groups:
        try:
            check(next(iter(group.values())))
        except DeclarationError as failure:
            failures.append((list(group), failure))
    # In each group a problem counts once, also if it is told twice.
    times = Counter(problem for _, error in failures for problem in dict.fromkeys(error.problems))
    shared = {problem for problem, count in times.items() if count == len(groups)}
    raise_together(_placed(error, categories, shared) for categories, error in failures)


def _placed(error: DeclarationError, categories: Sequence[str], shared: set[str]) -> DeclarationError:
    """Return an error of some categories, which are named with the problems that other categories do not share."""
    if shared.issuperset(error.problems):
        return error
    where = f"category {listing(map(repr, categories), 4)}"
    placed = DeclarationError(problem if problem in shared else f"{where}: {problem}" for problem in error.problems)
    for note in getattr(error, "__notes__", ()):
        placed.add_note(note)
    return placed


def _with_observed(plans: Sequence[Plan], collected: Collected) -> tuple[Plan, ...]:
    """Return the plans with the observed events in the control regions that they need.

    Raises:
        DeclarationError: the card of such a category has no data.
    """
    return tuple(
        attrs.evolve(plan, observed={region: _observed(plan, collected.sums[region]) for region in plan.regions})
        for plan in plans
    )


def _observed(plan: Plan, sums: Sums) -> float:
    if not sums.layout.requests[-1].is_data:
        name = plan.systematic.name
        raise DeclarationError(f"systematic {name!r}: the card of category {sums.category!r} has no data to count")
    return float(sums.complete().totals[sums.layout.starts[-1]])


def _totals(declared: DeclaredCard, layout: Layout, collected: Collected) -> dict[str, FloatArray]:
    """Return the total of each row of a layout in each category over which shape-only totals are kept."""
    totals = {}
    if declared.shape_only:
        norms = collected.norms.get(declared.category)
        if not norms:
            raise DeclarationError(
                "rateparam_norm_categories is empty: there is no total that shape_only_for_rateparam could keep; "
                "leave it out to keep totals over all categories"
            )
        for category, sums in norms.items():
            # A fault of a category that is built is told when it is built, with those of the other categories.
            with suppress(InputError) if sums is collected.sums.get(category) else nullcontext():
                rows = layout.rows_in(sums.layout)
                # A process that a category does not have adds no events there.
                totals[category] = np.where(rows < 0, 0.0, sums.complete().totals[rows])
    return totals


def _one_by_one(build: Build, calls: Mapping[str, tuple[object, ...]]) -> Iterator[tuple[str, Callable[[], Channel]]]:
    for category, arguments in calls.items():
        yield category, lambda arguments=arguments: build(*arguments)  # type: ignore[misc]
