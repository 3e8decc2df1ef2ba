"""Templates of many records at once: records of one layout are one array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import Axis, StoredTemplates, Templates
from datacard_root.bulk.layout import CONTENTS, REFERENCED, Layout
from datacard_root.file.buffers import BYTE_COUNT, FRONT, LONG, pieces
from datacard_root.file.directories import OddError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from datacard_root.file.buffers import FloatArray, IntArray

MANY_LAYOUTS = 16
"""Number of layouts among records of one length after which each record is read alone: comparing takes longer then."""
WORD = 8
"""Number of bytes that are compared at once."""
NAME = FRONT.itemsize
"""Position of the name in a record."""
SMALLEST = NAME + 2
"""Length of the shortest record that has a name and a title."""


@attrs.frozen(eq=False, kw_only=True)
class Records:
    """Records of one class, one after the other."""

    of: bytes
    names: Sequence[str]
    content: bytes
    starts: IntArray
    """Positions of the records."""
    tails: IntArray
    """Positions behind the titles."""
    fronts: npt.NDArray[np.void]
    """Bytes before the names, an array of FRONT."""

    @classmethod
    def joined(cls, of: bytes, names: Sequence[str], records: Sequence[bytes]) -> Records:
        """Return records of a class, each of which has a name and a title; odd ones are left out."""
        # With some bytes more, the last record can be compared in whole words too.
        content = b"".join([*records, bytes(WORD)])
        sizes = np.array([len(record) for record in records], np.intp)
        starts = np.cumsum(sizes) - sizes
        numbers = np.frombuffer(content, np.uint8)
        name = numbers[starts + NAME].astype(np.intp)
        # The name of a damaged record may reach beyond all records.
        title = numbers[np.minimum(starts + NAME + 1 + name, len(numbers) - 1)].astype(np.intp)
        tails = NAME + 2 + name + title
        fronts = pieces(content, starts, NAME).view(FRONT)[:, 0]
        is_sound = (name != LONG) & (title != LONG) & (tails < sizes)
        is_sound &= (fronts["TH1D"] == sizes - 4 + BYTE_COUNT) & (fronts["TNamed"] == tails - 16 + BYTE_COUNT)
        is_sound &= (fronts["TNamed version"] == 1) & (fronts["TObject version"] == 1)
        is_sound &= fronts["fBits"] & REFERENCED == 0
        rows = np.flatnonzero(is_sound)
        return cls(
            of=of,
            names=[names[row] for row in rows.tolist()],
            content=content,
            starts=starts[rows],
            tails=tails[rows],
            fronts=fronts[rows],
        )

    def blocks(self, *, old_versions: bool) -> Iterator[StoredTemplates]:
        """Yield the templates of each layout, without records that are not as expected.

        Args:
            old_versions: read versions of classes too whose members uproot takes from the file.
        """
        lengths = self.fronts["TH1D"] - (BYTE_COUNT - 4) - self.tails
        # In this form, as np.unique imports the masked arrays of numpy.
        for length in sorted(set(lengths.tolist())):
            rows = np.flatnonzero(lengths == length)
            whole_words = -(-length // WORD) * WORD
            tails = pieces(self.content, self.starts[rows] + self.tails[rows], whole_words)
            yield from self._alike(rows, tails, length, old_versions=old_versions)

    def _alike(
        self, rows: IntArray, tails: npt.NDArray[np.uint8], length: int, *, old_versions: bool
    ) -> Iterator[StoredTemplates]:
        """Yield the templates of each layout among records whose bytes behind the title are equally many."""
        left = np.arange(len(rows))
        layouts = 0
        while len(left):
            first = left[0]
            layout = self._layout(rows[first], tails[first, :length])
            if layout is None or not (layout.is_newest or old_versions):
                left = left[1:]
                continue
            layouts += 1
            some = left if layouts < MANY_LAYOUTS else left[:1]
            relied = np.zeros_like(tails[first])
            relied[:length] = layout.relied
            # In place: new arrays of this size take longer than the comparison.
            differences = tails.view(np.uint64)[some]
            differences ^= tails[first].view(np.uint64)
            differences &= relied.view(np.uint64)
            same = ~differences.any(axis=1)
            fronts = self.fronts[rows[some]]
            for version in ("TH1D version", "TH1 version"):
                same &= fronts[version] == fronts[version][0]
            left = np.concatenate([some[~same], left[len(some) :]])
            # The byte count of TH1 excludes itself and the head of TH1D before it.
            same &= fronts["TH1"] == self.tails[rows[some]] + layout.th1_end - 10 + BYTE_COUNT
            if len(chosen := some[same]):
                yield self._block(layout, rows[chosen], tails, chosen)

    def _layout(self, row: np.intp, tail: npt.NDArray[np.uint8]) -> Layout | None:
        front = self.fronts[row]
        try:
            return Layout.of(tail.tobytes(), self.of, (int(front["TH1D version"]), int(front["TH1 version"])))
        except OddError:
            return None

    def _block(self, layout: Layout, rows: IntArray, tails: npt.NDArray[np.uint8], chosen: IntArray) -> StoredTemplates:
        values = _numbers(tails[chosen, layout.contents], CONTENTS[self.of])
        weights = values if layout.sumw2 is None else _numbers(tails[chosen, layout.sumw2], ">f8")
        return StoredTemplates(
            names=tuple(self.names[row] for row in rows.tolist()),
            of=self.of.decode(),
            axis=Axis(layout.edges),
            # As uproot has it: what is not positive, or no number, is no variance.
            templates=Templates(values[:, 1:-1], np.fmax(weights[:, 1:-1], 0)),
            flow=values[:, [0, -1]],
            has_variances=layout.sumw2 is not None,
        )


def _numbers(stored: npt.NDArray[np.uint8], form: str) -> FloatArray:
    return np.ascontiguousarray(stored).view(form).astype(np.float64)
