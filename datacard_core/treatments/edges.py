"""Edges that a rule has chosen, and infinite ones, which no template in a ROOT file can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, error, notice
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.arrays import Axis
    from datacard_core.treatments.quantiles import ChosenBins


def choice_finding(bins: ChosenBins, axis: Axis) -> Finding:
    """Return the finding on edges that a rule has chosen.

    Args:
        bins: the bins that it has chosen.
        axis: the axis of the histograms.
    """
    # With the digits that a script needs to declare the same edges.
    edges = listing((f"{edge:.15g}" for edge in bins.edges), 60)
    least = f"a background of at least {min(bins.background):.4g} in each"
    message = f"{bins.rule} makes {len(bins.signal)} bins of the {axis.bins} of {axis.name!r}, with {least}: {edges}"
    return notice("chosen-edges", message)


def edge_findings(native: Axis, axis: Axis) -> Iterator[Finding]:
    """Yield a finding for each infinite edge: an error if a card would have it, a notice if a finite one replaces it.

    Args:
        native: the axis of the histograms.
        axis: the axis of the card, after `bins_edges`.
    """
    if axis.slices:
        return  # The bins of several variables are counted.
    # Written for the last edge; the first one is the last of the mirrored axis.
    for which, sign, old, new in (
        ("first", -1, native.edges[::-1], axis.edges[::-1]),
        ("last", 1, native.edges, axis.edges),
    ):
        if not np.isinf(old[-1]):
            continue
        if np.isinf(new[-1]):
            width = abs(old[-2] - old[-3]) if len(old) > 2 and np.isfinite(old[-3]) else 100.0  # noqa: PLR2004
            yield error(
                "infinite-edge",
                f"the {which} edge of axis {axis.name!r} is {new[-1]}, which a histogram of ROOT cannot have: in "
                f"bins_edges, write a finite number in its place, such as {old[-2] + sign * width:g}",
            )
        # An edge that is further out than the finite ones of the axis stands for the infinite one.
        elif sign * new[-1] > sign * old[-2]:
            yield notice(
                "infinite-edge",
                f"the {which} bin reaches to {old[-1]} in the histograms, and to {new[-1]:g} of bins_edges here",
            )
