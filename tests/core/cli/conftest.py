"""A demo that was run once, its output, and a terminal without preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.support.demo_files import datasets_of, of_datasets, save
from tests.support.processes import Done
from tests.support.programs import command

Made: TypeAlias = tuple[Path, Done]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A folder where `datacard demo` was run in a process, and its result; no test may change it."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, command("demo", cwd=folder)


@pytest.fixture(scope="session")
def output(demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo output of 2024, which small analyses need."""
    folder = tmp_path_factory.mktemp("output")
    return save(folder / "output_all.coffea", of_datasets(demo, datasets_of(demo, "2024")))


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
