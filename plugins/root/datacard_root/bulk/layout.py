"""Positions of the members in the record of a TH1.

A record is parsed once for all records that agree with it in each byte that the parse relied on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_root.file.buffers import BYTE_COUNT
from datacard_root.file.directories import OddError

if TYPE_CHECKING:
    import numpy.typing as npt

    from datacard_root.file.buffers import FloatArray

CONTENTS = {b"TH1D": ">f8", b"TH1F": ">f4", b"TH1I": ">i4", b"TH1S": ">i2", b"TH1C": ">i1"}
"""Type of the contents of each class that is read."""
NEWEST, NEWEST_TH1, NEWEST_AXIS = 3, 8, 10
"""Versions of TH1D and its like, of TH1 and of TAxis whose members uproot knows; older ones it asks the file for."""
KNOWN_TH1 = (5, 6, 7, NEWEST_TH1)
KNOWN_AXIS = (9, NEWEST_AXIS)
NEWEST_MARKER = 3
"""Version of TAttMarker that ROOT 6.40 writes, with the members of version 2: uproot asks the file for it too."""
ATTRIBUTES = {
    "TAttLine": ((1, 2), 6),
    "TAttFill": ((1, 2), 4),
    "TAttMarker": ((2, NEWEST_MARKER), 8),
    "TAttAxis": ((4,), 34),
}
"""Versions and length in bytes of each base class that describes the drawing."""
STATISTICS = 2 * 2 + 8 * 8
"""Length in bytes of the members of TH1 from fBarOffset to fNormFactor."""
REFERENCED = 1 << 4
"""Flag in fBits of an object that has two more bytes, as a TRef points to it: ROOT's kIsReferenced."""
DOUBLE = 8
LIST_VERSION = 5


@attrs.frozen(eq=False, kw_only=True)
class Layout:
    """Positions of the members in a record, counted from the end of the title."""

    relied: npt.NDArray[np.uint8]
    """A mask of the bytes that the parse relied on: records with equal ones have the same layout and edges."""
    th1_end: int
    """Position behind the last member of TH1."""
    contents: slice
    sumw2: slice | None
    edges: FloatArray
    is_newest: bool
    """True if uproot knows the members without the descriptions of classes in the file."""

    @classmethod
    def of(cls, tail: bytes, class_name: bytes, versions: tuple[int, int]) -> Layout:
        """Return the layout of a record.

        Args:
            tail: the record from the end of the title.
            class_name: its class.
            versions: of its class and of TH1.

        Raises:
            OddError: a version is unknown, lengths disagree, or there are members that hardly any histogram has:
                changed labels, functions, a buffer.
        """
        if not 1 <= versions[0] <= NEWEST or versions[1] not in KNOWN_TH1:
            raise OddError
        walk = _Walk(tail)
        *_, marker = [walk.attributes(name) for name in ("TAttLine", "TAttFill", "TAttMarker")]
        cells = walk.integer()
        (axis_version, edges), *_ = [walk.axis() for _ in "xyz"]
        walk.free(STATISTICS)
        walk.array(DOUBLE)  # fContour
        sumw2 = walk.array(DOUBLE)
        walk.string()  # fOption
        walk.empty_list()  # fFunctions
        if walk.integer():  # fBufferSize
            raise OddError
        walk.skip(1)  # the flag of fBuffer
        # fBinStatErrOpt came with version 7, and fStatOverflows with version 8.
        walk.free(4 * max(0, versions[1] - 6))
        th1_end = walk.at
        width = np.dtype(CONTENTS[class_name]).itemsize
        contents = walk.array(width)
        lengths = {cells * width, (len(edges) + 1) * width, contents.stop - contents.start}
        if walk.at != len(tail) or len(lengths) > 1 or sumw2.stop - sumw2.start not in (0, cells * DOUBLE):
            raise OddError
        return cls(
            relied=walk.relied,
            th1_end=th1_end,
            contents=contents,
            sumw2=sumw2 if sumw2.stop > sumw2.start else None,
            edges=edges,
            is_newest=versions == (NEWEST, NEWEST_TH1) and axis_version == NEWEST_AXIS and marker < NEWEST_MARKER,
        )


class _Walk:
    """A position in a record, and which bytes before it the parse relied on."""

    def __init__(self, record: bytes) -> None:
        self.at = 0
        self.relied = np.full(len(record), 0xFF, np.uint8)
        self._record = record

    def skip(self, size: int) -> int:
        """Move on, and return the position before."""
        start, self.at = self.at, self.at + size
        if not start <= self.at <= len(self._record):
            raise OddError
        return start

    def free(self, size: int) -> int:
        """Move over bytes that the parse does not rely on."""
        start = self.skip(size)
        self.relied[start : self.at] = 0
        return start

    def integer(self, size: int = 4) -> int:
        start = self.skip(size)
        return int.from_bytes(self._record[start : self.at], "big", signed=True)

    def version(self) -> tuple[int, int]:
        """Return the version of a class, and the position of its end."""
        count = self.integer() - BYTE_COUNT
        end = self.at + count
        return self.integer(2), end

    def ends(self, end: int) -> None:
        if self.at != end:
            raise OddError

    def attributes(self, class_name: str) -> int:
        """Move over a base class that describes the drawing, and return its version."""
        version, end = self.version()
        versions, size = ATTRIBUTES[class_name]
        if version not in versions:
            raise OddError
        self.free(size)
        self.ends(end)
        return version

    def object(self) -> None:
        """Move over a TObject."""
        version, _, bits = self.integer(2), self.integer(), self.integer()
        if version != 1 or bits & REFERENCED:
            raise OddError

    def string(self) -> None:
        length = self.integer(1)
        # A negative number is the marker of a long string.
        self.free(length)

    def array(self, width: int) -> slice:
        """Move over a TArray, and return the place of its contents."""
        count = self.integer()
        return slice(self.free(count * width), self.at)

    def axis(self) -> tuple[int, FloatArray]:
        """Return the version and the edges of an axis."""
        version, end = self.version()
        if version not in KNOWN_AXIS:
            raise OddError
        named, named_end = self.version()
        if named != 1:
            raise OddError
        self.object()
        self.string()
        self.string()
        self.ends(named_end)
        self.attributes("TAttAxis")
        bins = self.integer()
        low, high = self._doubles(2)
        edges = self._doubles(self.integer())
        self.free(2 * 4 + 2 + 1)  # fFirst, fLast, fBits2, fTimeDisplay
        self.string()  # fTimeFormat
        self.labels()  # fLabels
        # fModLabs came with version 10.
        if (version == NEWEST_AXIS and self.integer()) or bins < 1:
            raise OddError
        self.ends(end)
        if not len(edges):
            edges = np.linspace(low, high, bins + 1)
        if len(edges) != bins + 1:
            raise OddError
        return version, edges

    def labels(self) -> None:
        """Move over the labels of bins, which no template has, or over none."""
        count = self.integer()
        # Without a byte count it is a reference to another object.
        if count and not BYTE_COUNT < count < 2 * BYTE_COUNT:
            raise OddError
        self.free(count - BYTE_COUNT if count else 0)

    def empty_list(self) -> None:
        """Move over a TList without content."""
        version, end = self.version()
        self.object()
        if version != LIST_VERSION or self.integer(1) or self.integer():
            raise OddError
        self.ends(end)

    def _doubles(self, count: int) -> FloatArray:
        start = self.skip(count * DOUBLE)
        return np.frombuffer(self._record[start : self.at], ">f8").astype(np.float64)
