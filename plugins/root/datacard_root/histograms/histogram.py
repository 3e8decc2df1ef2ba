"""A single TH1D made by uproot, which serves as the pattern of all templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from uproot.writing import identify

from datacard_root.file.buffers import pointed, tlist, tobjstring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import Axis

STATISTICS = ("fEntries", "fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2")
"""Members of TH1 that summarise its contents."""
ARRAYS = ("fArray", "fSumw2")
"""Members of TH1D for contents and sums of squared weights, flow bins included."""
ALPHANUMERIC = 3
"""Value of TAxis's fBits2 after SetBinLabel for every bin."""


def histogram(axis: Axis, filling: Mapping[str, float]) -> Any:
    """Return a TH1D without name and title, filled with one number for each of STATISTICS and ARRAYS."""
    contents, sumw2 = (np.full(axis.bins + 2, filling[name]) for name in ARRAYS)
    statistics = {name: filling[name] for name in STATISTICS}
    return identify.to_TH1x("", "", contents, fSumw2=sumw2, fXaxis=taxis(axis), **statistics)


def taxis(axis: Axis) -> Any:
    """Return the x axis, with edges if the bins differ in width, and with labels if it has categories."""
    # Without fXbins ROOT computes edges from the range and finds the bin of a value without a search.
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
    """List of bin labels, a THashList of TObjString, that uproot serialises as a member.

    uproot 4 cannot write a THashList itself.
    """

    classname = "THashList"

    def __init__(self, labels: Iterable[str]) -> None:
        # TAxis finds the label of a bin by fUniqueID, which counts bins from 1.
        strings = (tobjstring(label, bin_) for bin_, label in enumerate(labels, start=1))
        self._content = tlist(pointed(b"TObjString", string) for string in strings)

    # uproot calls this method on members of its models; the name and the arguments are its convention.
    def _serialize(self, out: list[bytes], *_: object) -> None:
        out.append(self._content)
