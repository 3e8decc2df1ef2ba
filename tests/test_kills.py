"""Runs with workers that are killed at random moments; `python -m tests.support.kills` makes many of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import kills
from tests.support.processes import forked

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the processes are read from /proc"),
]


def test_runs_that_are_killed(tmp_path: Path) -> None:
    """No run hangs, leaves a process or makes other cards, whichever of its processes is killed."""
    told = tmp_path / "told"

    def trials() -> None:
        sys.argv = ["kills", "--workers=1", "--interrupts=1", "--parents=1", "--seed=1"]
        with told.open("w", encoding="utf-8") as sys.stdout:
            assert kills.main() == 0

    # In a process of its own, because the runs are forks of it.
    assert forked(trials) == 0, told.read_text(encoding="utf-8")
    assert told.read_text(encoding="utf-8").count(": 0 faults") == 3
