"""Decompression of many objects."""

from __future__ import annotations

import lzma
import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from datacard_root.file.buffers import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_root.file.directories import Content, Keys

Decompress: TypeAlias = "Callable[[bytes, int], bytes]"

BLOCK = np.dtype([("algorithm", "V3"), ("stored", "u1", 3), ("size", "u1", 3)])
"""Head of a block of compressed data."""
PLACES = np.array([1, 1 << 8, 1 << 16])
"""Values of the bytes of a length: unlike all other numbers of the file, lengths are little-endian."""
PLAIN, ODD = bytes(3), b"odd"
"""Algorithm of objects that are not compressed, and that of what this package does not read."""
CHECKSUM = 8
"""Length of the XXH64 checksum before the data of a block of LZ4."""


def unpacked(content: Content, keys: Keys) -> list[bytes]:
    """Return the bytes of each object: none for one of several blocks, of an unknown compression or a damaged one."""
    starts, stored, sizes = keys.starts, keys.stored, keys.sizes
    stops = starts + stored
    heads = pieces(content, np.minimum(starts, len(content) - BLOCK.itemsize), BLOCK.itemsize).view(BLOCK)[:, 0]
    starts = np.where(sizes == stored, starts, starts + BLOCK.itemsize)
    is_one_block = (heads["stored"] @ PLACES == stops - starts) & (heads["size"] @ PLACES == sizes)
    algorithms = np.where(is_one_block, heads["algorithm"], np.void(ODD))
    algorithms[sizes == stored] = np.void(PLAIN)
    found = []
    listed = algorithms.tolist()
    known = {algorithm: function for algorithm in set(listed) if (function := _decompressor(algorithm))}
    # Items of lists are read faster than those of arrays.
    places = zip(starts.tolist(), stops.tolist(), sizes.tolist(), listed, strict=True)
    for start, stop, size, algorithm in places:
        try:
            record = known[algorithm](content[start:stop], size)
        # Each library has errors of its own.
        except Exception:  # noqa: BLE001
            record = b""
        found.append(record if len(record) == size else b"")
    return found


@cache
def _decompressor(algorithm: bytes) -> Decompress | None:
    """Return the function of an algorithm, None if it is unknown or its packages are not installed."""
    # One at a time: most files have one algorithm, and each library takes some time to import.
    try:
        return _DECOMPRESSORS[algorithm]()
    except (KeyError, ImportError):
        return None


def _lz4() -> Decompress:
    checksum, block = import_module("xxhash").xxh64_digest, import_module("lz4.block").decompress

    def decompress(data: bytes, size: int) -> bytes:
        compressed = data[CHECKSUM:]
        # The format has no redundancy: without the checksum, many a damaged block is decompressed to other numbers.
        return block(compressed, size) if checksum(compressed) == data[:CHECKSUM] else b""

    return decompress


def _zstd() -> Decompress:
    decompress: Decompress = import_module("zstandard").ZstdDecompressor().decompress
    return decompress


_DECOMPRESSORS: Mapping[bytes, Callable[[], Decompress]] = {
    PLAIN: lambda: lambda data, _: data,
    # Without the size of the result: with the exact size zlib looks for more and takes longer.
    b"ZL\x08": lambda: lambda data, _: zlib.decompress(data),
    b"XZ\x00": lambda: lambda data, _: lzma.decompress(data),
    b"L4\x01": _lz4,
    b"ZS\x01": _zstd,
}
"""Functions that import the library of an algorithm and return its decompression."""
