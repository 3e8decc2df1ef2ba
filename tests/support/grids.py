"""Outputs whose histograms have several variables, with whole numbers in their cells."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np

from tests.support import outputs

YEAR = "2022"
MASS = hist.axis.Variable([0, 10, 20, 40], name="mass", label="m")
REGION = hist.axis.StrCategory(["low", "high"], name="region", label="", overflow=False)


def cells(values: Any, *axes: Any) -> Any:
    """Return a simulated histogram of SR with flow, whose nominal has those values and variances."""
    names = [hist.axis.StrCategory([label], name=name) for name, label in (("cat", "SR"), ("variation", "nominal"))]
    histogram: Any = hist.Hist(*names, *axes, storage=hist.storage.Weight())
    view = histogram.view(flow=True)
    view["value"][0, 0], view["variance"][0, 0] = values, values
    return histogram


def output(*axes: Any) -> outputs.Output:
    """Return an output of two or three axes whose cells have the numbers 1, 2, 3, … in C order, flow included."""
    shape = [axis.extent for axis in axes]
    numbers = np.arange(1, np.prod(shape) + 1).reshape(shape)
    made = outputs.Output()
    for factor, sample in enumerate(("Signal", "TTbar"), start=1):
        made.add(sample, YEAR, cells(factor * numbers, *axes))
    return made


def by_score() -> outputs.Output:
    """Return an output of mass and score, whose cells with flow are, a row for each bin of the score:

    score        mass: under   0-10  10-20  20-40  over
    under               1      2      3      4      5
    0-0.5               6      7      8      9     10
    0.5-1              11     12     13     14     15
    over               16     17     18     19     20
    """
    return output(hist.axis.Regular(2, 0, 1, name="score"), MASS)
