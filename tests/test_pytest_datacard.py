"""Tests of the fixtures for authors of plugins, which must not disturb the tests of other projects."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import SystematicUncertainty, load_plugins
from datacard_core.testing import small_card, small_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Datacard

INERT = """
import sys

def test_nothing_is_imported():
    assert "pytest_datacard" in sys.modules
    assert not {"datacard_core", "numpy", "hypothesis"} & set(sys.modules)
"""
USING = """
def test_an_output(datacard_output):
    assert set(datacard_output) == {"variables", "datasets_metadata", "cutflow"}
"""


def test_entry_point() -> None:
    """Pytest finds the fixtures by an entry point."""
    (point,) = importlib.metadata.entry_points(group="pytest11", name="datacard")
    assert point.value == "pytest_datacard"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of one pytest process, which runs tests without the fixtures before a test with one of them."""
    directory = tmp_path_factory.mktemp("tests")
    (directory / "test_1_inert.py").write_text(INERT, encoding="utf-8")
    (directory / "test_2_using.py").write_text(USING, encoding="utf-8")
    # Other plugins of pytest import numpy or hypothesis themselves.
    others = {point.name for point in importlib.metadata.entry_points(group="pytest11")} - {"datacard"}
    without = [f"-pno:{name}" for name in ("cacheprovider", *sorted(others))]
    command = [sys.executable, "-m", "pytest", "-v", *without, "test_1_inert.py", "test_2_using.py"]
    # The options of this run may be those of plugins that are left out.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_tests_of_other_projects(outcomes: str) -> None:
    """Tests that do not use the fixtures import neither the core nor what takes long to import."""
    assert "test_1_inert.py::test_nothing_is_imported PASSED" in outcomes, outcomes


@pytest.mark.slow
def test_use_of_a_fixture(outcomes: str) -> None:
    """A test in any folder can use the fixtures."""
    assert "test_2_using.py::test_an_output PASSED" in outcomes, outcomes
    assert "2 passed" in outcomes, outcomes


def contents(output: dict[str, Any]) -> dict[str, Any]:
    histograms = output["variables"]["x"]
    return {
        dataset: (histogram.values().tolist(), histogram.variances().tolist())
        for by_dataset in histograms.values()
        for dataset, histogram in by_dataset.items()
    }


def test_output(datacard_output: dict[str, Any]) -> None:
    """The fixture datacard_output is the small output."""
    assert contents(datacard_output) == contents(small_output())
    assert datacard_output["cutflow"] == small_output()["cutflow"]
    assert datacard_output["datasets_metadata"] == small_output()["datasets_metadata"]


@pytest.mark.slow
def test_cards(datacard_card: Callable[..., Datacard]) -> None:
    """The fixture datacard_card makes cards of the small output."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02)
    plugins = load_plugins("lnn", "combine")
    card = datacard_card(lumi, plugins=plugins, mcstat=False)
    assert card.content() == small_card(lumi, plugins=plugins, mcstat=False).content()
    assert card.rate("top_2022") == 30 + 20 + 10
