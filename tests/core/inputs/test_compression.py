"""Files in all compressions that coffea writes: read alike, with the same safety."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

import lz4.frame
import pytest
import zstandard

from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.compression import decompressed
from tests.support.cases import case
from tests.support.coffea_files import Calls, an_output, assert_same, complaint, in_an_output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "gzip": gzip.compress,
    # With a checksum, so that the last byte is not needed to know the content.
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "none": bytes,
}
WHOLE = pickle.dumps(an_output("a"), 5)


def written(folder: Path, content: bytes) -> Path:
    """Return the path of a file with that content."""
    (folder / "a.coffea").write_bytes(content)
    return folder / "a.coffea"


def test_output_is_read(tmp_path: Path) -> None:
    """An output is the same in every compression, with and without trust."""
    for name, compress in COMPRESSIONS.items():
        with case(name):
            file = written(tmp_path, compress(WHOLE))
            assert_same(load_output(file), an_output("a"))
            assert_same(load_output(file, trust=True), an_output("a"))


@pytest.mark.slow
def test_file_that_coffea_wrote(tmp_path: Path) -> None:
    """Files of coffea.util.save are read, where coffea has a choice of compressions."""
    for name in COMPRESSIONS:
        with case(name):
            from coffea.util import save  # noqa: PLC0415  slow

            file = tmp_path / "a.coffea"
            try:
                save(an_output("a"), str(file), compression=None if name == "none" else name)
            except TypeError:
                pytest.skip("this version of coffea has no choice of compressions")
            assert_same(load_output(file), an_output("a"))


@pytest.mark.slow
def test_content_in_pieces(tmp_path: Path) -> None:
    """A file that expands a thousand times is given in pieces of a quarter of a megabyte, which make its content."""
    for name, compress in COMPRESSIONS.items():
        with case(name):
            content = b"\x80" + bytes(3_000_000) + os.urandom(300_000)
            with decompressed(written(tmp_path, compress(content)).open("rb")) as stream:
                pieces = list(iter(stream.read1, b""))
            assert b"".join(pieces) == content
            assert max(map(len, pieces)) <= 1 << 18


def test_frames_behind_each_other(tmp_path: Path) -> None:
    """Frames of lz4 that follow each other are one content, as in the readers of lz4."""
    content = lz4.frame.compress(WHOLE[:500]) + lz4.frame.compress(WHOLE[500:])
    assert_same(load_output(written(tmp_path, content)), an_output("a"))


def test_code_is_not_executed(tmp_path: Path) -> None:
    """A pickle that calls a function is refused in every compression, and the function is not called."""
    for name, compress in COMPRESSIONS.items():
        with case(name):
            marker = tmp_path / "executed"
            attack = in_an_output(Calls(os.system, f"touch {marker}"))
            assert "posix.system, which is not admitted" in complaint(written(tmp_path, compress(attack)))
            assert not marker.exists()


def test_file_that_is_cut_off(tmp_path: Path) -> None:
    """A file that is cut off is told to end too early, even where its last byte alone is missing."""
    for name, compress in COMPRESSIONS.items():
        with case(name):
            whole = compress(WHOLE)
            for end in (len(whole) // 2, 9 * len(whole) // 10, len(whole) - 1):
                cut = written(tmp_path, whole[:end])
                assert "ends too early, so it was not written or copied to its end" in complaint(cut), end


def test_bytes_behind_the_content(tmp_path: Path) -> None:
    """Bytes behind the pickle or its frame are told."""
    for name in ("zstd", "none"):
        with case(name):
            message = complaint(written(tmp_path, COMPRESSIONS[name](WHOLE) + b"0"))
            assert "more bytes follow its" in message


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="zstd is a part of Python")
def test_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that reads zstd, the error names it and the way to save another file."""
    missing: Any = None
    monkeypatch.setitem(sys.modules, "zstandard", missing)
    message = complaint(written(tmp_path, COMPRESSIONS["zstd"](WHOLE)))
    assert "is compressed with zstd, and the package 'zstandard' that reads it is not installed" in message
    assert "compression='lz4'" in message
