"""Histograms as other frameworks fill them: axes of other names, with whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


STORAGES: Mapping[str, Any] = {"weight": hist.storage.Weight(), "double": hist.storage.Double()}


def filled(
    names: Sequence[str],
    contents: Mapping[Any, Sequence[float]],
    *,
    variable: str = "mass",
    storage: str = "weight",
) -> hist.Hist[Any]:
    """A histogram with growing axes of names, and bins 0 to 1 and 1 to 2, whose entries have the weights given.

    Args:
        names: names of the axes.
        contents: a weight for each bin, by a label of each axis.
        variable: name of the axis of the bins.
        storage: a key of `STORAGES`.
    """
    axes = [hist.axis.StrCategory([], name=name, growth=True) for name in names]
    histogram: hist.Hist[Any] = hist.Hist(*axes, hist.axis.Regular(2, 0, 2, name=variable), storage=STORAGES[storage])
    for labels, weights in contents.items():
        at = [0.5 + place for place in range(len(weights))]
        entries: dict[str, Any] = {**dict(zip(names, labels, strict=True)), variable: at}
        histogram.fill(**entries, weight=list(weights))
    return histogram
