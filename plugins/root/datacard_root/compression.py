"""Compression of records, as TKey holds them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import attrs
import uproot

from datacard_core import DatacardError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMPRESSIONS: Mapping[str, tuple[str, int]] = {"lz4": ("LZ4", 4), "zlib": ("ZLIB", 1), "zstd": ("ZSTD", 1)}
"""uproot's class, and the level: those of ROOT's default for lz4, and the fastest otherwise."""

ONE_BLOCK = 1 << 24
"""From this size on ROOT cuts a record into several blocks."""

LZ4_BLOCK = b"L4\x01"
CHECKSUM = 8


@attrs.frozen
class Compressor:
    """Compresses records with one of uproot's algorithms, or leaves them as they are."""

    algorithm: Any = None

    @classmethod
    def of(cls, name: str | None) -> Compressor:
        """The compressor of that name.

        Raises:
            DatacardError: a package that uproot needs for it is missing.
        """
        if name is None:
            return cls()
        algorithm, level = COMPRESSIONS[name]
        compressor = cls(getattr(uproot, algorithm)(level))
        try:
            compressor([bytes(1000)])
        except ImportError as err:
            raise DatacardError(f"compression {name!r} is not available: {err}") from err
        return compressor

    @property
    def code(self) -> int:
        """TFile's fCompress."""
        return 0 if self.algorithm is None else int(self.algorithm.code)

    def __call__(self, records: list[bytes]) -> list[bytes]:
        """Records as they stand in the file; one that would grow stays as it is."""
        if self.algorithm is None:
            return records
        if isinstance(self.algorithm, uproot.LZ4) and max(map(len, records), default=0) < ONE_BLOCK:
            return _lz4(records, self.algorithm.compress)
        return [uproot.compression.compress(record, self.algorithm) for record in records]


def _lz4(records: list[bytes], compress: Callable[[bytes], bytes]) -> list[bytes]:
    """As uproot does it, for records of one block: a header of nine bytes, a checksum, and what is compressed."""
    checksum = importlib.import_module("xxhash").xxh64_digest
    found = []
    for record in records:
        compressed = bytes(compress(record))
        size = len(compressed) + CHECKSUM
        header = LZ4_BLOCK + size.to_bytes(3, "little") + len(record).to_bytes(3, "little")
        block = header + checksum(compressed) + compressed
        found.append(block if size < len(record) and len(block) < len(record) else record)
    return found
