"""Where the project's files are, and the shared data beside the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SHARED_DATA = ROOT.parent / "shared" / "data"
