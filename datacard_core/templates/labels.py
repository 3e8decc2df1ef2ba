"""Bins with labels, which are matched by label and not by position, as `hist` adds histograms with growing axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.errors import InputError
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.inputs.output import HistogramSet
    from datacard_core.model.arrays import Axis, ComplexArray
    from datacard_core.templates.rows import Layout


@attrs.frozen(order=True)
class Labels:
    """Labels of the bins of one histogram."""

    names: tuple[str, ...]
    has_overflow: bool
    """True for an axis that does not grow: content of further labels is in its overflow."""

    def problem(self, order: tuple[str, ...]) -> str:
        """Return a problem if an axis that does not grow has other labels than the channel, otherwise an empty text."""
        if not self.has_overflow or self.names == order:
            return ""
        return (
            f"the bins are labelled {listing(self.names)}, those of the channel {listing(order)}: the histograms of "
            "one channel must have the same labels, unless their axes grow; a missing label may be in the overflow here"
        )


def joined(labels: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all labels in the order in which they first occur."""
    return tuple(dict.fromkeys(name for names in labels for name in names))


def with_labels(axis: Axis, names: tuple[str, ...]) -> Axis:
    """Return an axis with other labels."""
    return attrs.evolve(axis, edges=np.arange(len(names) + 1, dtype=float), categories=names)


def common_axis(histograms: HistogramSet, layout: Layout) -> Axis | None:
    """Return an axis with the labels of all histograms of a layout, None if the bins have edges."""
    axis: Axis | None = None
    names: list[tuple[str, ...]] = []
    for request in layout.requests:
        for sample, year in request.samples:
            for dataset in histograms.datasets(sample, year):
                try:
                    histogram = histograms.histogram(sample, dataset)
                except InputError:
                    continue  # It is told when the histogram is summed.
                if histogram is None:
                    continue
                if histogram.axis.categories is None:
                    return None if axis is None else with_labels(axis, joined(names))
                axis = axis or histogram.axis
                names.append(histogram.axis.categories)
    return None if axis is None else with_labels(axis, joined(names))


def spread(
    contents: ComplexArray, here: tuple[str, ...], there: tuple[str, ...], flow: tuple[int, int]
) -> ComplexArray:
    """Return contents with their bins at the places of their labels among others, and zeros for missing labels.

    Args:
        contents: bins with flow on the first axis.
        here: the labels of the contents.
        there: the labels of the result, which are those and further ones.
        flow: the numbers of underflow and overflow bins, each 0 or 1.
    """
    under, over = flow
    places = {name: place + under for place, name in enumerate(there)}
    whole: ComplexArray = np.zeros((len(there) + under + over, *contents.shape[1:]), dtype=contents.dtype)
    whole[[places[name] for name in here]] = contents[under : under + len(here)]
    if under:
        whole[0] = contents[0]
    if over:
        whole[-1] = contents[-1]
    return whole
