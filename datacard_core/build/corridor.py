"""The one way from declarations and an output to finished channels."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, TypeAlias

import attrs

from datacard_core.build.card_rules import check_against_output, check_declarations
from datacard_core.build.channel import build_channel
from datacard_core.build.coverage import sample_problems
from datacard_core.build.plans import plan_card
from datacard_core.errors import DeclarationError, InputError
from datacard_core.findings import StrictError, raise_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.errors import DatacardError
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.arrays import FloatArray
    from datacard_core.model.channel import Channel
    from datacard_core.templates.rows import Layout
    from datacard_core.templates.sums import Sums

Build: TypeAlias = "Callable[..., Channel]"
Results: TypeAlias = "Iterable[tuple[str, Callable[[], Channel]]]"
"""Categories, each with a function that returns its channel or raises its error."""


@attrs.frozen(eq=False, kw_only=True)
class Collected:
    """The part of an output that cards need."""

    inventory: Inventory
    sums: Mapping[str, Sums]
    """Sums of the categories to build, on the layout of their cards."""
    norms: Mapping[str, Sums] = attrs.field(factory=dict)
    """Sums of the categories over which shape-only totals are kept, with the same rows."""


def build_channels(
    cards: Mapping[str, DeclaredCard],
    collect: Callable[[Layout], Collected],
    *,
    inventory: Inventory | None = None,
    run: Callable[[Build, Mapping[str, tuple[object, ...]]], Results] | None = None,
) -> dict[str, Channel]:
    """Build the channels of several categories from one output.

    Args:
        cards: the declarations of each card by category; they differ in category, name and bins alone.
        collect: sums the histograms of the output to the rows of a layout.
        inventory: the names in the output, if they are known before it is read: its problems are then told together
            with those of the declarations.
        run: calls a function with the arguments of each category, one after the other here if not given.

    Raises:
        DeclarationError: the declarations contradict each other or the output.
        InputError: the output, or a histogram in it, cannot be used.
        StrictError: there are findings that `strict` refuses.
        PluginError: a plugin failed, or no selected plugin provides a declared kind.
    """
    # Rows and plans depend on processes, systematics and years, which all cards share.
    shared = next(iter(cards.values()))
    # Before the plans: the author of a kind may rely on declarations without problems.
    check_declarations(shared, inventory)
    layout, plans = plan_card(shared)
    collected = collect(layout)
    if inventory is None:
        check_against_output(shared, collected.inventory)
    if problems := dict.fromkeys(sample_problems(plans, collected.inventory)):
        raise DeclarationError(problems)
    totals = _totals(shared, collected)
    calls = {
        category: (declared, plans, collected.inventory, collected.sums[category], totals)
        for category, declared in cards.items()
    }
    channels: dict[str, Channel] = {}
    failures: list[DatacardError] = []
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
    sums: Sums,
    totals: Mapping[str, FloatArray],
) -> Channel:
    """Build the channel of one category: the work of one call on a worker."""
    return build_channel(declared, inventory, plans, sums.complete(), totals)


def _totals(declared: DeclaredCard, collected: Collected) -> dict[str, FloatArray]:
    """Return the total of each row in each category over which shape-only totals are kept."""
    totals = {}
    if declared.floats_shape_only:
        if not collected.norms:
            raise DeclarationError(
                "rateparam_norm_categories is empty: there is no total that shape_only_for_rateparam could keep; "
                "leave it out to keep totals over all categories"
            )
        for category, sums in collected.norms.items():
            # A fault of a category that is built is told when it is built, with those of the other categories.
            with suppress(InputError) if category in collected.sums else nullcontext():
                totals[category] = sums.complete().totals
    return totals


def _one_by_one(build: Build, calls: Mapping[str, tuple[object, ...]]) -> Iterator[tuple[str, Callable[[], Channel]]]:
    for category, arguments in calls.items():
        yield category, lambda arguments=arguments: build(*arguments)  # type: ignore[misc]
