"""Axes of plots: slices of several variables."""

from __future__ import annotations

import pytest

from tests.support import grids, outputs
from tests.support.drawings import StackOf


@pytest.mark.slow
def test_slices_of_several_variables() -> None:
    """A line stands between slices, the middle of each has its bin of the other variables, and the axis their names."""
    card = outputs.card(grids.by_score(), unroll=["score", "mass"])
    stack = StackOf(card.channel)
    assert {"score: 0 to 0.5", "score: 0.5 to 1", "bins of score, m"} <= set(stack.words)
    for axes in stack.figure.axes:
        assert [line.get_xdata() for line in axes.lines if line.get_linestyle() == ":"] == [[3, 3]]
