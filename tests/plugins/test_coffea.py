"""The histogram source `coffea`: it reads the files of PocketCoffea without executing code in them."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

import lz4.frame
import numpy as np
import pytest
from datacard_coffea import CoffeaSource

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    HistogramArray,
    InputError,
    MissingProviderError,
    Systematics,
    SystematicUncertainty,
    load_output,
    load_plugins,
)
from datacard_core.inputs.histograms import stored
from datacard_core.testing import assert_plugin
from tests.support import outputs as by_hand
from tests.support.coffea_files import save_split

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Plugins


YEARS = ("2022", "2023")


def of_year(year: str) -> dict[str, Any]:
    """Return an output with two variables."""
    output = by_hand.Output().mc("Signal", year, nominal=[1, 2, 3])
    output.mc("TTbar", year, nominal=[10, 20, 30], JESUp=[11, 22, 33], JESDown=[9, 18, 27])
    loaded = output.data("Muon", year, [12, 21, 34]).loaded
    loaded["variables"]["n"] = loaded["variables"]["m"]
    return loaded


def save(path: Path, output: object) -> Path:
    path.write_bytes(lz4.frame.compress(pickle.dumps(output, 5)))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One file per year."""
    return [save(tmp_path / f"output_{year}.coffea", of_year(year)) for year in YEARS]


def analysis(plugins: Plugins | None = None) -> Analysis:
    lumi = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], YEARS, 1.02)
    return Analysis(
        years=YEARS,
        mc_processes=by_hand.two_processes(YEARS),
        data_processes=by_hand.observation("Muon", years=YEARS),
        systematics=Systematics([lumi, by_hand.shape("JES", ["signal", "ttbar"], YEARS)]),
        categories={"SR": Category("m")},
        plugins=plugins or by_hand.PLUGINS,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def without_the_plugin() -> Plugins:
    """Return all default plugins but this one."""
    return load_plugins(*DEFAULT_PLUGINS, block="coffea")


def test_contributions() -> None:
    """The plugin contributes one source and no other object."""
    plugins = load_plugins("coffea")
    assert list(plugins.sources) == ["coffea"]
    contributed = (plugins.kinds, plugins.writers, plugins.serializers, plugins.checks, plugins.plots)
    assert not any(contributed)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"source": "coffea"}, {"jobs": 2}], ids=str)
def test_cards_from_files(options: dict[str, Any], files: list[Path], tmp_path: Path) -> None:
    """Files give the same cards as the loaded output."""
    analysis().build(load_output(files)).dump(tmp_path / "loaded")
    analysis().build(files, **options).dump(tmp_path / "read")
    assert contents(tmp_path / "read") == contents(tmp_path / "loaded")


def test_requested_variables(files: list[Path]) -> None:
    """Histograms of the requested variables are kept, and the names of all other variables."""
    read = CoffeaSource().read(files[0], {"n"})
    assert {name: sorted(samples) for name, samples in read["variables"].items()} == {
        "m": [],
        "n": ["Muon", "Signal", "TTbar"],
    }


def test_split_file(tmp_path: Path) -> None:
    """A file that is split by variable gives the same histograms as one that is not."""
    output = {**of_year("2022"), "columns": {}}
    whole, split = save(tmp_path / "whole.coffea", output), save_split(tmp_path / "split.coffea", output)
    read, expected = (CoffeaSource().read(file, {"n"})["variables"] for file in (split, whole))
    assert {name: sorted(of) for name, of in read.items()} == {name: sorted(of) for name, of in expected.items()}
    found, wanted = (stored(of["n"]["TTbar"]["TTbar_2022"]).contents for of in (read, expected))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
def test_conformance(tmp_path: Path) -> None:
    """The source meets all that the core expects of one, with a split file too."""
    output = {**of_year("2022"), "columns": {}}
    assert_plugin("coffea", files={"coffea": save_split(tmp_path / "split.coffea", output)})


def test_contents(files: list[Path]) -> None:
    """Contents of histograms and all metadata are read."""
    read, written = CoffeaSource().read(files[0], {"m"}), of_year("2022")
    assert read["cutflow"] == written["cutflow"]
    assert read["datasets_metadata"] == written["datasets_metadata"]
    found = stored(read["variables"]["m"]["TTbar"]["TTbar_2022"])
    assert isinstance(found, HistogramArray)
    up = (found.variations or ()).index("JESUp")
    # The imaginary parts are the variances, which the helper makes equal to the yields.
    np.testing.assert_array_equal(found.contents[1:-1, up, 0], [11 + 11j, 22 + 22j, 33 + 33j])


def test_unreadable_files(files: list[Path], tmp_path: Path) -> None:
    """All files that cannot be read are named in one error."""
    cut_off, text = tmp_path / "cut_off.coffea", tmp_path / "text.coffea"
    cut_off.write_bytes(files[0].read_bytes()[:-40])
    text.write_text("variables: none")
    with pytest.raises(InputError) as raised:
        analysis().build([cut_off, *files, text, tmp_path / "nowhere.coffea"])
    said = sorted(raised.value.problems)
    assert [problem.split(": ")[0].split()[0] for problem in said] == [
        str(cut_off),
        str(tmp_path / "nowhere.coffea"),
        str(text),
    ]


class Deadly:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.fspath(self.marker),)


def test_code_in_a_file(tmp_path: Path) -> None:
    """Code in a file is refused and not executed."""
    marker = tmp_path / "executed"
    file = save(tmp_path / "output.coffea", of_year("2022") | {"columns": Deadly(marker)})
    with pytest.raises(InputError, match=r"output\.coffea holds .*mkdir.*, which is not admitted"):
        analysis().build(file)
    assert not marker.exists()


@pytest.mark.slow
def test_files_without_the_plugin(files: list[Path]) -> None:
    """Without the plugin a file is an error whose message shows how to select it."""
    with pytest.raises(MissingProviderError) as raised:
        analysis(without_the_plugin()).build(files)
    assert str(raised.value) == (
        "no selected plugin provides the histogram source 'coffea'; provided are none; plugin 'coffea', which is "
        "installed and not selected, may have it: select it with load_plugins(…, 'coffea')"
    )


@pytest.mark.slow
def test_loaded_output_without_the_plugin(files: list[Path], tmp_path: Path) -> None:
    """The plugin has no influence on the cards of a loaded output."""
    analysis(without_the_plugin()).build(load_output(files)).dump(tmp_path / "without")
    analysis().build(files).dump(tmp_path / "with")
    assert contents(tmp_path / "without") == contents(tmp_path / "with")
