"""Error bars of observed counts, compared with published tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from datacard_plots.intervals import MOST_TERMS, TAIL, error_bars


# N. Gehrels, ApJ 303 (1986) 336, tables 1 and 2, S = 1
def test_intervals_of_counts() -> None:
    """Counts have the central intervals of the published tables."""
    for count, low, high in [
        (0, 0, 1.841),
        (1, 0.173, 3.300),
        (2, 0.708, 4.638),
        (3, 1.367, 5.918),
        (10, 6.891, 14.27),
        (100, 90.02, 111.0),
    ]:
        ((below,), (above,)) = error_bars(np.array([float(count)]), np.array([float(count)]))
        assert count - below == pytest.approx(low, abs=0.0006, rel=1e-4), count
        assert count + above == pytest.approx(high, abs=0.0006, rel=5e-4), count


def test_probability_beyond_the_ends() -> None:
    """At either end the observed count, or one beyond it, has the probability of one Gaussian tail."""

    def at_most(most: int, mean: float) -> float:
        return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1))

    for count in (5, 37, 400, MOST_TERMS, MOST_TERMS + 1, 5 * MOST_TERMS):
        ((below,), (above,)) = error_bars(np.array([float(count)]), np.array([1.0]))
        assert at_most(count, count + above) == pytest.approx(0.158655, abs=1e-5), count
        assert 1 - at_most(count - 1, count - below) == pytest.approx(0.158655, abs=1e-5), count
    assert pytest.approx(0.158655, abs=1e-6) == TAIL


def test_large_count() -> None:
    """A large count has the error bars of a Gaussian."""
    ((below,), (above,)) = error_bars(np.array([1e10]), np.array([1e10]))
    assert (below, above) == (pytest.approx(1e5, rel=1e-4), pytest.approx(1e5, rel=1e-4))


def test_weighted_data() -> None:
    """One bin without a whole number makes all bars the roots of the variances."""
    bars = error_bars(np.array([4.0, 2.5]), np.array([9.0, 0.25]))
    assert bars.tolist() == [[3, 0.5], [3, 0.5]]
