"""Tests of the files of the demo."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core.demo import analysis, write_demo
from datacard_core.errors import ExistingFileError
from tests.support.demo import structure
from tests.support.processes import elsewhere

if TYPE_CHECKING:
    from datacard_core.demo import DemoFiles


@pytest.mark.slow
def test_coffea_reads_the_file(demo: dict[str, Any], demo_files: DemoFiles) -> None:
    """coffea loads the file as the output."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of coffea at its import
        from coffea.util import load  # noqa: PLC0415 - slow, and used here alone
    loaded = load(demo_files.output)
    assert loaded == demo
    assert set(structure(loaded)) == set(structure(demo))


@pytest.mark.slow
def test_files_in_the_folder(demo_files: DemoFiles) -> None:
    """The folder has the output, and the analysis script of the package."""
    assert demo_files.analysis.read_bytes() == Path(analysis.__file__).read_bytes()
    assert sorted(demo_files.output.parent.iterdir()) == [demo_files.analysis, demo_files.output]


@pytest.mark.slow
def test_second_writing(demo_files: DemoFiles, tmp_path: Path) -> None:
    """Writing the demo again, with another order of hashes, gives the same bytes and changes no file."""
    before = demo_files.output.stat().st_mtime_ns
    # A process with a hash seed of its own; other bytes would be an error, as test_existing_file claims.
    program = "import pathlib, sys, datacard_core.demo as d; print(d.write_demo(pathlib.Path(sys.argv[1])))"
    done = elsewhere(program, demo_files.output.parent, directory=tmp_path)
    assert (done.stderr, done.stdout) == ("", f"{demo_files}\n")
    assert demo_files.output.stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["output_all.coffea", "analysis.py"])
def test_existing_file(tmp_path: Path, name: str) -> None:
    """A file with other content is an error, and no file is written."""
    mine = tmp_path / name
    mine.write_text("months of work")
    with pytest.raises(ExistingFileError, match=name):
        write_demo(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    assert mine.read_text() == "months of work"
