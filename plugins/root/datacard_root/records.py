"""The records of TH1D objects that share an axis.

A record is what TH1D::Streamer writes: a front of fixed length, the name, and a tail of fixed length. Fronts differ
by byte counts, which follow from the length of the name; tails differ by contents and statistics.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_root.buffers import copies, rows, tstring
from datacard_root.histogram import ARRAYS, STATISTICS, histogram

if TYPE_CHECKING:
    from datacard_core import Axis
    from datacard_root.buffers import FloatArray

COUNTS = ("TH1D", "TH1", "TNamed")
FRONT = np.dtype(
    [
        *[field for name in COUNTS for field in ((name, ">u4"), (f"{name} version", ">u2"))],
        ("TObject", "V10"),
    ]
)
"""From the start of a TH1D to its name, which is a member of a base of a base: each opens with a byte count."""


@attrs.frozen(eq=False)
class Pattern:
    """One record with an empty name, and where in it things stand that differ between records."""

    front: bytes
    tail: bytes
    fields: np.dtype[np.void]
    """Where in the tail ARRAYS and STATISTICS are."""
    centres: FloatArray

    @classmethod
    def of(cls, axis: Axis) -> Pattern:
        """The pattern of an axis: uproot serialises a histogram of marks, which tell where the fields are."""
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
        return cls(record[: FRONT.itemsize], tail, fields, centres)

    @property
    def size(self) -> int:
        """Length of a record without its name."""
        return len(self.front) + len(self.tail)

    def fill(self, names: list[bytes], values: FloatArray, variances: FloatArray) -> list[bytes]:
        """The records of some templates, whose names are TStrings."""
        fronts, tails = self._fronts(names), self._tails(values, variances)
        return [b"".join(parts) for parts in zip(fronts, names, tails, strict=True)]

    def _fronts(self, names: list[bytes]) -> list[bytes]:
        fronts = copies(self.front, FRONT, len(names))
        longer = np.array([len(name) - len(tstring(b"")) for name in names], np.uint32)
        for count in COUNTS:
            fronts[count] += longer
        return rows(fronts)

    def _tails(self, values: FloatArray, variances: FloatArray) -> list[bytes]:
        tails = copies(self.tail, self.fields, len(values))
        for name, contents in zip(ARRAYS, (values, variances), strict=True):
            tails[name][:, 1:-1] = contents
            tails[name][:, [0, -1]] = 0
        for name, statistic in zip(STATISTICS, statistics(values, variances, self.centres), strict=True):
            tails[name][:, 0] = statistic
        return rows(tails)


def statistics(values: FloatArray, variances: FloatArray, centres: FloatArray) -> tuple[FloatArray, ...]:
    """STATISTICS, each of shape (templates,), as TH1::ResetStats makes them of contents and errors.

    So fEntries is the effective number of entries, (Σw)²/Σw², which tells how much data is behind a template as
    the sum of weights does not. Without variances it is the absolute sum of weights. Positions are centres of
    bins, also where bins have labels.
    """
    # The order of a sum depends on how its array lies in memory.
    values, variances = np.ascontiguousarray(values), np.ascontiguousarray(variances)
    sumw, sumw2 = values.sum(axis=1), variances.sum(axis=1)
    # A count beyond what a double holds is infinite, as ROOT would have it too.
    with np.errstate(over="ignore"):
        entries = np.divide(sumw**2, sumw2, out=np.abs(sumw), where=sumw2 > 0)
    return entries, sumw, sumw2, (values * centres).sum(axis=1), (values * centres**2).sum(axis=1)


def _mark(number: int) -> float:
    """A NaN of its own: neither a finite number nor UTF-8 text has these bytes."""
    mark: float = struct.unpack(">d", struct.pack(">Q", 0x7FF8_F5F5_F5F5_0000 + number))[0]
    return mark
