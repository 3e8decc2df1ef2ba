"""Compression of records, as TKey holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import uproot

from datacard_core import DatacardError

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPRESSIONS: Mapping[str, tuple[str, int]] = {"lz4": ("LZ4", 4), "zlib": ("ZLIB", 1), "zstd": ("ZSTD", 1)}
"""uproot's class, and the level: those of ROOT's default for lz4, and the fastest otherwise."""


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
        return [uproot.compression.compress(record, self.algorithm) for record in records]
