"""The output of a small analysis, and a terminal without preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo_files import datasets_of, of_datasets, save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def output(demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo output of 2024 with the samples that small analyses need."""
    datasets = [name for name in datasets_of(demo, "2024") if name.startswith(("SignalSampleA", "TTbar"))]
    return save(tmp_path_factory.mktemp("output") / "output_all.coffea", of_datasets(demo, datasets))


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path for an analysis script; relative paths are those of its folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ana.py"


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the preferences for colours and widths of the person who runs the tests."""
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
