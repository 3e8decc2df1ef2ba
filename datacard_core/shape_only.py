"""Taking the normalisation out of shape variations where a free parameter has it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.errors import InputError
from datacard_core.findings import Finding, warning
from datacard_core.names import listing
from datacard_core.templates import Layout, collect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.declared import Declared
    from datacard_core.model import FloatArray
    from datacard_core.plans import Plan
    from datacard_core.sources import Source


@attrs.frozen(eq=False)
class Scales:
    """A factor for every row that a nuisance reads."""

    factors: Mapping[tuple[str, str], FloatArray] = attrs.field(factory=dict)
    """By nuisance and shift, for each of the plan's columns, shape (n, 1); all 1 where none is listed."""
    findings: tuple[Finding, ...] = ()


def shape_only_scales(
    declared: Declared, layout: Layout, plans: Sequence[Plan], sources: Mapping[str, Source] | None, source: Source
) -> Scales:
    """What keeps the total of each process with a free rateParam nominal under every variation.

    The total is that of the process over all categories, flow included, and over the years that the nuisance
    covers: what moves between categories, bins and years stays, what the free parameter would do goes.

    Args:
        declared: the card's declarations.
        layout: its rows.
        plans: its plans.
        sources: the categories and where to read each, all categories of `source` if None.
        source: the card's own histograms.

    Raises:
        InputError: a histogram of one of the categories cannot be used.
    """
    floating = {process.name for process in declared.floating}
    if not declared.shape_only_for_rateparam or not floating:
        return Scales()
    processes = [column.process for column in declared.columns]
    sources = sources or _all_categories(source, layout)
    totals = _totals(layout, [process in floating for process in processes], sources)
    factors: dict[tuple[str, str], FloatArray] = {}
    findings: list[Finding] = []
    for plan in plans:
        of_plan = np.array([processes[position] for position in plan.positions])
        for shift, rows in plan.rows.items():
            factor = np.ones((len(rows), 1))
            for process in sorted(floating & set(of_plan.tolist())):
                here = of_plan == process
                nominal = totals[layout.starts[plan.positions[here]]].sum()
                varied = totals[rows[here]].sum()
                if varied > 0:
                    factor[here] = nominal / varied
                else:
                    findings.append(_not_scaled(process, f"{plan.name}{shift}", nominal, varied, list(sources)))
            factors[plan.name, shift] = factor
    return Scales(factors, tuple(findings))


def _totals(layout: Layout, wanted: Sequence[bool], sources: Mapping[str, Source]) -> FloatArray:
    """The sum of every row over the categories, flow included; rows that are not wanted stay 0."""
    # What has no parts is not read, and the rows stay those of the card.
    requests = tuple(
        request if position < len(wanted) and wanted[position] else attrs.evolve(request, parts=())
        for position, request in enumerate(layout.requests)
    )
    totals = np.zeros(layout.rows)
    for category, source in sources.items():
        totals += collect(source, Layout(requests), category).totals
    return totals


def _all_categories(source: Source, layout: Layout) -> dict[str, Source]:
    for request in layout.requests:
        for sample, year in request.parts:
            for dataset in source.datasets(sample, year):
                if histogram := source.histogram(sample, dataset):
                    return dict.fromkeys(histogram.categories, source)
    raise InputError("no dataset has a histogram to read the categories from")


def _not_scaled(process: str, variation: str, nominal: float, varied: float, categories: Sequence[str]) -> Finding:
    return warning(
        "not-shape-only",
        f"its total over {listing(categories)} is {varied:.4g}, the nominal {nominal:.4g}: "
        "it cannot be scaled to the nominal and keeps its normalisation",
        column=process,
        systematic=variation,
    )
