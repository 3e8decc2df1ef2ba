"""What is done to templates before they are written; each treatment leaves a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, notice, warning
from datacard_core.model.channel import Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.model.channel import BoolArray, Column, FloatArray, Shape
    from datacard_core.templates.template_set import TemplateSet

LOST_FLOW_WARNING = 0.01
"""The fraction of a column's yield outside the axis above which a notice becomes a warning."""


def clipped(templates: Templates) -> Templates:
    """Templates with bins below 0 set to 0, their variance too: Combine cannot handle negative contents."""
    if not _any_negative(templates):
        return templates
    negative = templates.values < 0
    return Templates(np.where(negative, 0.0, templates.values), np.where(negative, 0.0, templates.variances))


def clip_findings(columns: Sequence[Column], before: Templates, variation: str = "") -> Iterator[Finding]:
    """What clipping changes in each column: a warning for the nominal, a notice for a variation of it."""
    if not _any_negative(before):
        return
    after = clipped(before).norms
    for row in np.flatnonzero((before.values < 0).any(axis=1)).tolist():
        bins = np.flatnonzero(before.values[row] < 0) + 1
        old, new = before.norms[row], after[row]
        change = f" ({100 * (new - old) / abs(old):+.3g} %)" if old else ""
        make = notice if variation else warning
        yield make(
            "clipped",
            f"content below 0 (lowest {before.values[row].min():.4g}) is set to 0 in "
            f"bin{'s' * (len(bins) > 1)} {listing(bins)}: yield {old:.6g} -> {new:.6g}{change}; "
            "wider bins or more events would avoid it",
            column=columns[row].name,
            systematic=variation,
        )


def _any_negative(templates: Templates) -> bool:
    return templates.values.size > 0 and bool(templates.values.min() < 0)


def flow_findings(templates: TemplateSet) -> Iterator[Finding]:
    """What each nominal loses outside the axis: Combine takes no flow bins."""
    for request, row in zip(templates.layout.requests, templates.layout.starts.tolist(), strict=True):
        under, over = templates.values[row, 0], templates.values[row, -1]
        if not under and not over:
            continue
        inside = templates.values[row, 1:-1].sum()
        lost = (abs(under) + abs(over)) / (abs(under) + abs(over) + abs(inside))
        make = warning if lost > LOST_FLOW_WARNING else notice
        yield make(
            "flow-lost",
            f"{under:.4g} in underflow and {over:.4g} in overflow are not in the card: {100 * lost:.3g} % "
            f"of {under + over + inside:.6g}; widen bins_edges or the axis to keep them",
            column=request.column,
        )


def usable_columns(shape: Shape, rates: FloatArray) -> BoolArray:
    """On which of its columns Combine accepts a shape effect, shape (n,).

    Combine stops at a varied template without positive integral ("Bogus norm"), and leaves out a column whose rate
    is 0.
    """
    usable: BoolArray = (shape.up.norms > 0) & (shape.down.norms > 0) & (rates[shape.columns] > 0)
    return usable
