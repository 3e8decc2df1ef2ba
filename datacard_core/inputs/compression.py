"""The forms of `.coffea` files: one pickle, compressed or not, by the first bytes of the file."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import lz4.frame

from datacard_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = 64
"""Number of bytes to look at: enough for the first words of a text file."""

# Pieces of this size are freed and allocated again in the same memory; larger ones are fresh memory each time.
_PIECE = 1 << 16
_CHUNK = 1 << 17
_ZSTD_CHUNK = 1 << 12
"""Compressed bytes that are decompressed at once: a block of zstd holds up to 128 kB in four bytes."""


def opened(file: Path) -> Pieces:
    """Open a file of a known form to read its pickle.

    Raises:
        InputError: the file has another form, or the package that reads its compression is missing.
        OSError: the file cannot be read.
    """
    source = file.open("rb", buffering=0)
    try:
        return decompressed(source)
    except BaseException:
        source.close()
        raise


def decompressed(source: BinaryIO | io.RawIOBase) -> Pieces:
    """Return the content of a file that is open at its beginning, by the form that its first bytes tell.

    Args:
        source: the file, which can go back to its beginning, and is closed with the result.

    Raises:
        InputError: the file has another form, or the package that reads its compression is missing.
        OSError: the file cannot be read.
    """
    head = source.read(HEAD) or b""
    source.seek(0)
    for magic, pieces in _FORMS.items():
        if head.startswith(magic):
            return Pieces(source, pieces(source))
    raise InputError(
        f"is {_look(head)}, expected a pickle as coffea.util.save writes it, compressed with lz4, gzip, zstd, bz2, xz "
        "or not at all: give the .coffea file that PocketCoffea wrote"
    )


class Pieces(io.RawIOBase):
    """The decompressed content of a file as a stream, which is fastest by `read1`: in the pieces it is made in."""

    def __init__(self, source: BinaryIO | io.RawIOBase, pieces: Iterator[bytes]) -> None:
        self._source = source
        self._pieces = pieces
        self._piece = b""
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read1(self, size: int = _PIECE) -> bytes:
        """Return the next bytes, not more than a size, and none only at the end."""
        if not self._has_more():
            return b""
        # A slice of all of it is no copy.
        taken = self._piece[self._place : self._place + size]
        self._place += len(taken)
        return taken

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer, and return their number."""
        if not self._has_more():
            return 0
        target = memoryview(buffer)
        place, count = self._place, min(len(target), len(self._piece) - self._place)
        target[:count] = memoryview(self._piece)[place : place + count]
        self._place += count
        return count

    def fill(self, target: memoryview) -> int:
        """Read the next bytes into a whole buffer, and return their number, which is smaller at the end."""
        filled = 0
        while filled < len(target) and (count := self.readinto(target[filled:])):
            filled += count
        return filled

    def skip(self, size: int) -> int:
        """Go over the next bytes without copying them, and return their number, which is smaller at the end."""
        left = size
        while left and self._has_more():
            step = min(left, len(self._piece) - self._place)
            self._place += step
            left -= step
        return size - left

    def _has_more(self) -> bool:
        while self._place == len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece, self._place = piece, 0
        return True

    def close(self) -> None:
        """Close the file."""
        self._source.close()
        super().close()


def _look(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, name in _OTHER_FORMATS.items():
        if head.startswith(magic):
            return name
    text = head.decode("utf-8", "ignore")
    return "text, such as JSON or YAML" if text.replace("\n", "").isprintable() else "of an unknown format"


def _lz4(source: Any) -> Iterator[bytes]:
    frame = lz4.frame.LZ4FrameDecompressor()
    while True:
        given = b""
        if frame.eof:
            given = frame.unused_data or source.read(_CHUNK)
            if not given:
                return
            frame = lz4.frame.LZ4FrameDecompressor()
        elif frame.needs_input:
            given = _more(source, _CHUNK)
        yield frame.decompress(given, max_length=_PIECE)


def _zstd(source: Any) -> Iterator[bytes]:
    try:
        # Part of Python from version 3.14 on.
        return _by_library(importlib.import_module("compression.zstd").open)(source)
    except ModuleNotFoundError:
        pass
    try:
        return _zstd_frame(source, importlib.import_module("zstandard"))
    except ModuleNotFoundError:
        raise InputError(
            "is compressed with zstd, and the package 'zstandard' that reads it is not installed: install it, or write "
            "the file with coffea.util.save(output, file, compression='lz4')"
        ) from None


def _zstd_frame(source: Any, zstandard: Any) -> Iterator[bytes]:
    """Yield the content of one frame; unlike the reader of zstandard, it does not accept a frame without its end."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    while not frame.eof:
        yield frame.decompress(_more(source, _ZSTD_CHUNK))
    if frame.unused_data or source.read(1):
        raise ValueError("more bytes follow its frame")


def _more(source: Any, size: int) -> bytes:
    given: bytes = source.read(size)
    if not given:
        raise EOFError("the frame ends before its last block")
    return given


def _by_library(opener: Callable[[Any], Any]) -> Callable[[Any], Iterator[bytes]]:
    """Return the function that yields the content of a file which a module of Python's own opens."""
    return lambda source: iter(partial(opener(source).read1, _PIECE), b"")


def _plain(source: Any) -> Iterator[bytes]:
    return iter(partial(source.read, _PIECE), b"")


_FORMS: dict[bytes, Callable[[Any], Iterator[bytes]]] = {
    b"\x04\x22\x4d\x18": _lz4,
    b"\x1f\x8b": _by_library(gzip.open),
    b"\x28\xb5\x2f\xfd": _zstd,
    b"BZh": _by_library(bz2.open),
    b"\xfd7zXZ\x00": _by_library(lzma.open),
    b"\x80": _plain,
}
_OTHER_FORMATS = {
    b"root": "a ROOT file",
    b"PK": "a zip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a parquet file",
}
