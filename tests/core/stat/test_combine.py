"""The names that PocketCoffea's scripts import from `stat.combine`."""

from __future__ import annotations

import datacard_core
from datacard_core import stat
from datacard_core.stat import combine


def test_names() -> None:
    """A script finds Datacard and combine_datacards under the old path."""
    assert combine.Datacard is stat.Datacard is datacard_core.Datacard
    assert combine.combine_datacards is datacard_core.combine_datacards
