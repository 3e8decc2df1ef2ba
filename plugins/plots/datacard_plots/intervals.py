"""Error bars of observed counts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

TAIL = 0.5 * math.erfc(1 / math.sqrt(2))
"""The probability above one standard deviation of a Gaussian: what either end of the interval leaves out."""

MOST_TERMS = 1000
"""Up to here Poisson sums are added up; above, the approximation is right to a millionth of the count."""


def error_bars(values: npt.NDArray[np.float64], variances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far the error bars reach below and above, shape (2, bins).

    Counts have central 68.27 % intervals of the Poisson mean (Garwood, Biometrika 28 (1936) 437), as CMS draws them. If
    any bin is no count, data are weighted, and all bars are the square roots of the variances.
    """
    if not are_counts(values):
        return np.tile(np.sqrt(np.maximum(variances, 0)), (2, 1))
    low, high = np.array([_garwood(float(round(count))) for count in values]).reshape(-1, 2).T
    return np.array([values - low, high - values])


def are_counts(values: npt.NDArray[np.float64]) -> bool:
    """Whether all values are whole numbers and none is below 0, to rounding."""
    return bool(np.all((values >= 0) & (np.abs(values - np.round(values)) <= 1e-6 * np.maximum(1, values))))


def _garwood(count: float) -> tuple[float, float]:
    """The means for which so few, or so many, would be as rare as `TAIL`."""
    low = _mean(count - 1, 1 - TAIL) if count else 0.0
    return low, _mean(count, TAIL)


def _mean(count: float, probability: float) -> float:
    """The Poisson mean for which at most `count` is as probable as given.

    Wilson and Hilferty's approximation of the χ² quantile, mended by Newton's method.
    """
    pull = 1 if probability == TAIL else -1
    shape = count + 1
    mean = shape * (1 - 1 / (9 * shape) + pull / (3 * math.sqrt(shape))) ** 3
    if count > MOST_TERMS:
        return mean
    for _ in range(5):
        density = math.exp(count * math.log(mean) - mean - math.lgamma(shape))
        # The sum of all terms up to the count, in units of the last.
        terms = 1 + float(np.cumprod(np.arange(count, 0, -1) / mean).sum())
        mean += terms - probability / density
    return mean
