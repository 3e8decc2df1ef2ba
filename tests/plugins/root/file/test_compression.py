"""Compressed records and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uproot
from datacard_root import RootSerializer
from datacard_root.file.compression import Compressor
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import DatacardError
from tests.support.root_files import LABELLED, some, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("compression", ["lz4", "zlib", "zstd"])
def test_compressed_file(compression: str, tmp_path: Path) -> None:
    """A compressed file is smaller, and uproot reads the same templates from it."""
    templates = some(LABELLED, tuple(f"p{i}" for i in range(100)))
    plain = written(templates, tmp_path).stat().st_size
    try:
        path = written(templates, tmp_path, compression=compression)
    except DatacardError as error:
        pytest.skip(str(error).splitlines()[0])
    assert path.stat().st_size < plain
    with uproot.open(path) as file:
        assert file["p99"].values().tolist() == templates.templates.values[99].tolist()
        assert file["p99"].axis().labels() == list(LABELLED.categories or ())
        assert file.file.compression.name == compression.upper()


def test_unknown_compression() -> None:
    """An unknown compression is refused."""
    with pytest.raises(ValueError, match="'compression' must be in"):
        RootSerializer(compression="brotli")


@pytest.mark.slow
@given(records=st.lists(st.binary(max_size=300) | st.binary(max_size=30).map(lambda part: part * 20), max_size=5))
def test_bytes_of_uproot(records: list[bytes]) -> None:
    """Compressed records have the bytes that uproot makes."""
    algorithm = uproot.LZ4(4)
    expected = [uproot.compression.compress(record, algorithm) for record in records]
    assert Compressor(algorithm)(records) == expected
