"""Taking the normalisation out of shape variations where a free parameter has it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import Finding, warning
from datacard_core.names import listing
from datacard_core.templates.rows import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.build.plans import Plan
    from datacard_core.model.channel import Column, FloatArray


@attrs.frozen(eq=False)
class Scales:
    """A factor for every variation of a process with a free parameter."""

    factors: Mapping[tuple[str, str, str], float] = attrs.field(factory=dict)
    """By nuisance, shift and process; 1 where none is listed."""
    findings: tuple[Finding, ...] = ()

    def of(self, plan: Plan, shift: str, columns: Sequence[Column]) -> FloatArray:
        """The factor of each of a plan's columns, shape (n, 1)."""
        keys = [(plan.name, shift, columns[position].process) for position in plan.positions]
        return np.array([[self.factors.get(key, 1.0)] for key in keys]).reshape(-1, 1)


def shape_only_scales(
    declared: DeclaredCard, layout: Layout, plans: Sequence[Plan], totals: Mapping[str, FloatArray]
) -> Scales:
    """What keeps the total of each process with a free parameter nominal under every variation.

    The total is that of the process over all categories, flow included, and over those of the card's years that the
    nuisance covers: what moves between categories, bins and years stays, what the free parameter would do goes.

    Args:
        declared: the card's declarations.
        layout: its rows.
        plans: its plans.
        totals: for each category that the parameter spans, the total of every row, shape (rows,).
    """
    total: FloatArray = np.sum(list(totals.values()), axis=0)
    factors: dict[tuple[str, str, str], float] = {}
    findings: list[Finding] = []
    for plan in plans:
        processes = np.array([declared.columns[position].process for position in plan.positions])
        for process in declared.floating:
            here = processes == process.name
            if not here.any():
                continue
            for shift, rows in plan.rows.items():
                nominal = float(total[layout.starts[plan.positions[here]]].sum())
                varied = float(total[rows[here]].sum())
                if nominal > 0 and varied > 0:
                    factors[plan.name, shift, process.name] = nominal / varied
                else:
                    findings.append(_not_scaled(process.name, f"{plan.name}{shift}", nominal, varied, list(totals)))
    return Scales(factors, tuple(findings))


def norm_layout(declared: DeclaredCard, layout: Layout) -> Layout | None:
    """What must be read in other categories: the same rows, filled for processes with a free parameter; or None."""
    if not declared.floats_shape_only:
        return None
    floating = {process.name for process in declared.floating}
    wanted = [column.process in floating for column in declared.columns]
    # What has no parts is not read, and the rows stay those of the plans.
    return Layout(
        tuple(
            request if position < len(wanted) and wanted[position] else attrs.evolve(request, samples=())
            for position, request in enumerate(layout.requests)
        )
    )


def _not_scaled(process: str, variation: str, nominal: float, varied: float, categories: Sequence[str]) -> Finding:
    return warning(
        "not-shape-only",
        f"its total over {listing(categories)} is {varied:.4g}, the nominal {nominal:.4g}: "
        "it cannot be scaled to the nominal and keeps its normalisation",
        column=process,
        systematic=variation,
    )
