"""Reading of `.coffea` files: real ones, damaged ones, and several as one output."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lz4.frame
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output
from tests.support.cases import case
from tests.support.coffea_files import (
    PARTIAL,
    Calls,
    an_output,
    assert_same,
    complaint,
    in_an_output,
    needs_data,
    of_numpy_1,
    save,
    save_pickle,
)
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    import hist


@cache
def a_pickle() -> bytes:
    """The pickle of an output; it is made once, as many examples are cut out of it."""
    return pickle.dumps(an_output("a"))


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """The merged real output."""
    return load_output(SHARED_DATA / "output_all.coffea")


@pytest.mark.slow
@needs_data
@of_numpy_1
def test_real_output_equals_coffeas_own_load(whole: dict[str, Any]) -> None:
    """A real output is equal to the one that coffea loads."""
    from coffea.util import load  # noqa: PLC0415  slow

    assert_same(whole, load(str(SHARED_DATA / "output_all.coffea")))


@pytest.mark.slow
@needs_data
@of_numpy_1
def test_real_partial_file_equals_its_pickle() -> None:
    """A real file of one dataset is equal to its pickle, loaded by Python."""
    for file in PARTIAL[::3]:  # one year of each dataset
        with case(file):
            assert_same(load_output(str(file)), pickle.loads(lz4.frame.decompress(file.read_bytes())))


@pytest.mark.slow
@needs_data
@of_numpy_1
def test_trust_loads_the_same_content(whole: dict[str, Any]) -> None:
    """With trust=True coffea's own loader gives the same output."""
    assert_same(load_output(SHARED_DATA / "output_all.coffea", trust=True), whole)


@pytest.mark.slow
@needs_data
def test_coffea_stays_unimported() -> None:
    """A file without classes of coffea is read without importing coffea."""
    code = (
        "import sys; from datacard_core.inputs.coffea import load_output; load_output(sys.argv[1]);"
        "raise SystemExit('coffea' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, str(PARTIAL[0])]
    assert subprocess.run(command, check=False, env=environment).returncode == 0


def test_trust_executes_code(tmp_path: Path) -> None:
    """With trust=True the code in a file is executed."""
    marker = tmp_path / "executed"
    attack = in_an_output(Calls(os.system, f"touch {marker}"))
    load_output(save_pickle(tmp_path / "mine.coffea", attack), trust=True)
    assert marker.exists()


def test_missing_file_is_told_with_closest(tmp_path: Path) -> None:
    """The error for a missing file names the closest file in its folder."""
    save(tmp_path / "output_all.coffea", an_output("a"))
    message = complaint(tmp_path / "outptu_all.coffea")
    assert "outptu_all.coffea does not exist" in message
    assert "did you mean 'output_all.coffea'?" in message


def test_missing_folder_is_told(tmp_path: Path) -> None:
    """A file in a missing folder is told as missing."""
    assert complaint(tmp_path / "nowhere" / "a.coffea").endswith("a.coffea does not exist")


def test_folder_is_told_with_its_files(tmp_path: Path) -> None:
    """The error for a folder names a file in it."""
    save(tmp_path / "part.coffea", an_output("a"))
    message = complaint(tmp_path)
    assert "is a directory, expected a .coffea file" in message
    assert "part.coffea" in message


def test_other_format_is_told_by_name(tmp_path: Path) -> None:
    """The error for a file of another format names it."""
    cases: list[tuple[bytes, str]] = [
        (b"", "is empty"),
        (b"root\x00\x00\xf6", "is a ROOT file"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        (b"PAR1\x15", "is a parquet file"),
        (b'{\n "a": 1}', "is text, such as JSON or YAML"),
        ("a: é\n".encode(), "is text, such as JSON or YAML"),
        (b"\x00\x01\x02", "is of an unknown format"),
    ]
    for content, look in cases:
        with case(content, look):
            file = tmp_path / "a.coffea"
            file.write_bytes(content)
            message = complaint(file)
            assert f"a.coffea {look}, expected a pickle as coffea.util.save writes it" in message
            assert message == complaint(file, trust=True)


def test_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A "~" at the beginning of a path is the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "a.coffea", an_output("a"))
    assert list(load_output("~/a.coffea")["variables"]) == ["m"]
    assert f"{tmp_path / 'b.coffea'} does not exist" in complaint(Path("~/b.coffea"))


def test_one_variable_by_name(tmp_path: Path) -> None:
    """The name of one variable is not taken for the letters in it."""
    output = an_output("a")
    output["variables"]["mass"] = output["variables"]["m"]
    found = load_output(save(tmp_path / "a.coffea", output), variables="mass")
    assert {name: len(samples) for name, samples in found["variables"].items()} == {"m": 0, "mass": 1}


def test_empty_list_of_files_is_refused() -> None:
    """No file at all is an error."""
    assert "no file is given" in complaint()


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_file_cut_off_anywhere(tmp_path: Path, data: st.DataObject) -> None:
    """A file that is cut off at any byte is told to end too early."""
    whole = lz4.frame.compress(a_pickle())
    cut = tmp_path / "cut.coffea"
    cut.write_bytes(whole[: data.draw(st.integers(4, len(whole) - 1))])
    assert "ends too early" in complaint(cut)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pickle_cut_off_anywhere(tmp_path: Path, data: st.DataObject) -> None:
    """A pickle that is cut off at any byte is an InputError with a way out."""
    whole = a_pickle()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert "copy it again, or write it again" in complaint(save_pickle(tmp_path / "cut.coffea", cut))


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pickle_with_a_wrong_byte(tmp_path: Path, data: st.DataObject) -> None:
    """A pickle with a wrong byte is an InputError, or data."""
    garbled = bytearray(a_pickle())
    # Not "r", after which pickle takes the memory for up to 2**32 objects.
    byte = st.integers(0, 255).filter(lambda value: value != ord("r"))
    garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(byte)
    with contextlib.suppress(InputError):
        assert isinstance(load_output(save_pickle(tmp_path / "a.coffea", bytes(garbled))), dict)


def test_pickle_cut_off_ends_too_early(tmp_path: Path) -> None:
    """A pickle that is cut off is told to end too early."""
    cut = pickle.dumps(an_output("a"))[:-9]
    assert "ends too early" in complaint(save_pickle(tmp_path / "cut.coffea", cut))


def test_damaged_frame_is_told(tmp_path: Path) -> None:
    """A damaged LZ4 frame is told as damage."""
    file = save(tmp_path / "a.coffea", an_output("a"))
    content = bytearray(file.read_bytes())
    content[4:6] = b"\xff\xff"
    file.write_bytes(content)
    assert "seems damaged" in complaint(file)


@pytest.mark.slow
@needs_data
def test_real_partial_files_equal_the_whole(whole: dict[str, Any]) -> None:
    """The real files of one dataset each, read as one, hold what the merged real output holds."""
    merged = load_output(PARTIAL)
    assert list(merged) == list(whole)
    assert {key: set(value) for key, value in merged["variables"].items()} == {
        key: set(value) for key, value in whole["variables"].items()
    }
    assert merged["cutflow"] == whole["cutflow"]
    assert merged["datasets_metadata"] == whole["datasets_metadata"]
    assert merged["sum_genweights"] == pytest.approx(whole["sum_genweights"], rel=1e-6)
    for variable, samples in whole["variables"].items():
        for sample, datasets in samples.items():
            assert set(merged["variables"][variable][sample]) == set(datasets)
            for dataset, expected in datasets.items():
                assert_same_bins(merged["variables"][variable][sample][dataset], expected)


def assert_same_bins(one: hist.Hist[Any], other: hist.Hist[Any]) -> None:
    """Assert equal contents in all categories; their flow bin has no meaning in PocketCoffea 0.9.13."""
    assert one.axes.name == other.axes.name
    assert one.axes.name[0] == "cat"
    categories = list(other.axes[0])
    views: list[Any] = [
        every.view(flow=True)[[every.axes[0].index(name) for name in categories]] for every in (one, other)
    ]
    for field in ("value", "variance"):
        assert np.allclose(views[0][field], views[1][field], rtol=1e-5, atol=1e-9)


@needs_data
def test_real_files_without_histogram_are_read() -> None:
    """Real files without any histogram keep their counts."""
    empty = [file for file in PARTIAL if file.stem.endswith(("VV_ZZ_2022_preEE", "VV_ZZ_2023_preBPix"))]
    merged = load_output(empty)
    assert set(merged["cutflow"]["initial"]) == {"VV_ZZ_2022_preEE", "VV_ZZ_2023_preBPix"}
    assert not any(datasets for samples in merged["variables"].values() for datasets in samples.values())


def test_several_files_keep_their_order(tmp_path: Path) -> None:
    """Several files are one output, with datasets in the order of the files."""
    files = [save(tmp_path / f"{name}.coffea", an_output(name)) for name in ("b", "a")]
    expected = an_output("b", "a")
    found = load_output(iter(files))
    assert_same(found, expected)
    assert list(load_output(files[::-1])["cutflow"]["initial"]) == ["a", "b"]


def test_dataset_in_two_files_is_refused(tmp_path: Path) -> None:
    """A dataset in two files is an error that names both files."""
    one = save(tmp_path / "one.coffea", an_output("a", "b", "c"))
    other = save(tmp_path / "other.coffea", an_output("b", "c", "d"))
    with pytest.raises(InputError) as caught:
        load_output([one, other])
    assert len(caught.value.problems) == 2
    for dataset, problem in zip("bc", caught.value.problems, strict=True):
        assert f"dataset '{dataset}' is in {one} and in {other}" in problem


def test_problems_of_all_files_are_told(tmp_path: Path) -> None:
    """One error tells the problems of all files."""
    good = save(tmp_path / "good.coffea", an_output("a"))
    again = save(tmp_path / "again.coffea", an_output("a"))
    listed = save(tmp_path / "listed.coffea", [1])
    with pytest.raises(InputError) as caught:
        load_output([good, again, listed, tmp_path / "missing.coffea", good])
    told = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for part in (
        "given twice",
        "listed.coffea: the output has type list",
        "missing.coffea does not exist",
        "dataset 'a' is in",
    ):
        assert part in told
