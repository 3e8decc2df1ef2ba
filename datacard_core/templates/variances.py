"""Variances of histograms whose storage keeps none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.grammar import AUTO_MC_STATS
from datacard_core.inputs.histograms import HOW_TO_FILL

if TYPE_CHECKING:
    from datacard_core.model.arrays import FloatArray
    from datacard_core.templates.rows import Request


def are_counts(values: FloatArray) -> bool:
    """Return True if all finite contents are whole numbers, none below 0: the variance of a count is the count."""
    finite = values[np.isfinite(values)]
    return not (finite % 1).any() and not (finite < 0).any()


def variance_problem(request: Request) -> str:
    """Return the problem of weighted contents without variances in a column, empty if nothing needs the variances."""
    if request.is_data:
        return f"its contents are not counts, and its storage keeps no variances: {HOW_TO_FILL}"
    if not request.variances_for:
        return ""
    way_out = "; or pass mcstat=False" if request.variances_for == AUTO_MC_STATS else ""
    return f"its storage keeps no variances, which {request.variances_for} needs: {HOW_TO_FILL}{way_out}"
