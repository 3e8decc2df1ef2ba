"""Decompression of many objects."""

from __future__ import annotations

import lzma
import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from datacard_root.buffers import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_root.bulk.directories import Content, Keys

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
    known = _decompressors()
    # Items of lists are read faster than those of arrays.
    places = zip(starts.tolist(), stops.tolist(), sizes.tolist(), algorithms.tolist(), strict=True)
    for start, stop, size, algorithm in places:
        try:
            record = known[algorithm](content[start:stop], size)
        # Each library has errors of its own.
        except Exception:  # noqa: BLE001
            record = b""
        found.append(record if len(record) == size else b"")
    return found


@cache
def _decompressors() -> Mapping[bytes, Decompress]:
    """Return the function of each algorithm whose packages are installed."""
    return {
        PLAIN: lambda data, _: data,
        # Without the size of the result: with the exact size zlib looks for more and takes longer.
        b"ZL\x08": lambda data, _: zlib.decompress(data),
        b"XZ\x00": lambda data, _: lzma.decompress(data),
        **_lz4(),
        **_zstd(),
    }


def _lz4() -> dict[bytes, Decompress]:
    try:
        checksum, block = import_module("xxhash").xxh64_digest, import_module("lz4.block").decompress
    except ImportError:
        return {}

    def decompress(data: bytes, size: int) -> bytes:
        compressed = data[CHECKSUM:]
        # The format has no redundancy: without the checksum, many a damaged block is decompressed to other numbers.
        return block(compressed, size) if checksum(compressed) == data[:CHECKSUM] else b""

    return {b"L4\x01": decompress}


def _zstd() -> dict[bytes, Decompress]:
    try:
        decompress = import_module("zstandard").ZstdDecompressor().decompress
    except ImportError:
        return {}
    return {b"ZS\x01": decompress}
