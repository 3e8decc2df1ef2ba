"""Removal of underflow and overflow, which Combine does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.findings import Finding, notice, warning
from datacard_core.model.arrays import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOST_FLOW_WARNING = 0.01
"""Fraction of a column's yield outside the axis above which a notice becomes a warning.

An axis that holds a per cent less than the selected events is rarely meant; below that, a long tail is usual.
"""


def drop_flow(templates: Templates, nominals: Mapping[str, int]) -> tuple[Templates, tuple[Finding, ...]]:
    """Drop the flow bins.

    Args:
        templates: shape (rows, bins + 2), underflow first and overflow last.
        nominals: the row of the nominal of each column.

    Returns:
        The templates inside the axis, shape (rows, bins), and a finding for each nominal that has content outside.
    """
    inside = Templates(templates.values[:, 1:-1], templates.variances[:, 1:-1])
    return inside, tuple(_findings(templates, nominals))


def _findings(templates: Templates, nominals: Mapping[str, int]) -> Iterator[Finding]:
    for column, row in nominals.items():
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
            column=column,
        )
