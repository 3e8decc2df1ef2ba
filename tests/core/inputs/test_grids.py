"""Histograms of several variables as rows of cells."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from tests.support import grids, outputs


@pytest.mark.parametrize(
    "axes",
    [
        [hist.axis.Regular(2, 0, 2, name="score"), grids.MASS],
        [hist.axis.Regular(2, 0, 1, name="score", flow=False), grids.MASS],
        [hist.axis.Regular(2, 0, 1, name="rank"), grids.MASS],
        [grids.MASS, hist.axis.Regular(2, 0, 1, name="score")],
    ],
)
def test_other_cells(axes: list[hist.axis.Regular | hist.axis.Variable]) -> None:
    """Histograms with other edges, flow, names or order of their axes are refused with both."""
    made = grids.by_score()
    other = grids.output(*axes)
    made.histograms["TTbar"] = other.histograms["TTbar"]
    (problem,) = outputs.problems(made, unroll=["score", "mass"])
    assert "of 'mass' 3 with edges 0, 10, 20, 40" in problem
    assert "the histograms of one channel must have the same edges" in problem


def test_one_variable_among_several() -> None:
    """A histogram of one variable among those of several is refused, and one of several among those of one."""
    made = grids.by_score()
    made.mc("TTbar", grids.YEAR, nominal=np.ones(20).tolist())
    (problem,) = outputs.problems(made, unroll=["score", "mass"])
    assert "the bins are 20 with edges" in problem
    one = outputs.signal_and_ttbar(nominal=[1, 2, 3])
    one.histograms["TTbar"] = grids.by_score().histograms["TTbar"]
    (problem,) = outputs.problems(one)
    assert "it has 2 variable axes (score, mass), a template has one: declare unroll=('score', 'mass')" in problem
