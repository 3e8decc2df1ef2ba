"""Runs with workers that are killed at random moments; `python -m tests.support.kills` makes many of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the processes are read from /proc"),
]


def test_runs_that_are_killed() -> None:
    """No run hangs, leaves a process or makes other cards, whichever of its processes is killed."""
    # In a process of its own, because the runs are forks of it.
    command = [sys.executable, "-m", "tests.support.kills", "--workers=3", "--interrupts=3", "--parents=3", "--seed=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": 0 faults") == 3
