"""Records of TH1D objects with a common axis.

TH1D::Streamer writes a front of fixed length, the name, and a tail of fixed length. Fronts differ in byte counts, which
depend on the length of the name. Tails differ in contents and statistics.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import Axis
from datacard_root.file.buffers import COUNTS, FRONT, copies, rows, tstring
from datacard_root.histograms.histogram import ARRAYS, STATISTICS, histogram

if TYPE_CHECKING:
    from datacard_root.file.buffers import FloatArray


@attrs.frozen(eq=False)
class Pattern:
    """One record with an empty name, and the positions of the fields that differ between records."""

    front: bytes
    tail: bytes
    fields: np.dtype[np.void]
    """Positions of ARRAYS and STATISTICS in the tail."""
    centres: FloatArray
    """Centres of the bins, shape (bins,)."""

    @classmethod
    def of(cls, axis: Axis) -> Pattern:
        """Return the pattern of an axis.

        uproot serialises a histogram filled with marks, numbers that occur nowhere else in the record. A search for the
        marks finds the fields, so this code does not depend on the members of TH1 and TAxis or on their order.
        """
        # Channels share their axis, and uproot takes longer for it than all else in a small file.
        return _pattern(axis.label or axis.name, axis.edges.tobytes(), axis.uniform, axis.categories)

    @property
    def size(self) -> int:
        """Length of a record in bytes, without its name."""
        return len(self.front) + len(self.tail)

    def fill(self, names: list[bytes], values: FloatArray, variances: FloatArray) -> list[bytes]:
        """Return the records of some templates; names are TStrings, arrays have shape (templates, bins)."""
        fronts, tails = self._fronts(names), self._tails(values, variances)
        return [b"".join(parts) for parts in zip(fronts, names, tails, strict=True)]

    def _fronts(self, names: list[bytes]) -> list[bytes]:
        fronts = copies(self.front, FRONT, len(names))
        # Byte counts have the flag kByteCountMask in their highest bits, which the addition leaves in place.
        longer = np.array([len(name) - len(tstring(b"")) for name in names], np.uint32)
        for count in COUNTS:
            fronts[count] += longer
        return rows(fronts)

    def _tails(self, values: FloatArray, variances: FloatArray) -> list[bytes]:
        tails = copies(self.tail, self.fields, len(values))
        for name, contents in zip(ARRAYS, (values, variances), strict=True):
            tails[name][:, 1:-1] = contents
            # Flow bins stay empty: Combine ignores them, and a finding of the core reports what they contained.
            tails[name][:, [0, -1]] = 0
        for name, statistic in zip(STATISTICS, statistics(values, variances, self.centres), strict=True):
            tails[name][:, 0] = statistic
        return rows(tails)


@lru_cache(maxsize=8)
def _pattern(title: str, edges: bytes, uniform: bool, categories: tuple[str, ...] | None) -> Pattern:
    axis = Axis(np.frombuffer(edges), label=title, uniform=uniform, categories=categories)
    marks = {name: _mark(number) for number, name in enumerate((*ARRAYS, *STATISTICS))}
    record = histogram(axis, marks).serialize(name="")
    tail = record[FRONT.itemsize + len(tstring(b"")) :]
    lengths = {name: axis.bins + 2 if name in ARRAYS else 1 for name in marks}
    fields = np.dtype(
        {
            "names": list(marks),
            "formats": [(">f8", (lengths[name],)) for name in marks],
            "offsets": [tail.index(struct.pack(">d", mark) * lengths[name]) for name, mark in marks.items()],
            "itemsize": len(tail),
        }
    )
    centres = (axis.edges[:-1] + axis.edges[1:]) / 2
    return Pattern(record[: FRONT.itemsize], tail, fields, centres)


def statistics(values: FloatArray, variances: FloatArray, centres: FloatArray) -> tuple[FloatArray, ...]:
    """Return STATISTICS, each of shape (templates,), as TH1::ResetStats computes them from contents and errors.

    fEntries is the effective number of entries, (Σw)²/Σw², which shows the statistical precision of a template. Without
    variances it is the absolute sum of weights. Positions are the centres of the bins, even if bins have labels.
    """
    # The order of a sum, and with it the last digit, depends on the layout of its array in memory.
    values, variances = np.ascontiguousarray(values), np.ascontiguousarray(variances)
    sumw, sumw2 = values.sum(axis=1), variances.sum(axis=1)
    # The square of a large sum may overflow to infinity, as it does in ROOT.
    with np.errstate(over="ignore"):
        entries = np.divide(sumw**2, sumw2, out=np.abs(sumw), where=sumw2 > 0)
    return entries, sumw, sumw2, (values * centres).sum(axis=1), (values * centres**2).sum(axis=1)


def _mark(number: int) -> float:
    """Return a NaN with a payload for this number: no finite number and no UTF-8 text contains its bytes."""
    mark: float = struct.unpack(">d", struct.pack(">Q", 0x7FF8_F5F5_F5F5_0000 + number))[0]
    return mark
