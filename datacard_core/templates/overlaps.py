"""Events that a card would count twice: of overlapping samples, and of outputs that were merged twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.findings import Finding, warning
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.inputs.output import HistogramSet
    from datacard_core.templates.rows import Layout


def overlap_findings(histograms: HistogramSet, layout: Layout, category: str) -> Iterator[Finding]:
    """Yield a finding for each set of samples that have more events together than their datasets.

    Simulation and data are compared apart: a sample may be in both for pseudo-data.

    Args:
        histograms: the histograms, with the cutflow.
        layout: the columns with their samples.
        category: the category whose events are counted.
    """
    for is_data in (False, True):
        columns = _columns(histograms, layout, is_data=is_data)
        # The datasets of a process often have the same subsamples: one finding tells them together.
        excess: dict[tuple[str, ...], list[tuple[str, float, float]]] = {}
        for dataset, of_sample in columns.items():
            if len(of_sample) < 2:  # noqa: PLR2004 - a sample alone overlaps with none
                continue
            counted, total = _counts(histograms, category, dataset, tuple(of_sample))
            if counted > total:
                excess.setdefault(tuple(of_sample), []).append((dataset, counted, total))
        for samples, found in excess.items():
            yield _finding(
                category, samples, found, {columns[dataset][sample] for dataset, *_ in found for sample in samples}
            )


def repeated_findings(histograms: HistogramSet, layout: Layout) -> Iterator[Finding]:
    """Yield a finding on the datasets of which more events were processed than they have.

    Args:
        histograms: the histograms, with the cutflow and the metadata.
        layout: the columns with their samples.
    """
    columns: dict[str, dict[str, None]] = {}
    for request in layout.requests:
        for sample, year in request.samples:
            for dataset in histograms.datasets(sample, year):
                columns.setdefault(dataset, {})[request.column] = None
    found = {dataset: events for dataset in columns if (events := histograms.processed(dataset))}
    repeated = {dataset: (count, stated) for dataset, (count, stated) in found.items() if count > stated}
    if repeated:
        dataset, (count, stated) = max(repeated.items(), key=lambda item: item[1][0] / max(item[1][1], 1))
        yield warning(
            "repeated-events",
            f"cutflow['initial'] counts more events than {listing(map(repr, sorted(repeated)), 3)} have by their "
            f"metadata, such as {count:g} of {stated:g}: was the output merged twice, or from jobs that overlap?",
            column=listing(dict.fromkeys(column for dataset in repeated for column in columns[dataset]), 4),
            numbers={"events": count, "limit": stated},
        )


def _columns(histograms: HistogramSet, layout: Layout, *, is_data: bool) -> dict[str, dict[str, str]]:
    """Return the column of each sample of each dataset."""
    columns: dict[str, dict[str, str]] = {}
    for request in layout.requests:
        if request.is_data is is_data and request.adds_events:
            # Events of a column that are subtracted from another one do not count twice.
            for sample, year in (pair for pair in request.samples if pair[0] not in request.subtracted):
                for dataset in histograms.datasets(sample, year):
                    columns.setdefault(dataset, {})[sample] = request.column
    return columns


def _counts(histograms: HistogramSet, category: str, dataset: str, samples: tuple[str, ...]) -> tuple[float, float]:
    """Return the number of events of samples in a category, and that of the whole dataset."""
    counted = sum(histograms.events(category, dataset, sample) or 0.0 for sample in samples)
    whole = histograms.events(category, dataset, histograms.parent(dataset))
    # Without a count of the whole, that before the selection of the category is a limit still.
    return counted, histograms.passed(dataset) if whole is None else whole


def _finding(
    category: str, samples: tuple[str, ...], found: list[tuple[str, float, float]], columns: set[str]
) -> Finding:
    counted, total = sum(count for _, count, _ in found), sum(whole for _, _, whole in found)
    datasets = [dataset for dataset, _, _ in found]
    return warning(
        "overlapping-samples",
        f"samples {listing(map(repr, samples))} have {counted:g} events of {listing(map(repr, datasets), 3)} in "
        f"category {category!r}, where the cutflow has {total:g}: they overlap, and {counted - total:g} events count "
        "more than once; use subsamples that exclude each other, or the inclusive one alone",
        column=listing(sorted(columns), 4),
    )
