"""The names that PocketCoffea's scripts import from `stat.systematics`."""

from __future__ import annotations

import datacard_core
from datacard_core import stat
from datacard_core.stat import systematics


def test_names() -> None:
    """A script finds the classes of systematics under the old path."""
    assert systematics.Systematics is stat.Systematics is datacard_core.Systematics
    assert systematics.SystematicUncertainty is stat.SystematicUncertainty is datacard_core.SystematicUncertainty
