"""The names that PocketCoffea's scripts import from `stat.combine`."""

from __future__ import annotations

import numpy as np
import pytest

import datacard_core
from datacard_core import stat
from datacard_core.stat import combine
from tests.support.outputs import bins, simulated


def test_names() -> None:
    """A script finds Datacard and combine_datacards under the old path."""
    assert combine.Datacard is stat.Datacard is datacard_core.Datacard
    assert combine.combine_datacards is datacard_core.combine_datacards


def test_negative_bins() -> None:
    """The helpers that PocketCoffea's own tests import set content below 0 to 0, with a warning for a histogram."""
    assert combine._clip_negative(np.array([1.0, -2.0, 0.0])).tolist() == [1, 0, 0]
    histogram = simulated({"SR": {"nominal": [1.0, -2.0]}}, bins(0, 1, 2))
    with pytest.warns(UserWarning, match="'x': negative content of 1 bins"):
        clipped = combine._clip_negative_bins(histogram, "x")
    assert clipped.values().ravel().tolist() == [1, 0]
    assert combine._clip_negative_bins(clipped, "x") is clipped
