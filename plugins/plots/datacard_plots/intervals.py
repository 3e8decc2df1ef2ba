"""Error bars of observed counts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["error_bars"]

TAIL = 0.5 * math.erfc(1 / math.sqrt(2))
"""Probability beyond one standard deviation of a Gaussian on one side, which the interval excludes on each side."""

MOST_TERMS = 1000
"""Largest count with exact Poisson sums; above it, the approximation is accurate to a millionth of the count."""


def error_bars(values: npt.NDArray[np.float64], variances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the lengths of the error bars below and above the data, shape (2, bins).

    Counts have central 68.27 % intervals of the Poisson mean (Garwood, Biometrika 28 (1936) 437), as is the
    convention in CMS. If any bin is not a count, the data are weighted, and all bars are the roots of the variances.
    """
    if not are_counts(values):
        return np.tile(np.sqrt(np.maximum(variances, 0)), (2, 1))
    low, high = np.array([_garwood(float(round(count))) for count in values]).reshape(-1, 2).T
    return np.array([values - low, high - values])


def are_counts(values: npt.NDArray[np.float64]) -> bool:
    """Return True if all values are whole numbers, up to rounding, and at least 0."""
    return bool(np.all((values >= 0) & (np.abs(values - np.round(values)) <= 1e-6 * np.maximum(1, values))))


def _garwood(count: float) -> tuple[float, float]:
    """Return the Poisson means for which so high, or so low, a count has the probability `TAIL`."""
    low = _mean(count - 1, 1 - TAIL) if count else 0.0
    return low, _mean(count, TAIL)


def _mean(count: float, probability: float) -> float:
    """Return the Poisson mean for which a count of at most `count` has the given probability.

    Newton's method refines the approximation of Wilson and Hilferty for quantiles of χ² (PNAS 17 (1931) 684). scipy
    would have these quantiles, but plots do not depend on it.
    """
    # The two probabilities stand for a Gaussian at +1 and at -1 standard deviation.
    pull = 1 if probability == TAIL else -1
    shape = count + 1
    mean = shape * (1 - 1 / (9 * shape) + pull / (3 * math.sqrt(shape))) ** 3
    if count > MOST_TERMS:
        return mean
    # Newton's method doubles the correct digits at each step; five steps reach the precision of a double.
    for _ in range(5):
        density = math.exp(count * math.log(mean) - mean - math.lgamma(shape))
        # Sum of all Poisson terms up to the count, in units of the last one, which keeps the terms from underflow.
        terms = 1 + float(np.cumprod(np.arange(count, 0, -1) / mean).sum())
        mean += terms - probability / density
    return mean
