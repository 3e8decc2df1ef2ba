"""Findings on parts of an output that a card needs and has not, or has and leaves out."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.declare.values import in_words
from datacard_core.findings import Finding, error, notice, warning
from datacard_core.grammar import DATA
from datacard_core.inputs.histograms import stems
from datacard_core.model.effects import Origin
from datacard_core.names import closest, listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.inputs.output import Inventory
    from datacard_core.model.channel import Channel
    from datacard_core.templates.template_set import Fallback, TemplateSet

_PART_OF = "__"
"""Text between a sample and its part in PocketCoffea's names."""


def process_findings(declared: DeclaredCard, inventory: Inventory) -> Iterator[Finding]:
    """Yield findings on samples without dataset, datasets without year, and parameters without effect."""
    for process in declared.mc_processes.values():
        if process.has_rateParam and process.is_signal and not declared.shape_only_for_rateparam:
            message = "has_rateParam has no effect on a signal, which r scales already"
            yield warning("rateparam-on-signal", message, column=process.name)
        if not any(year in declared.years for year in process.years):
            message = f"none of its years ({listing(process.years, 4)}) is in this card: it has no column here"
            yield notice("no-column", message, column=process.name)
        for sample in process.all_samples:
            for year in process.years:
                if year in declared.years and not inventory.datasets.get((sample, year)):
                    message = f"sample {sample!r} has no dataset in {year}"
                    yield warning("no-dataset", message, column=declared.column_name(process.name, year))
    processes = [*declared.mc_processes.values(), *(declared.data_processes or {}).values()]
    for sample in dict.fromkeys(sample for process in processes for sample in process.all_samples):
        if orphans := inventory.orphans(sample):
            yield warning(
                "orphan-dataset",
                f"sample {sample!r} has histograms of {listing(map(repr, orphans), 3)}, "
                "which no data-taking period lists: they are in no card",
            )


def name_findings(declared: DeclaredCard) -> Iterator[Finding]:
    """Yield findings on a bin that has another name than its category, and on systematics of unknown processes."""
    if refused := declared.bin_naming.refused:
        message = f"Combine does not accept {refused!r} as the name of a bin: it is called {declared.bin!r} here"
        yield notice("renamed-bin", f"{message}; bin_name chooses another name")
    known = dict.fromkeys((*declared.mc_processes, *declared.all_processes))
    for systematic in declared.systematics.values():
        if unknown := [process for process in systematic.processes if process not in known]:
            message = f"no process is named {listing(map(repr, unknown), 4)}{closest(unknown[0], known)}"
            yield warning("unknown-process", f"{message}: it has no effect there", systematic=systematic.datacard_name)


def data_findings(declared: DeclaredCard, inventory: Inventory) -> Iterator[Finding]:
    """Yield findings on years that the simulation has and the data have not."""
    process = declared.data_process
    if process is None:
        return
    for sample in process.samples:
        for year in process.years:
            if year in declared.years and not inventory.datasets.get((sample, year)):
                yield warning("no-dataset", f"sample {sample!r} has no dataset in {year}", column=DATA)
    for sample, variation in declared.data_variations.items():
        message = f"the observation takes {variation!r} of sample {sample!r} in place of its nominal"
        yield notice("data-variation", message, column=DATA)
    for year in declared.years:
        if year not in process.years:
            message = f"the card has simulation for {year}, which data process {process.name!r} is not declared for"
            yield warning("no-data", message, column=DATA)


def sample_problems(plans: Iterable[Plan], inventory: Inventory) -> Iterator[str]:
    """Yield a problem for each further sample that a kind reads and that the output has not, or not in that year."""
    for plan in plans:
        where = f"systematic {plan.systematic.name!r}"
        for request in plan.requests:
            there = [sample for sample, year in request.samples if inventory.datasets.get((sample, year))]
            for sample, year in request.samples:
                if sample not in inventory.samples:
                    yield f"{where}: the output has no sample {sample!r}{closest(sample, inventory.samples)}"
                elif not there:
                    yield f"{where}: sample {sample!r} has no dataset in {year}: take {year} out of its years"
                yield from inventory.in_two_periods(sample)


def sample_findings(plans: Iterable[Plan], inventory: Inventory) -> Iterator[Finding]:
    """Yield findings on further samples without dataset in a year, where other samples of their sum have one."""
    for plan in plans:
        for request in plan.requests:
            for sample, year in request.samples:
                if not inventory.datasets.get((sample, year)):
                    yield warning("no-dataset", f"sample {sample!r} has no dataset in {year}", systematic=plan.name)


@attrs.frozen
class Used:
    """Names in an output that the cards of an analysis use."""

    samples: frozenset[str]
    variations: frozenset[str]

    @classmethod
    def of(cls, cards: Iterable[DeclaredCard], plans: Iterable[Plan]) -> Used:
        """Return the names that declarations and kinds of any of the cards use."""
        plans = list(plans)
        read = (sample for plan in plans for request in plan.requests for sample, _ in request.samples)
        return cls(
            frozenset(itertools.chain(read, *(declared.samples() for declared in cards))),
            frozenset(label for plan in plans for labels in plan.labels.values() for label in labels),
        )

    def has(self, sample: str) -> bool:
        """Return whether events of a sample are used, be it as a part of another sample."""
        # PocketCoffea calls a part of a sample `sample__part`: the events of one are events of the other.
        whole = sample.partition(_PART_OF)[0]
        return sample in self.samples or whole in self.samples or sample in self._wholes

    @cached_property
    def _wholes(self) -> frozenset[str]:
        return frozenset(sample.partition(_PART_OF)[0] for sample in self.samples)


def unused_findings(
    declared: DeclaredCard, plans: Sequence[Plan], inventory: Inventory, templates: TemplateSet, used: Used
) -> Iterator[Finding]:
    """Yield findings on samples and variations of the output that no card uses, and on columns without systematic."""
    unused = [
        sample
        for sample in sorted(inventory.filled)
        if not used.has(sample) and any(inventory.datasets.get((sample, year)) for year in declared.years)
    ]
    if simulated := [sample for sample in unused if sample not in inventory.data]:
        message = f"no process has {_several('sample', simulated)} of the output"
        yield notice("unused-sample", f"{message}: add a process if such events pass the selection")
    observed = [sample for sample in unused if sample in inventory.data]
    # Pseudo-data of simulated samples have no stream of data, and are meant to have none.
    if observed and declared.data_process and inventory.data.intersection(declared.data_process.samples):
        yield notice(
            "unused-data", f"the data process has no {_several('sample', observed)} of the output", column=DATA
        )
    yield from _unused_variations(declared, templates, used)
    # Free parameters and autoMCStats that processes and the card imply are no systematics of a column.
    own = (plan for plan in plans if plan.name in declared.systematics)
    covered = {position for plan in own for position in plan.positions.tolist()}
    exact = [column for position, column in enumerate(declared.columns) if position not in covered]
    # A card without systematics is one of the statistics alone, and meant to be.
    if exact and declared.systematics:
        where = in_words((column.process, column.year) for column in exact)
        yield notice("no-systematic", "no systematic is declared for it", column=where)


def _unused_variations(declared: DeclaredCard, templates: TemplateSet, used: Used) -> Iterator[Finding]:
    filled: set[str] = set()
    made: set[str] = set()
    # Of each column by itself: a name that one process makes may be a variation of the output for another.
    for request, there in zip(templates.layout.requests[: len(declared.columns)], templates.variations, strict=False):
        made |= there & request.made
        filled |= there - request.made
    for labels, origin in ((filled, " of the output"), (made, ", which sample_norms makes")):
        if variations := stems(labels - used.variations):
            yield notice("unused-variation", f"no systematic reads {_several('variation', variations)}{origin}")


def _several(word: str, names: Sequence[str]) -> str:
    return f"{word}{'s' * (len(names) > 1)} {listing(map(repr, names), 8)}"


def fallback_findings(declared: DeclaredCard, plans: Sequence[Plan], templates: TemplateSet) -> Iterator[Finding]:
    """Yield findings on variations that the nominal replaces.

    They are warnings if no dataset of a column has the variation, or if a dataset has only a part of the variations
    that a nuisance is made of; otherwise notices.
    """
    if not templates.fallbacks:
        return
    columns = [request.column for request in templates.layout.requests]
    for plan in plans:
        yield from _missing(declared, plan, templates, columns)
    reads: dict[int, list[tuple[Plan, tuple[str, ...]]]] = {}
    for plan in plans:
        # Not strict, because a kind that reads no variations has columns but no labels.
        for position, labels in zip(plan.positions.tolist(), zip(*plan.labels.values(), strict=True), strict=False):
            reads.setdefault(position, []).append((plan, labels))
    for fallback in templates.fallbacks:
        missing, lacks = frozenset(fallback.labels), _some_have(fallback, templates)
        if lacks:
            message = f"{_has_no(fallback, lacks)}: its nominal replaces them"
            yield notice("fallback", message, column=columns[fallback.column])
        for plan, labels in reads.get(fallback.column, ()):
            if not missing.issuperset(labels) and (partly := [label for label in lacks if label in labels]):
                message = (
                    f"{_has_no(fallback, partly)}, but has other variations that the nuisance is made of: its nominal "
                )
                message += "replaces them, so that the nuisance is too small here"
                yield warning("partial-variation", message, column=columns[fallback.column], systematic=plan.name)


def origin_of(plans: Sequence[Plan], templates: TemplateSet, changed: Collection[int]) -> Origin | None:
    """Return the datasets behind the templates of a nuisance, None if it reads no variations.

    Args:
        plans: the declarations of the nuisance, which cover disjoint columns.
        templates: the templates that they read.
        changed: columns with a template whose content was changed, because it was below 0 or empty.
    """
    columns: list[int] = []
    labels: list[tuple[str, ...]] = []
    present: list[int] = []
    aliases: list[bool] = []
    for plan in plans:
        if not plan.labels:
            continue
        # A name in the card that differs from the declaration's is no alias: the variation is still called as declared.
        own = {f"{name}{shift}" for name in (plan.name, plan.systematic.name) for shift in plan.labels}
        of_columns = list(zip(*plan.labels.values(), strict=True))
        columns += plan.positions.tolist()
        labels += of_columns
        aliases += [not own.issuperset(of_column) for of_column in of_columns]
        # A nuisance is as complete as the variation that the fewest datasets have.
        present += np.min([templates.present[rows] for rows in plan.rows.values()], axis=0).tolist()
    if not columns:
        return None
    return Origin(
        columns=np.array(columns),
        labels=tuple(labels),
        present=np.array(present),
        datasets=templates.datasets[columns],
        is_alias=np.array(aliases),
        is_clipped=np.isin(columns, list(changed)),
    )


def share_findings(channel: Channel, declared: DeclaredCard) -> Iterator[Finding]:
    """Yield an error for each process on which the nominal stands for more datasets than the policies allow."""
    for nuisance in channel.nuisances:
        if (origin := nuisance.origin) is None:
            continue
        processes = np.array([channel.columns[column].process for column in origin.columns])
        for process in dict.fromkeys(processes.tolist()):
            most, of = declared.policies_of[process].max_fallback, processes == process
            total, present = int(origin.datasets[of].sum()), int(origin.present[of].sum())
            if most is not None and total - present > most * total:
                message = f"the nominal stands for its variations in {total - present} of {total} datasets, more than "
                message += f"max_fallback={most:g} allows: produce them, or take these years out of the declaration"
                numbers = {"share": (total - present) / total, "limit": most}
                yield error("fallback-share", message, column=process, systematic=nuisance.name, numbers=numbers)


def unvaried_findings(channel: Channel, plans: Sequence[Plan], templates: TemplateSet) -> Iterator[Finding]:
    """Yield a finding for each nuisance whose templates equal the nominal, where datasets have its variations."""
    by_name = {plan.name: plan for plan in plans if plan.labels}
    for nuisance, shape in channel.shapes():
        nominal = channel.nominal.values[shape.columns]
        same = (shape.up.values == nominal).all(axis=1) & (shape.down.values == nominal).all(axis=1)
        # A kind may make templates of the nominal alone; then there is no histogram that was filled wrongly.
        if not same.any() or nuisance.name not in by_name:
            continue
        reads = list(by_name[nuisance.name].reads())
        # The finding `no-variation` tells the columns of which no dataset has a variation of the nuisance.
        told = {column for column, _, _ in reads} - {column for column, _, row in reads if templates.present[row]}
        if columns := [channel.columns[column].name for column in shape.columns[same].tolist() if column not in told]:
            message = "Up and Down are equal to the nominal in all bins: the nuisance has no effect here; check that "
            message += "the histograms were filled with the varied weight or the varied objects"
            # In a column of few events a shift may move none of them to another bin.
            make = warning if same.all() else notice
            yield make("no-shift", message, column=listing(columns, 4), systematic=nuisance.name)


def _has_no(fallback: Fallback, labels: Sequence[str]) -> str:
    where = " in this category" if fallback.computed else ""
    return f"dataset {fallback.dataset!r} of sample {fallback.sample!r} has no {listing(labels, 6)}{where}"


def _missing(declared: DeclaredCard, plan: Plan, templates: TemplateSet, columns: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for the variations that no dataset of a column has, those of one reason together."""
    # "Not computed" is the reason as soon as one dataset has the variation on its axis.
    reasons = {
        (fallback.column, label): (fallback.computed, fallback.certain)
        for fallback in sorted(templates.fallbacks, key=lambda fallback: fallback.computed)
        for label in fallback.labels
    }
    lacking: dict[int, dict[tuple[bool, bool], list[str]]] = {}
    for column, label, row in plan.reads():
        if templates.datasets[column] and not templates.present[row]:
            lacking.setdefault(column, {}).setdefault(reasons[column, label], []).append(label)
    alike: dict[tuple[tuple[str, ...], tuple[bool, bool], bool], list[int]] = {}
    for column, by_reason in lacking.items():
        all_lack = sum(map(len, by_reason.values())) == len(plan.labels)
        for reason, labels in by_reason.items():
            alike.setdefault((tuple(labels), reason, all_lack), []).append(column)
    for (missing, (on_axis, certain), all_lack), where in alike.items():
        known = sorted(set().union(*(templates.variations[column] for column in where)))
        yield warning(
            "no-variation",
            f"{_no_variation(missing, declared.category, known, on_axis=on_axis, certain=certain)}: the nominal is "
            f"used, so that the nuisance {'has no effect' if all_lack else 'is too small'} here",
            column=listing((columns[column] for column in where), 4),
            systematic=plan.name,
        )


def _some_have(fallback: Fallback, templates: TemplateSet) -> list[str]:
    """Return the missing variations that other datasets of the column have."""
    rows = templates.layout.rows_of([fallback.column] * len(fallback.labels), fallback.labels)
    return [label for label, row in zip(fallback.labels, rows, strict=True) if templates.present[row]]


def _no_variation(labels: Sequence[str], category: str, known: Sequence[str], *, on_axis: bool, certain: bool) -> str:
    several = len(labels) > 1
    variations = f"{'variations' if several else 'variation'} {listing(map(repr, labels), 4)}"
    if not on_axis:
        return f"no dataset has the {variations}{closest(labels[0], known)}"
    be, were = ("are", "were") if several else ("is", "was")
    if certain:
        return (
            f"the {variations} {be} on the axis but {were} not computed in category {category!r} "
            "(the cutflow has events, the histogram is empty)"
        )
    return (
        f"the {variations} {be} empty in category {category!r}, and the cutflow of this output has no counts "
        f"by variation to tell whether {'they were' if several else 'it was'} computed there"
    )
