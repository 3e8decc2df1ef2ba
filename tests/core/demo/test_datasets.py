"""Tests of the datasets of the demo: simulation and data."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.support.cases import case
from tests.support.demo import DATA, MC, histograms, total

VARIABLES = ("discriminant", "control_var_1", "nJets")


@pytest.mark.parametrize(
    ("category", "variable", "low", "high"),
    [("SR", "discriminant", 0.02, 0.05), ("CR1", "control_var_1", 0, 0.01), ("CR2", "nJets", 0, 0.01)],
)
def test_composition(demo: dict[str, Any], category: str, variable: str, low: float, high: float) -> None:
    """The background is mainly ttbar, and the signal is a few per cent in the signal region."""
    yields = {sample: total(demo, category, variable, {sample}).sum() for sample in MC}
    signal = yields["SignalSampleA"] + yields["SignalSampleB"]
    assert max(yields, key=lambda sample: yields[sample]) == "TTbar"
    assert low < signal / (sum(yields.values()) - signal) < high


def test_data(demo: dict[str, Any]) -> None:
    """Data are counts."""
    for variable in VARIABLES:
        for _, dataset, histogram in histograms(demo, variable, DATA):
            values = histogram.values(flow=True)
            np.testing.assert_array_equal(values, np.round(values), err_msg=f"{variable} of {dataset}")
            np.testing.assert_array_equal(values, histogram.variances(flow=True), err_msg=f"{variable} of {dataset}")


def test_fluctuation_of_data(demo: dict[str, Any]) -> None:
    """Data fluctuate around the simulation as Poisson numbers do."""
    for category, variable in product(("SR", "CR1", "CR2"), VARIABLES):
        with case(category, variable):
            data, expected = (total(demo, category, variable, samples) for samples in (DATA, MC))
            pulls = (data - expected) / np.sqrt(expected)
            assert abs(data.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
            assert np.abs(pulls).max() < 4
            assert 0.2 < np.mean(pulls**2) < 2.5
