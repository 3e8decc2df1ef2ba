"""A TH1D as uproot makes it, to be the pattern of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from uproot.writing import identify

from datacard_root.buffers import pointed, tlist, tobjstring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import Axis

STATISTICS = ("fEntries", "fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2")
"""TH1's numbers beside the contents."""
ARRAYS = ("fArray", "fSumw2")
"""Contents and sums of squares of weights, with flow bins."""
ALPHANUMERIC = 3
"""TAxis's fBits2 after SetBinLabel for every bin."""


def histogram(axis: Axis, filling: Mapping[str, float]) -> Any:
    """A TH1D without name or title; `filling` has a number for each of STATISTICS and ARRAYS."""
    contents, sumw2 = (np.full(axis.bins + 2, filling[name]) for name in ARRAYS)
    statistics = {name: filling[name] for name in STATISTICS}
    return identify.to_TH1x("", "", contents, fSumw2=sumw2, fXaxis=taxis(axis), **statistics)


def taxis(axis: Axis) -> Any:
    """The x axis, with edges where they are not equally wide, and labels where it has categories."""
    return identify.to_TAxis(
        fName="xaxis",
        fTitle=axis.label or axis.name,
        fNbins=axis.bins,
        fXmin=float(axis.edges[0]),
        fXmax=float(axis.edges[-1]),
        fXbins=None if axis.uniform else axis.edges.astype(np.float64),
        fBits2=0 if axis.categories is None else ALPHANUMERIC,
        fLabels=None if axis.categories is None else Labels(axis.categories),
    )


class Labels:
    """A THashList of TObjString that uproot serialises as a member: uproot 4 cannot write one of its own."""

    classname = "THashList"

    def __init__(self, labels: Iterable[str]) -> None:
        # TAxis finds the label of a bin by its fUniqueID.
        strings = (tobjstring(label, bin_) for bin_, label in enumerate(labels, start=1))
        self._content = tlist(pointed(b"TObjString", string) for string in strings)

    def _serialize(self, out: list[bytes], *_: object) -> None:
        out.append(self._content)
