"""Paths that scripts give."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.inputs.paths import expanded, kind_problem

if TYPE_CHECKING:
    import pytest


def test_pipe_is_told(tmp_path: Path) -> None:
    """A pipe is told before it is opened, which would wait for its writer; files and folders are not."""
    os.mkfifo(tmp_path / "pipe")
    assert kind_problem(tmp_path / "pipe") == "is a device or a pipe, expected a file on disk"
    assert [kind_problem(path) for path in (__file__, tmp_path, tmp_path / "absent")] == ["", "", ""]


def test_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A "~" at the beginning becomes the home directory, and other paths stay as they are."""
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/a") == expanded(Path("~/a")) == "/home/me/a"
    assert expanded("./a~/b") == "./a~/b"
    assert expanded("root://host//a") == "root://host//a"
