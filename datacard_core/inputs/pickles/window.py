"""The bytes of a pickle, in windows: the next ones are held, so that short instructions need no call to read."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from datacard_core.inputs.pickles.limits import Budget

_LARGE = 1 << 16
_PIECE = 1 << 20
_LONGEST_LINE = 4096


class Window:
    """The bytes of a stream; those behind `place` in `held` are the next ones."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._buffer = io.BufferedReader(_Counted(stream, budget), _LARGE)
        self.held = b""
        self.place = 0
        self.is_cut = False
        """True if more was asked for than the stream has."""

    def move(self) -> bool:
        """Hold more bytes, and return False if the stream has no more."""
        more = self._buffer.read(_LARGE)
        self.held, self.place = self.held[self.place :] + more, 0
        return bool(more)

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
        while size > len(content):
            piece = self._buffer.read(min(size - len(content), _PIECE))
            if not piece:
                self.is_cut = True
                break
            content += piece
        return content

    def line(self) -> bytes:
        """Read a line, such as the name of a module in an old protocol."""
        if self.held.find(b"\n", self.place) < 0:
            self.is_cut = not self.move()
        end = self.held.find(b"\n", self.place, self.place + _LONGEST_LINE)
        if end < 0:
            raise pickle.UnpicklingError("a line has no end")
        line, self.place = self.held[self.place : end], end + 1
        return line


class _Counted(io.RawIOBase):
    """A stream that counts how many bytes were read of it."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._budget.read += count
        return int(count)
