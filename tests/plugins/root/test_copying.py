"""Copies of ROOT files in which histograms have other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hist
import numpy as np
import pytest
import uproot
from datacard_root.copying import with_name
from datacard_root.reading import RootReader
from uproot.writing import identify

from datacard_core import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


def renaming(names: dict[str, tuple[str, ...]]) -> Callable[[Collection[str]], dict[str, tuple[str, ...]]]:
    return lambda present: {name: names.get(name, (name,)) for name in present}


@pytest.fixture(params=[None, "ZLIB"])
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "shapes.root"
    with uproot.recreate(path, compression=request.param and getattr(uproot, request.param)(1)) as root:
        for place, name in enumerate(("tt", "tt_jesUp", "SR/tt", "SR/tt_jesUp", "CR/tt")):
            root[name] = hist.Hist.new.Reg(40, 0, 1).Weight().fill([0.1] * (place + 1))
        root["SR/plane"] = hist.Hist.new.Reg(2, 0, 1).Reg(2, 0, 1).Weight().fill([0.1], [0.1])
        root.mktree("tree", {"x": "f8"}).extend({"x": np.arange(5.0)})
    return path


@pytest.mark.slow
def test_names(file: Path) -> None:
    """Histograms have their new names in the list of keys and inside, and their contents; several names are copies."""
    new = file.with_name("copy.root")
    names = {
        "tt": ("top", "tt"),
        "SR/tt": ("SR/tt_jesUp",),
        "SR/tt_jesUp": ("SR/tt",),
        "CR/tt": ("Control/region/ttbar",),
        "tt_jesUp": (),
        "SR/plane": ("SR/a_longer_name",),
    }
    RootReader().copy(file, new, renaming(names))
    with uproot.open(file) as old, uproot.open(new) as copy:
        of = {name: of for name, of in copy.classnames(cycle=False).items() if not of.startswith("TDirectory")}
        assert sorted(of) == [
            "Control/region/ttbar", "SR/a_longer_name", "SR/tt", "SR/tt_jesUp", "top", "tree", "tt",
        ]  # fmt: skip
        assert "CR" not in copy.keys(cycle=False)
        for before, after in ((before, after) for before, names_of in names.items() for after in names_of):
            assert copy[after].name == after.rpartition("/")[2]
            assert np.array_equal(copy[after].values(), old[before].values())
            assert np.array_equal(copy[after].variances(), old[before].variances())
        assert copy["tree"]["x"].array(library="np").tolist() == [0, 1, 2, 3, 4]


def test_unchanged(file: Path) -> None:
    """A copy in which no name changes has the same bytes."""
    new = file.with_name("copy.root")
    RootReader().copy(file, new, renaming({}))
    assert new.read_bytes() == file.read_bytes()


def test_equal_bytes(file: Path) -> None:
    """Equal files and names give equal bytes."""
    copies = [file.with_name(name) for name in ("a.root", "b.root")]
    for new in copies:
        RootReader().copy(file, new, renaming({"CR/tt": ("X/tt",)}))
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_other_objects(file: Path) -> None:
    """A tree cannot have another name, and is told with its class."""
    with pytest.raises(InputError, match="'tree' is a TTree"):
        RootReader().copy(file, file.with_name("copy.root"), renaming({"tree": ("forest",)}))
    assert not file.with_name("copy.root").exists()


def test_no_root_file(tmp_path: Path) -> None:
    """A file of another form, and a damaged one, are told with their path."""
    (tmp_path / "a.root").write_bytes(b"root of all evil" * 20)
    with pytest.raises(InputError, match=r"a\.root"):
        RootReader().copy(tmp_path / "a.root", tmp_path / "b.root", renaming({}))


def test_classes_named_by_place() -> None:
    """A number that stands for the place of a class moves with it, for ROOT counts places from the key."""
    histogram = identify.to_TH1x(
        "old", "", np.zeros(3), 0, 0, 0, 0, 0, np.zeros(3), identify.to_TAxis("x", "", 1, 0, 1)
    )
    record = histogram.serialize(name="old")
    key, longer = 60, 4
    # The first object names its class at its place behind the key, and the second one names that place, plus 2.
    place = len(record) + key + 2
    labels = b"\xff\xff\xff\xffTObjString\0" + (0x80000000 | place).to_bytes(4)
    made = with_name(record + labels, key, b"new_old", key + longer)
    # The name has four more letters, inside and in the key.
    assert made.endswith(b"\xff\xff\xff\xffTObjString\0" + (0x80000000 | place + 2 * longer).to_bytes(4))
    assert int.from_bytes(made[:4]) == int.from_bytes(record[:4]) + longer
