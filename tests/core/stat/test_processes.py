"""The names that PocketCoffea's scripts import from `stat.processes`."""

from __future__ import annotations

import pytest

import datacard_core
from datacard_core import stat
from datacard_core.stat import processes


@pytest.mark.parametrize("name", ["MCProcess", "DataProcess", "MCProcesses", "DataProcesses"])
def test_names(name: str) -> None:
    """A script finds the four classes of processes under the old path."""
    assert getattr(processes, name) is getattr(stat, name) is getattr(datacard_core, name)
