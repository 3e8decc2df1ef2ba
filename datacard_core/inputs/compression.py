"""The forms of `.coffea` files: one pickle, compressed or not, by the first bytes of the file."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import lz4.frame

from datacard_core.errors import InputError
from datacard_core.inputs.paths import kind_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = 64
"""Number of bytes to look at: enough for the first words of a text file."""

_CHUNK = 1 << 20


def opened(file: Path) -> BinaryIO:
    """Open a file of a known form to read its pickle.

    Raises:
        InputError: the file has another form, or the package that reads its compression is missing.
        OSError: the file cannot be read.
    """
    if problem := kind_problem(file):
        raise InputError(problem)
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    for magic, opener in _OPENERS.items():
        if head.startswith(magic):
            return cast("BinaryIO", opener(file))
    raise InputError(
        f"is {_look(head)}, expected a pickle as coffea.util.save writes it, compressed with lz4, gzip, zstd, bz2, xz "
        "or not at all: give the .coffea file that PocketCoffea wrote"
    )


def _look(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, name in _OTHER_FORMATS.items():
        if head.startswith(magic):
            return name
    text = head.decode("utf-8", "ignore")
    return "text, such as JSON or YAML" if text.replace("\n", "").isprintable() else "of an unknown format"


def _zstd(file: Path) -> BinaryIO:
    try:
        # Part of Python from version 3.14 on.
        return cast("BinaryIO", importlib.import_module("compression.zstd").open(file, "rb"))
    except ModuleNotFoundError:
        pass
    try:
        zstandard = importlib.import_module("zstandard")
    except ModuleNotFoundError:
        raise InputError(
            "is compressed with zstd, and the package 'zstandard' that reads it is not installed: install it, or write "
            "the file with coffea.util.save(output, file, compression='lz4')"
        ) from None
    return cast("BinaryIO", io.BufferedReader(_ZstdStream(file, zstandard), _CHUNK))


class _ZstdStream(io.RawIOBase):
    """One zstd frame of a file; unlike the reader of zstandard, it does not accept a frame without its end."""

    def __init__(self, file: Path, zstandard: Any) -> None:
        self._source = file.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer)
        while not self._waiting and not self._frame.eof:
            chunk = self._source.read(_CHUNK)
            if not chunk:
                raise EOFError("the frame ends before its last block")
            self._waiting = memoryview(self._frame.decompress(chunk))
            if self._frame.eof and (self._frame.unused_data or self._source.read(1)):
                raise ValueError("more bytes follow its frame")
        taken, self._waiting = self._waiting[: len(target)], self._waiting[len(target) :]
        target[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._source.close()
        super().close()


def _plain(file: Path) -> BinaryIO:
    return file.open("rb")


_OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x04\x22\x4d\x18": lz4.frame.open,
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x80": _plain,
}
_OTHER_FORMATS = {
    b"root": "a ROOT file",
    b"PK": "a zip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a parquet file",
}
