"""Removal of the normalisation from shape variations of processes whose free parameter has it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import Finding, warning
from datacard_core.model.arrays import Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.model.arrays import FloatArray, IntArray


@attrs.frozen(eq=False, kw_only=True)
class Variation:
    """One variation of one nuisance on n columns, and its rows in the template sets of all categories."""

    nuisance: str
    shift: str
    """Ending of the variation's name, such as "Up"."""
    processes: Sequence[str]
    """Process of each column, n names."""
    nominal_rows: IntArray
    """Rows of the columns' nominals, shape (n,)."""
    rows: IntArray
    """Rows of the columns under the variation, shape (n,)."""


@attrs.frozen(eq=False)
class Scales:
    """A factor for each variation of a process with a free parameter."""

    factors: Mapping[tuple[str, str, str], float] = attrs.field(factory=dict)
    """By nuisance, shift and process; 1 for a combination that is not listed."""

    @property
    def named(self) -> dict[tuple[str, str, str], float]:
        """Factors by process, nuisance and shift, the order of PocketCoffea's keys."""
        return {(process, nuisance, shift): factor for (nuisance, shift, process), factor in self.factors.items()}

    def applied(self, templates: Templates, nuisance: str, shift: str, processes: Sequence[str]) -> Templates:
        """Return the templates of one variation, shape (n, bins), times the factor of each row's process."""
        if not self.factors:
            return templates
        factor = np.array([[self.factors.get((nuisance, shift, process), 1.0)] for process in processes])
        factor = factor.reshape(-1, 1)  # also for a declaration that covers no column
        return Templates(templates.values * factor, templates.variances * factor**2)


def shape_only_scales(
    variations: Iterable[Variation], floating: Sequence[str], totals: Mapping[str, FloatArray]
) -> tuple[Scales, tuple[Finding, ...]]:
    """Find the factors that keep the total of each floating process nominal under each variation.

    The total is that of the process over all categories, flow included, and over those of the card's years that the
    nuisance covers. Migration between categories, bins and years stays; the change that the free parameter makes goes.

    Args:
        variations: the variations of the card.
        floating: the processes with a free parameter.
        totals: for each category that the parameter spans, the total of each row of the layout, shape (rows,).
    """
    if not totals:
        return Scales(), ()
    total: FloatArray = np.sum(list(totals.values()), axis=0)
    factors: dict[tuple[str, str, str], float] = {}
    findings: list[Finding] = []
    for variation in variations:
        for process, rows, nominal_rows in _by_process(variation, floating):
            nominal, varied = float(total[nominal_rows].sum()), float(total[rows].sum())
            if nominal > 0 and varied > 0:
                factors[variation.nuisance, variation.shift, process] = nominal / varied
            else:
                name = f"{variation.nuisance}{variation.shift}"
                findings.append(_not_scaled(process, name, nominal, varied, list(totals)))
    return Scales(factors), tuple(findings)


def _by_process(variation: Variation, floating: Sequence[str]) -> Iterator[tuple[str, IntArray, IntArray]]:
    processes = np.array(variation.processes)
    for process in floating:
        here = processes == process
        if here.any():
            yield process, variation.rows[here], variation.nominal_rows[here]


def _not_scaled(process: str, variation: str, nominal: float, varied: float, categories: Sequence[str]) -> Finding:
    return warning(
        "not-shape-only",
        f"its total over {listing(categories)} is {varied:.4g}, the nominal {nominal:.4g}: "
        "it cannot be scaled to the nominal and keeps its normalisation",
        column=process,
        systematic=variation,
    )
