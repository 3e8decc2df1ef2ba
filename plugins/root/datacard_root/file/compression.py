"""Compression of records, in the format that ROOT stores after a TKey."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import attrs
import uproot

from datacard_core import DatacardError
from datacard_root import COMPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_BLOCK = 1 << 24
"""Size from which ROOT splits a record into several blocks, as a block stores its lengths in three bytes."""

LZ4_BLOCK = b"L4\x01"
"""Start of a block: two letters for the algorithm, then the major version of the LZ4 library."""
CHECKSUM = 8
"""Size in bytes of the XXH64 checksum, which ROOT counts as a part of the compressed data."""


@attrs.frozen
class Compressor:
    """Compressor of records with an algorithm of uproot; without an algorithm, records stay unchanged."""

    algorithm: Any = None

    @classmethod
    def of(cls, name: str | None) -> Compressor:
        """Return the compressor with the given name.

        Raises:
            DatacardError: A package that uproot needs for this compression is not installed.
        """
        if name is None:
            return cls()
        algorithm, level = COMPRESSIONS[name]
        compressor = cls(getattr(uproot, algorithm)(level))
        # uproot imports the package of an algorithm only at its first use: a trial fails before the file is opened.
        try:
            compressor([bytes(1000)])
        except ImportError as err:
            raise DatacardError(f"compression {name!r} is not available: {err}") from err
        return compressor

    @property
    def code(self) -> int:
        """Value of TFile's fCompress: 100 times the algorithm's number, plus the level."""
        return 0 if self.algorithm is None else int(self.algorithm.code)

    def __call__(self, records: list[bytes]) -> list[bytes]:
        """Return the records as stored in the file. A record that compression would enlarge stays unchanged."""
        if self.algorithm is None:
            return records
        if isinstance(self.algorithm, uproot.LZ4) and max(map(len, records), default=0) < ONE_BLOCK:
            return _lz4(records, self.algorithm.compress)
        return [uproot.compression.compress(record, self.algorithm) for record in records]


def _lz4(records: list[bytes], compress: Callable[[bytes], bytes]) -> list[bytes]:
    """Return records of one block each: a header of nine bytes, a checksum, and the compressed data.

    The bytes are those of uproot.compression.compress, in two thirds of its time.
    """
    # xxhash is optional, and only LZ4 needs it.
    checksum = importlib.import_module("xxhash").xxh64_digest
    found = []
    for record in records:
        compressed = bytes(compress(record))
        size = len(compressed) + CHECKSUM
        header = LZ4_BLOCK + size.to_bytes(3, "little") + len(record).to_bytes(3, "little")
        block = header + checksum(compressed) + compressed
        # uproot has both conditions, for a block and for a record. Readers take a record for compressed if it is
        # shorter in the file than fObjlen says.
        found.append(block if size < len(record) and len(block) < len(record) else record)
    return found
