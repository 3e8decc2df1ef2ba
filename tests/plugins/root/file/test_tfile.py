"""The structure of a file: its directory, its free space and its largest size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

from datacard_core import Axis, NamedTemplates, Templates
from tests.support.root_files import refusal, some, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_order_and_classes(tmp_path: Path) -> None:
    """Every template is a TH1D under its name and without title, in the given order."""
    names = tuple(f"process{number * 7919 % 1000}_nominal" for number in range(1000))
    with uproot.open(written(some(names=names), tmp_path)) as file:
        assert file.keys(cycle=False) == list(names)
        assert set(file.classnames().values()) == {"TH1D"}
        assert all(file[name].name == name and file[name].title == "" for name in names[::100])


def test_no_templates(tmp_path: Path) -> None:
    """Without templates the file has no keys."""
    with uproot.open(written(some(names=()), tmp_path)) as file:
        assert file.keys() == []


def test_existing_file(tmp_path: Path) -> None:
    """An existing file is replaced as a whole."""
    path = written(some(names=tuple("abcdefgh")), tmp_path)
    once = written(some(), tmp_path).read_bytes()
    path.unlink()
    assert written(some(), tmp_path).read_bytes() == once


def test_added_histogram(tmp_path: Path) -> None:
    """uproot can add a histogram to the file, so free segments and directory are consistent."""
    templates = some()
    path = written(templates, tmp_path)
    with uproot.update(path) as file:
        file["added"] = np.histogram(np.arange(10.0))
    with uproot.open(path) as file:
        assert file.keys(cycle=False) == [*templates.names, "added"]
        assert file["tt_2018_nominal"].values().tolist() == templates.templates.values[1].tolist()


@pytest.mark.slow
def test_two_gigabytes(tmp_path: Path) -> None:
    """A file beyond 2 GB is refused before it is opened."""
    axis = Axis(np.linspace(0.0, 1.0, 1_000_001), "x", uniform=True)
    # Of bytes, of which no copy is made: all of them are the same zero.
    nothing = np.ndarray((140, axis.bins), np.float64, bytes(8), strides=(0, 0))
    templates = NamedTemplates(tuple(f"p{i}" for i in range(140)), Templates(nothing, nothing), axis)
    # 140 templates of a million bins, with 8 bytes each for the content and for its variance
    assert "make a ROOT file of 2.2 GB, and one file can hold 2 GB" in refusal(templates, tmp_path)
