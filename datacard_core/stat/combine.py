"""The names of `pocket_coffea.utils.stat.combine`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.combination import combine_datacards
from datacard_core.datacard import Datacard
from datacard_core.grammar import number as format_rate

if TYPE_CHECKING:
    import hist

    from datacard_core.model.arrays import FloatArray

__all__ = ["Datacard", "combine_datacards", "format_rate"]


# Cards do not need the following two. PocketCoffea's tests import them, and so may a script.
def _clip_negative(values: FloatArray) -> FloatArray:
    return np.maximum(values, 0.0)


def _clip_negative_bins(histogram: hist.Hist[Any], shape_name: str) -> hist.Hist[Any]:
    below = histogram.values() < 0
    if below.any():
        message = f"{shape_name!r}: negative content of {below.sum()} bins is set to 0"
        warnings.warn(message, stacklevel=2)
        histogram = histogram.copy()
        content: Any = histogram.view()
        content["value"][below] = content["variance"][below] = 0
    return histogram
