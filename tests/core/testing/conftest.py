"""Fixtures of the tests of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file that the source `Tables` can read."""
    path = tmp_path / "yields.txt"
    path.write_text("x 1 2 3\ny 4 5\n", encoding="ascii")
    return path
