"""Rounding of an observation that is made of simulation, to whole events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, notice
from datacard_core.grammar import DATA
from datacard_core.model.arrays import Templates

if TYPE_CHECKING:
    from datacard_core.model.arrays import FloatArray


def rounded(data: Templates) -> tuple[Templates, tuple[Finding, ...]]:
    """Round each bin to a whole number of events, halves to the even one; the variance of a count is the count.

    Args:
        data: the observation, shape (1, bins).
    """
    counts: FloatArray = np.rint(data.values)
    if np.array_equal(counts, data.values):
        return data, ()
    message = f"its bins are rounded to whole events, from {data.values.sum():.6g} to {counts.sum():g} in all"
    return Templates(counts, np.abs(counts)), (notice("rounded-data", message, column=DATA),)
