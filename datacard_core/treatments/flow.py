"""Removal of underflow and overflow, which Combine does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.findings import Finding, notice, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.arrays import Templates
    from datacard_core.templates.template_set import TemplateSet

LOST_FLOW_WARNING = 0.01
"""Fraction of a column's yield outside the axis above which a notice becomes a warning.

An axis that holds a per cent less than the selected events is rarely meant; below that, a long tail is usual.
"""


def drop_flow(templates: TemplateSet) -> tuple[Templates, tuple[Finding, ...]]:
    """Drop the flow bins.

    Returns:
        The templates inside the axis, shape (rows, bins), and a finding for each nominal that has content outside.
    """
    return templates.inside, tuple(_findings(templates))


def _findings(templates: TemplateSet) -> Iterator[Finding]:
    for request, row in zip(templates.layout.requests, templates.layout.starts.tolist(), strict=True):
        under, over = templates.values[row, 0], templates.values[row, -1]
        if not under and not over:
            continue
        inside = templates.values[row, 1:-1].sum()
        # Absolute values, because contents of opposite sign would cancel.
        lost = (abs(under) + abs(over)) / (abs(under) + abs(over) + abs(inside))
        make = warning if lost > LOST_FLOW_WARNING else notice
        yield make(
            "flow-lost",
            f"{under:.4g} in underflow and {over:.4g} in overflow are not in the card: {100 * lost:.3g} % "
            f"of {under + over + inside:.6g}; widen bins_edges or the axis to keep them",
            column=request.column,
        )
