"""The fixtures for authors of plugins, and that they are nothing to anybody else."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from datacard_core import SystematicUncertainty, load_plugins
from datacard_core.testing import small_card, small_output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacard_core import Datacard

INERT = """
import sys

def test_nothing_is_imported():
    assert "pytest_datacard" in sys.modules
    assert "datacard_core" not in sys.modules
"""
USING = """
def test_an_output(datacard_output):
    assert set(datacard_output) == {"variables", "datasets_metadata", "cutflow"}
"""


def test_the_fixtures_come_from_an_entry_point() -> None:
    (point,) = importlib.metadata.entry_points(group="pytest11", name="datacard")
    assert point.value == "pytest_datacard"


def test_importing_them_imports_nothing_of_the_core() -> None:
    code = "import pytest_datacard, sys; assert not {'datacard_core', 'numpy', 'hypothesis'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def run_pytest(tests: str, directory: Path) -> subprocess.CompletedProcess[str]:
    (directory / "test_it.py").write_text(tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_tests_of_something_else_do_not_import_the_core(tmp_path: Path) -> None:
    done = run_pytest(INERT, tmp_path)
    assert done.returncode == 0, done.stdout


def test_they_are_there_for_whoever_asks(tmp_path: Path) -> None:
    done = run_pytest(USING, tmp_path)
    assert done.returncode == 0, done.stdout


def contents(output: dict[str, Any]) -> dict[str, Any]:
    histograms = output["variables"]["x"]
    return {
        dataset: (histogram.values().tolist(), histogram.variances().tolist())
        for by_dataset in histograms.values()
        for dataset, histogram in by_dataset.items()
    }


def test_the_output_is_the_small_one(datacard_output: dict[str, Any]) -> None:
    assert contents(datacard_output) == contents(small_output())
    assert datacard_output["cutflow"] == small_output()["cutflow"]
    assert datacard_output["datasets_metadata"] == small_output()["datasets_metadata"]


def test_the_cards_are_those_of_the_small_output(datacard_card: Callable[..., Datacard]) -> None:
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02)
    plugins = load_plugins("lnn", "combine")
    card = datacard_card(lumi, plugins=plugins, mcstat=False)
    assert card.content() == small_card(lumi, plugins=plugins, mcstat=False).content()
    assert card.rate("top_2022") == 30 + 20 + 10
