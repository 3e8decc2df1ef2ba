"""What the output has for the declarations, and what stands in where it has nothing: as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.findings import Finding, notice, warning
from datacard_core.model import DATA
from datacard_core.names import closest, listing
from datacard_core.processes import column_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.declared import Declared
    from datacard_core.plans import Plan
    from datacard_core.sources import Inventory
    from datacard_core.templates import Fallback, TemplateSet


def process_findings(declared: Declared, inventory: Inventory) -> Iterator[Finding]:
    """Samples without dataset, datasets without year, parameters without effect."""
    for process in declared.mc_processes.values():
        if process.has_rateParam and process.is_signal:
            message = "has_rateParam has no effect on a signal, which r scales already"
            yield warning("rateparam-on-signal", message, column=process.name)
        for sample in process.samples:
            for year in process.years:
                if year in declared.years and not inventory.datasets.get((sample, year)):
                    message = f"sample {sample!r} has no dataset in {year}"
                    yield warning("no-dataset", message, column=column_name(process.name, year))
    processes = [*declared.mc_processes.values(), *(declared.data_processes or {}).values()]
    for sample in dict.fromkeys(sample for process in processes for sample in process.samples):
        if orphans := inventory.orphans(sample):
            yield warning(
                "orphan-dataset",
                f"sample {sample!r} has histograms of {listing(map(repr, orphans), 3)}, "
                "which no data-taking period lists: they are in no card",
            )


def data_findings(declared: Declared, inventory: Inventory) -> Iterator[Finding]:
    """Years that the simulation has and the data have not."""
    process = declared.data_process
    if process is None:
        return
    for sample in process.samples:
        for year in process.years:
            if year in declared.years and not inventory.datasets.get((sample, year)):
                yield warning("no-dataset", f"sample {sample!r} has no dataset in {year}", column=DATA)
    for year in declared.years:
        if year not in process.years:
            message = f"the card has simulation for {year}, which data process {process.name!r} is not declared for"
            yield warning("no-data", message, column=DATA)


def fallback_findings(declared: Declared, plans: Sequence[Plan], templates: TemplateSet) -> Iterator[Finding]:
    """Where the nominal stands in for a variation: a warning if no dataset of a column has it, else a notice."""
    if not templates.fallbacks:
        return
    columns = [request.column for request in templates.layout.requests]
    # A variation that one dataset has not computed is known by name, whatever the others lack.
    reasons = {
        (fallback.column, label): fallback
        for fallback in sorted(templates.fallbacks, key=lambda fallback: fallback.computed)
        for label in fallback.labels
    }
    counts = templates.datasets
    for plan in plans:
        lacking: dict[tuple[str, bool, bool], list[int]] = {}
        for column, label, row in plan.reads():
            if counts[column] and not templates.present[row]:
                reason = reasons[column, label]
                lacking.setdefault((label, reason.computed, reason.certain), []).append(column)
        for (label, on_axis, certain), where in lacking.items():
            known = sorted(set().union(*(templates.variations[column] for column in where)))
            yield warning(
                "no-variation",
                f"{_no_variation(label, declared.category, known, on_axis=on_axis, certain=certain)}: "
                "the nominal stands in for it, so that the nuisance does nothing here",
                column=listing((columns[column] for column in where), 4),
                systematic=plan.name,
            )
    for fallback in templates.fallbacks:
        if labels := _some_have(fallback, templates):
            yield notice(
                "fallback",
                f"dataset {fallback.dataset!r} of sample {fallback.sample!r} has no {listing(labels, 6)}"
                f"{' in this category' if fallback.computed else ''}: its nominal stands in",
                column=columns[fallback.column],
            )


def _some_have(fallback: Fallback, templates: TemplateSet) -> list[str]:
    """The variations that other datasets of the column have."""
    rows = templates.layout.rows_of([fallback.column] * len(fallback.labels), fallback.labels)
    return [label for label, row in zip(fallback.labels, rows, strict=True) if templates.present[row]]


def _no_variation(label: str, category: str, known: Sequence[str], *, on_axis: bool, certain: bool) -> str:
    if not on_axis:
        return f"no dataset has the variation {label!r}{closest(label, known)}"
    if certain:
        return (
            f"the variation {label!r} is on the axis but was not computed in category {category!r} "
            "(the cutflow has events, the histogram has none)"
        )
    return (
        f"the variation {label!r} is empty in category {category!r}, and the cutflow of this output has no counts "
        "by variation to tell whether it was computed there"
    )
