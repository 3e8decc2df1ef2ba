"""Treatment of underflow and overflow, for which Combine has no bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import error, notice, warning
from datacard_core.model.arrays import Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.declare.flow import Flow
    from datacard_core.findings import Finding
    from datacard_core.model.arrays import Axis, BoolArray, FloatArray

LOST_FLOW_WARNING = 0.01
"""Fraction of a column's yield outside the axis above which a notice becomes a warning.

An axis that holds a per cent less than the selected events is rarely meant; below that, a long tail is usual.
"""

_WAYS_OUT = "widen bins_edges or the axis, or pass flow='fold' to add them to the outer bins"


def treat_flow(
    templates: Templates, variations: Mapping[str, Sequence[str]], axis: Axis, flow: Flow = "drop"
) -> tuple[Templates, tuple[Finding, ...]]:
    """Remove the flow bins, from nominals, variations and data alike.

    Args:
        templates: shape (rows, bins + 2), underflow first and overflow last.
        variations: the variations of each column, the nominal first: those of all columns are the rows.
        axis: the axis of the bins.
        flow: the treatment; "fold" adds values and variances of the flow bins to the outer bins.

    Returns:
        The templates inside the axis, shape (rows, bins), and a finding for each column that has content outside.
    """
    findings = tuple(_findings(templates, variations, axis, flow))
    if flow == "fold":
        return Templates(_folded(templates.values), _folded(templates.variances)), findings
    return Templates(templates.values[:, 1:-1], templates.variances[:, 1:-1]), findings


def _folded(array: FloatArray) -> FloatArray:
    # A copy: the flow bins belong to templates that others may read.
    inside = array[:, 1:-1].copy()
    inside[:, 0] += array[:, 0]
    inside[:, -1] += array[:, -1]
    return inside


@attrs.frozen
class _Outside:
    """Content of one template outside the bins."""

    under: float
    over: float
    inside: float

    @property
    def share(self) -> float:
        """Part of the yield, of absolute values: contents of opposite sign would cancel."""
        outside = abs(self.under) + abs(self.over)
        return outside / (outside + abs(self.inside))

    def __str__(self) -> str:
        return f"{self.under:.4g} in underflow and {self.over:.4g} in overflow"

    @property
    def percentage(self) -> str:
        return f"{100 * self.share:.3g} % of {self.under + self.over + self.inside:.6g}"


def _findings(
    templates: Templates, variations: Mapping[str, Sequence[str]], axis: Axis, flow: Flow
) -> Iterator[Finding]:
    has_flow: BoolArray = (templates.values[:, [0, -1]] != 0).any(axis=1)
    if not has_flow.any():
        return
    start = 0
    for column, labels in variations.items():
        # What a variation alone loses if content is dropped is a part of its effect.
        looked_at = len(labels) if flow != "drop" else 1
        for position in np.flatnonzero(has_flow[start : start + looked_at])[:1].tolist():
            values = templates.values[start + position]
            outside = _Outside(float(values[0]), float(values[-1]), float(values[1:-1].sum()))
            yield _finding(outside, axis, flow, column, labels[position] if position else "")
        start += len(labels)


def _finding(outside: _Outside, axis: Axis, flow: Flow, column: str, variation: str) -> Finding:
    place = {"column": column, "systematic": variation}
    if flow == "fold" and axis.categories is not None:
        message = (
            f"{outside} cannot be folded: bins with labels ({listing(axis.categories)}) have no outer bins, and flow "
            "is content of other labels; add these labels to the axis, or pass flow='drop'"
        )
        return error("flow-lost", message, **place)
    if flow == "fold":
        message = f"{outside} are added to the first and the last bin: {outside.percentage}"
        return notice("flow-folded", message, **place)
    if flow == "error":
        message = f"{outside}, {outside.percentage}, are outside the bins, which flow='error' refuses: {_WAYS_OUT}"
        return error("flow-lost", message, **place)
    make = warning if outside.share > LOST_FLOW_WARNING else notice
    return make("flow-lost", f"{outside} are not in the card: {outside.percentage}; {_WAYS_OUT}", **place)
