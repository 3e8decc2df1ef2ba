"""Differences of numbers in texts and templates, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datacard_core.comparison.change import Tolerances
from datacard_core.comparison.numbers import (
    as_effect,
    differences,
    distance,
    in_words,
    log_factors,
    numbers_of,
    percent,
    shown,
    source_name,
)

EXACT = Tolerances(relative=1e-6, errors=0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("1.02", "1.02", 0),
        ("0.5 [0,4]", "0.5 [0,5]", 0.2),
        ("1", "1.0", 0),
        ("1e-3 [0,1]", "0.001 [0,1.]", 0),
        ("@0*2.5 of mu", "@0*2 of mu", 0.2),
        ("@0*2 of mu1", "@0*2 of mu2", math.inf),
        ("1", "1 [0,5]", math.inf),
    ],
)
def test_distance_of_texts(before: str, after: str, expected: float) -> None:
    """Numbers in texts are compared as numbers, and other words as they are; digits of names are no numbers."""
    assert distance(before, after) == pytest.approx(expected)


def test_log_factors() -> None:
    """One factor stands for its inverse too, and a factor of 0 has no logarithm."""
    assert log_factors("1.25") == pytest.approx((-math.log(1.25), math.log(1.25)))
    assert log_factors("0.9/1.2") == pytest.approx((math.log(0.9), math.log(1.2)))
    assert log_factors("0/1.2") is None


def test_shown_numbers() -> None:
    """Numbers have as many digits as tell them apart."""
    assert shown(10, 12.5) == ("10", "12.5")
    assert shown(1234.5, 1234.6) == ("1234.5", "1234.6")
    assert percent(8, 10) == "+25 %"
    assert percent(8, 20) == "2.5 times"
    assert percent(0, 1) == "from 0"
    assert source_name("/a/b/ws.root:w") == source_name("/c/ws.root:w") == "ws.root:w"


def test_differences_of_templates() -> None:
    """The largest change in units of the error, the ratio of sums and the shape distance are those by hand."""
    before = np.array([[10.0, 20.0, 10.0], [1.0, 1.0, 2.0]])
    after = np.array([[12.0, 26.0, 12.0], [1.0, 1.0, 2.0]])
    variances = np.array([[4.0, 9.0, 16.0], [1.0, 1.0, 1.0]])
    found = differences(before, after, variances, EXACT)
    assert found.differs.tolist() == [True, False]
    # 2/2, 6/3 and 2/4 errors; 50/40; and shares 12/50, 26/50, 12/50 beside 1/4, 1/2, 1/4.
    assert numbers_of(found, 0) == pytest.approx({"bin": 2, "errors": 2, "normalisation": 1.25, "shape": 0.02})
    assert in_words(numbers_of(found, 0)) == "bin 2 by 2 of its error, normalisation +25 %, shape 0.02"


def test_tolerances() -> None:
    """A change within the errors, or within the relative tolerance, is none."""
    before, after = np.array([[10.0, 100.0]]), np.array([[11.0, 100.001]])
    variances = np.array([[4.0, 0.0]])
    assert differences(before, after, variances, EXACT).differs.tolist() == [True]
    within = differences(before, after, variances, Tolerances(relative=1e-6, errors=0.5))
    # The second bin has no error, and changed by 1e-5 of it.
    assert (within.bins[0], within.errors[0]) == (1, math.inf)
    assert not differences(before, after, variances, Tolerances(relative=1e-4, errors=0.5)).differs[0]


def test_values_that_are_no_numbers() -> None:
    """A yield that is not a number differs from each number, and not from another of its kind."""
    before, after = np.array([[1.0, np.nan]]), np.array([[np.nan, np.nan]])
    found = differences(before, after, np.ones((1, 2)), EXACT)
    assert (found.differs[0], found.bins[0], found.errors[0]) == (True, 0, math.inf)
    assert not differences(after, after, np.ones((1, 2)), EXACT).differs[0]


def test_effect_on_another_nominal() -> None:
    """An effect is a factor in each bin, and a difference where the nominal is 0."""
    templates, nominal = np.array([[11.0, 3.0, 5.0]]), np.array([[10.0, 0.0, 5.0]])
    assert as_effect(templates, nominal, np.array([[20.0, 1.0, 5.0]])).tolist() == [[22.0, 4.0, 5.0]]
