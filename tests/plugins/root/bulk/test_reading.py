"""Reading of many TH1 at once: the numbers of uproot, for any class, binning, compression and damage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from datacard_root.bulk.gathering import MANY_LAYOUTS, Records
from datacard_root.bulk.reading import read_many
from datacard_root.reading import RootReader, read_with_uproot
from uproot.writing import identify

from tests.support import damaged_root
from tests.support.root_files import LABELLED, UNIFORM, VARIABLE, some, written

if TYPE_CHECKING:
    from datacard_core import Axis, TemplateFile

BLOCK = 2000


def _read_at_once(path: Path, names: tuple[str, ...]) -> set[str]:
    return {name for block in read_many(path, names).stored for name in block.names}


def _row(found: TemplateFile, name: str) -> tuple[Any, int]:
    return next((block, block.names.index(name)) for block in found.stored if name in block.names)


@pytest.mark.slow
def test_files_of_uproot(tmp_path: Path) -> None:
    """Each histogram of uproot's is read at once, with the numbers that uproot reads."""
    for compression in damaged_root.COMPRESSIONS:
        path = tmp_path / "shapes.root"
        damaged_root.write(path, compression)
        assert _read_at_once(path, damaged_root.NAMES) == set(damaged_root.NAMES), compression
        ours = damaged_root.contents(RootReader().read, path)
        assert ours == damaged_root.contents(read_with_uproot, path), compression


@pytest.mark.slow
@pytest.mark.parametrize("compression", [None, "lz4", "zlib", "zstd"])
@pytest.mark.parametrize("axis", [UNIFORM, VARIABLE], ids=lambda axis: axis.name)
def test_own_files(tmp_path: Path, axis: Axis, compression: str | None) -> None:
    """Templates that the serializers write are read back at once, bit for bit."""
    names = tuple(f"process_{number}" * (1 + number % 3) for number in range(BLOCK))
    templates = some(axis, names)
    path = written(templates, tmp_path, compression=compression)
    assert _read_at_once(path, names) == set(names)
    found = RootReader().read(path, names)
    places = [_row(found, name) for name in names]
    for which in ("values", "variances"):
        read = np.array([getattr(block.templates, which)[row] for block, row in places])
        assert np.array_equal(read, getattr(templates.templates, which))
    assert all(np.array_equal(block.axis.edges, axis.edges) for block in found.stored)


def test_highest_cycle(tmp_path: Path) -> None:
    """Of two histograms of one name the last written one is read."""
    path = tmp_path / "shapes.root"
    with uproot.recreate(path) as file:
        for content in (1.0, 2.0):
            file["twice"] = damaged_root.histogram(np.full(4, content))
    block, row = _row(RootReader().read(path, ["twice"]), "twice")
    assert block.templates.values[row].tolist() == [2, 2]


def test_variances_without_errors(tmp_path: Path) -> None:
    """Without Sumw2 the variance is the content, and 0 where the content is negative or no number."""
    path = tmp_path / "shapes.root"
    with uproot.recreate(path) as file:
        file["plain"] = damaged_root.histogram(np.array([0, 3, -2, np.nan, 5, 0]), errors=False)
    block, row = _row(RootReader().read(path, ["plain"]), "plain")
    assert block.templates.variances[row].tolist() == [3, 0, 0, 5]
    assert not block.has_variances


@pytest.mark.slow
def test_many_layouts(tmp_path: Path) -> None:
    """Histograms of which each has other edges are read at once too, each with its own edges."""
    path = tmp_path / "shapes.root"
    names = tuple(f"h{number}" for number in range(MANY_LAYOUTS + 20))
    with uproot.recreate(path) as file:
        for number, name in enumerate(names):
            edges = np.array([0, 1 + number, 100, 200.0])
            file[name] = damaged_root.histogram(np.full(5, number, "f8"), edges=edges)
    assert _read_at_once(path, names) == set(names)
    found = RootReader().read(path, names)
    for number, name in enumerate(names):
        block, row = _row(found, name)
        assert block.axis.edges[1] == 1 + number
        assert block.templates.values[row].tolist() == [number] * 3


@pytest.mark.slow
def test_labels_of_bins(tmp_path: Path) -> None:
    """Histograms whose bins have labels are read at once, whatever their names, with the numbers that uproot reads."""
    names = ("labelled", "b", "labelled_JES_2022Up")
    path = written(some(LABELLED, names), tmp_path)
    assert _read_at_once(path, names) == set(names)
    found, expected = RootReader().read(path, names), read_with_uproot(path, names)
    for name in names:
        (block, row), (other, other_row) = _row(found, name), _row(expected, name)
        assert block.axis.edges.tolist() == other.axis.edges.tolist()
        assert block.templates.values[row].tolist() == other.templates.values[other_row].tolist()
        assert block.templates.variances[row].tolist() == other.templates.variances[other_row].tolist()


def test_versions_of_other_root(tmp_path: Path) -> None:
    """Versions of classes that uproot takes from the file, as ROOT 6.40 writes, are read where the file has them."""
    templates = some(UNIFORM, ("a",))
    with uproot.open(written(templates, tmp_path)) as file:
        key = file.key("a")
        start = key.fSeekKey + key.fKeylen
        record = Path(file.file_path).read_bytes()[start : start + key.fObjlen]
        of = key.fClassName.encode()
    # TAttMarker has 10 bytes behind the number of them: its version and three members.
    marker, newest = bytes.fromhex("4000000a0002"), bytes.fromhex("4000000a0003")
    assert record.count(marker) == 1
    records = Records.joined(of, ["a"], [record.replace(marker, newest)])
    assert list(records.blocks(old_versions=False)) == []
    (block,) = records.blocks(old_versions=True)
    assert np.array_equal(block.templates.values, templates.templates.values)


@pytest.mark.slow
def test_odd_histograms(tmp_path: Path) -> None:
    """Long titles and what is filled but not yet counted are left to uproot, and others are not."""
    path = tmp_path / "shapes.root"
    with uproot.recreate(path) as file:
        file["long"] = damaged_root.histogram(np.ones(4), title="x" * 300)
        axis = identify.to_TAxis("xaxis", "y" * 300, 2, 0.0, 1.0)
        file["axis"] = identify.to_TH1x("", "", np.ones(4), 1.0, 1.0, 1.0, 1.0, 1.0, np.ones(4), axis)
        file["usual"] = damaged_root.histogram(np.ones(4))
    names = ("long", "axis", "usual")
    assert _read_at_once(path, names) == {"usual"}
    assert {name for block in RootReader().read(path, names).stored for name in block.names} == set(names)


@pytest.mark.slow
def test_damaged_files(tmp_path: Path) -> None:
    """Of a damaged file the project reads the numbers that uproot reads, or refuses it as uproot does."""
    assert list(damaged_root.differences(tmp_path, 20, seed=1)) == []


def test_wrong_checksum(tmp_path: Path) -> None:
    """A block of LZ4 whose data and checksum disagree is refused."""
    path = tmp_path / "shapes.root"
    with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
        file["a"] = damaged_root.histogram(np.ones(200))
    content = bytearray(path.read_bytes())
    at = content.index(b"L4\x01", 200)
    content[at + 9] ^= 1
    path.write_bytes(content)
    assert _read_at_once(path, ("a",)) == set()
    assert damaged_root.contents(lambda path, _: RootReader().read(path, ["a"]), path) is None
