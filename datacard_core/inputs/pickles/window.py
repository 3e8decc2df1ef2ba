"""The bytes of a pickle, in windows: the next ones are held, so that short instructions need no call to read."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datacard_core.inputs.pickles.limits import Budget

_PIECE = 1 << 16
_LONGEST_LINE = 4096


class Stream(Protocol):
    """A stream that gives its content in pieces, such as `datacard_core.inputs.compression.Pieces` and `io.BytesIO`."""

    def read1(self, size: int, /) -> bytes:
        """Return the next bytes, not more than a size, and none only at the end."""


class Window:
    """The bytes of a stream; those behind `place` in `held` are the next ones."""

    def __init__(self, stream: Stream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self.held = b""
        self.place = 0
        self._read = 0
        self.is_cut = False
        """True if more was asked for than the stream has."""

    def move(self) -> bool:
        """Hold more bytes, and return False if the stream has no more."""
        more = self._more()
        self.held, self.place = self.held[self.place :] + more, 0
        return bool(more)

    def _more(self) -> bytes:
        more = self._stream.read1(_PIECE)
        self._read += len(more)
        self._budget.read += len(more)
        return more

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end of the stream."""
        end = self.place + size
        if end > len(self.held):
            return bytes(self.payload(size))
        found = self.held[self.place : end]
        self.place = end
        return found

    def number(self, size: int) -> int:
        """Read an unsigned number of some bytes."""
        return int.from_bytes(self.read(size), "little")

    def payload(self, size: int) -> bytes | bytearray:
        """Read the content of a text or an array, in pieces, since its size may be forged."""
        end = self.place + size
        if end <= len(self.held):
            return self.read(size)
        content = bytearray(self.held[self.place :])
        self.held, self.place = b"", 0
        while (left := size - len(content)) > 0:
            piece = self._more()
            if not piece:
                self.is_cut = True
                break
            content += memoryview(piece)[:left]
            self.held, self.place = piece, min(left, len(piece))
        return content

    def skip(self, size: int) -> int:
        """Go over a content without keeping it, and return its place: the number of bytes of the stream before it."""
        start = self._read - len(self.held) + self.place
        left = size - (len(self.held) - self.place)
        while left > 0 and (piece := self._more()):
            self.held = piece
            left -= len(piece)
        self.is_cut |= left > 0
        self.place = len(self.held) + min(left, 0)
        return start

    def line(self) -> bytes:
        """Read a line, such as the name of a module in an old protocol."""
        while (end := self.held.find(b"\n", self.place, self.place + _LONGEST_LINE)) < 0:
            if len(self.held) - self.place >= _LONGEST_LINE:
                break
            if not self.move():
                self.is_cut = True
                break
        if end < 0:
            raise pickle.UnpicklingError("a line has no end")
        line, self.place = self.held[self.place : end], end + 1
        return line
