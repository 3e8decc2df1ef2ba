"""The histogram source `uhi`: the serialisation of UHI in zip, HDF5 and JSON."""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_uhi import configured

from datacard_core import InputError
from datacard_core.inputs.histograms import stored
from datacard_core.testing import assert_plugin
from tests.support.foreign import filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPTIONS = {"sample_axis": "process"}
HISTOGRAM = filled(("process", "cat", "variation"), {("tt", "SR", "nominal"): [1, 2], ("tt", "SR", "jesUp"): [1, 3]})
CONTENT = {"mass": HISTOGRAM, "pt": HISTOGRAM}


def module(name: str) -> Any:
    pytest.importorskip("uhi.io", reason="needs the serialisation of uhi 1")
    return pytest.importorskip(name)


def write_json(path: Path) -> None:
    path.write_text(json.dumps(CONTENT, default=module("uhi.io.json").default), encoding="utf-8")


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, histogram in CONTENT.items():
            module("uhi.io.zip").write(archive, name, histogram)


def write_sparse(path: Path) -> None:
    made = {name: module("uhi.io").to_sparse(of._to_uhi_()) for name, of in CONTENT.items()}
    path.write_text(json.dumps(made, default=module("uhi.io.json").default), encoding="utf-8")


def write_hdf5(path: Path) -> None:
    with module("h5py").File(path, "w") as file:
        for name, histogram in CONTENT.items():
            module("uhi.io.hdf5").write(file.create_group(name), histogram)


every_form = pytest.mark.parametrize(
    ("write", "name"),
    [(write_json, "h.json"), (write_sparse, "s.json"), (write_zip, "h.zip"), (write_hdf5, "h.h5")],
    ids=["json", "sparse", "zip", "hdf5"],
)


def read(path: Path, **options: Any) -> Any:
    (source,) = configured({**OPTIONS, **options}).datacard_histogram_sources()
    return source.read(path, {"mass"})


@every_form
def test_forms(write: Callable[[Path], None], name: str, tmp_path: Path) -> None:
    """Files of uhi.io are read in each form, and the needed variable alone has histograms."""
    write(tmp_path / name)
    output = read(tmp_path / name)
    assert {variable: list(of) for variable, of in output["variables"].items()} == {"mass": ["tt"], "pt": []}
    mass = stored(output["variables"]["mass"]["tt"]["tt_all"])
    assert mass.variations == ("nominal", "jesUp")
    # The weights of each entry, and their squares.
    np.testing.assert_array_equal(mass.contents[1:-1, :, 0], [[1 + 1j, 1 + 1j], [2 + 4j, 3 + 9j]])


def test_names(tmp_path: Path) -> None:
    """Dicts in each other have names with a slash; a histogram alone is the variable of its axis."""
    content = {"sr": {"mass": HISTOGRAM}}
    (tmp_path / "h.json").write_text(json.dumps(content, default=module("uhi.io.json").default), encoding="utf-8")
    assert list(read(tmp_path / "h.json", key="sr/{variable}")["variables"]) == ["mass"]
    (tmp_path / "h.json").write_text(json.dumps(HISTOGRAM, default=module("uhi.io.json").default), encoding="utf-8")
    assert list(read(tmp_path / "h.json")["variables"]) == ["mass"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[1, 2]", "its content has type list, expected histograms by name"),
        ('{"mass": 3}', "mass/ has type int, expected histograms by name"),
        ('{"mass": {"uhi_schema": 1, "axes": [], "storage": {"type": "int"}}}', "mass has no contents"),
        ('{"mass": {"uhi_schema": 2, "axes": [], "storage": {"type": "int"}}}', "mass has uhi_schema 2, expected 1"),
        ("{", "it is no zip archive, no HDF5 file and no JSON (Expecting property name"),
    ],
)
def test_other_content(content: str, problem: str, tmp_path: Path) -> None:
    """A file without histograms, or with empty ones, is an error with its name."""
    module("uhi.io.json")
    (tmp_path / "h.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read(tmp_path / "h.json")
    assert str(tmp_path / "h.json") in str(raised.value)
    assert problem in str(raised.value)


def test_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is an error which names the extra that brings it."""
    (tmp_path / "h.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    # Python's own mark of a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"'h5py' that reads it is not installed: pip install 'datacard-core\[uhi\]'"):
        read(tmp_path / "h.h5")


@pytest.mark.slow
@every_form
def test_conformance(write: Callable[[Path], None], name: str, tmp_path: Path) -> None:
    """The source meets all that the core expects of one, in each form."""
    write(tmp_path / name)
    assert_plugin(importlib.import_module("datacard_uhi").configured(OPTIONS), files={"uhi": tmp_path / name})
