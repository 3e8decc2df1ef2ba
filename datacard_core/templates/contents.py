"""Contents of histograms: values and variances beyond any yield, and variances that a storage does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.grammar import AUTO_MC_STATS
from datacard_core.inputs.histograms import HOW_TO_FILL
from datacard_core.model.arrays import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.model.arrays import ComplexArray, FloatArray
    from datacard_core.templates.rows import Request


def content_problems(
    histogram: HistogramArray, contents: ComplexArray, labels: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield a problem for each category with a content beyond any yield or not finite, or with a variance below 0.

    Args:
        histogram: the histogram that the contents are from.
        contents: values and variances, shape (bins, labels, categories). Where the storage keeps no variances, the
            values stand in their place.
        labels: names of the variations.

    Yields:
        Position of the category, and the problem of its first bad bin.
    """
    values, variances = contents.real, contents.imag
    least = 0.0 if histogram.has_variances else -LARGEST
    # Of NaN, every comparison is false.
    with np.errstate(invalid="ignore"):
        if (
            values.min(initial=0) >= -LARGEST
            and values.max(initial=0) <= LARGEST
            and variances.min(initial=0) >= least
            and variances.max(initial=0) <= LARGEST**2
        ):
            return
    ranges = (("content", values, -LARGEST, LARGEST), ("variance", variances, least, LARGEST**2))
    for index in range(contents.shape[2]):
        for what, of_all, low, high in ranges:
            array = of_all[:, :, index]
            bad = ~((array >= low) & (array <= high))
            if bad.any():
                cell, label = (int(places[0]) for places in np.nonzero(bad))
                found = (
                    f"variation {labels[label]!r} has a {what} of {array[cell, label]} in {histogram.bin_name(cell)} "
                    f"({int(bad.sum())} such in all): look for a bad weight in this dataset"
                )
                yield index, found
                # One problem per category: a bad weight spoils the content and the variance alike.
                break


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
