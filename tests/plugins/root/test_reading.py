"""Reading of histograms from ROOT files: classes, folders, binnings, and what is no histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hist
import pytest
import uproot
from datacard_root.reading import RootReader, read_with_uproot

from datacard_core import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.root"
    weighted = hist.Hist.new.Var([0, 1, 3]).Weight().fill([0.5, 2, 2, 5], weight=[2, 1, 3, 7])
    counts = hist.Hist.new.Var([0, 1, 3]).Double().fill([0.5, 0.5, 2])
    fine = hist.Hist.new.Reg(4, 0, 1).Double().fill([0.1])
    with uproot.recreate(path) as root:
        root["weighted"], root["SR/deep/counts"], root["fine"] = weighted, counts, fine
        root.mktree("tree", {"x": "f8"})
    return path


@pytest.mark.slow
def test_blocks(file: Path) -> None:
    """Histograms of one class and binning stand together, with variances, flow and class."""
    found = RootReader().read(file, ["weighted", "SR/deep/counts", "fine", "missing", "SR/none"])
    by_name = {name: (block, row) for block in found.stored for row, name in enumerate(block.names)}
    assert set(by_name) == {"weighted", "SR/deep/counts", "fine"}
    block, row = by_name["weighted"]
    # weights 2 in the first bin, 1 and 3 in the second, 7 above
    assert block.templates.values[row].tolist() == [2, 4]
    assert block.templates.variances[row].tolist() == [4, 10]
    assert block.flow[row].tolist() == [0, 7]
    assert block.has_variances
    assert block.axis.edges.tolist() == [0, 1, 3]
    assert by_name["fine"][0].axis.bins == 4
    # uproot 4 writes variances of every histogram.
    with uproot.open(file) as root:
        assert by_name["fine"][0].has_variances == bool(len(root["fine"].member("fSumw2")))


def test_histograms_that_are_not_wanted(file: Path) -> None:
    """Further histograms in the directories of the wanted ones are named, whichever way the file is read."""
    for names, spare in ((["weighted"], {"fine"}), (["SR/deep/none", "fine", "tree"], {"weighted", "SR/deep/counts"})):
        assert set(RootReader().read(file, names).spare) == spare == set(read_with_uproot(file, names).spare)
    assert RootReader().read(file, ["SR/none/a"]).spare == ()


def test_other_objects(file: Path) -> None:
    """An object that is no histogram is told with its class, also for one inside of it."""
    found = RootReader().read(file, ["tree", "tree:x"])
    assert set(found.others) == {"tree", "tree:x"}
    assert set(found.others.values()) == {"TTree"}


def test_unreadable_files(tmp_path: Path) -> None:
    """A missing file and a damaged one are errors that name it."""
    damaged = tmp_path / "damaged.root"
    damaged.write_bytes(b"no file of ROOT" * 9)
    for path in (tmp_path / "missing.root", damaged):
        with pytest.raises(InputError, match=path.name):
            RootReader().read(path, ["a"])
