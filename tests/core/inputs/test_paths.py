"""Paths that scripts give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.inputs.paths import expanded

if TYPE_CHECKING:
    import pytest


def test_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A "~" at the beginning becomes the home directory, and other paths stay as they are."""
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/a") == expanded(Path("~/a")) == "/home/me/a"
    assert expanded("./a~/b") == "./a~/b"
    assert expanded("root://host//a") == "root://host//a"
