"""Yields between -2 and +2 standard deviations, as Combine and as HistFactory interpolate them.

Sources: Combine's `AsymPow` and `FastVerticalInterpHistPdf2`; HistFactory's interpolation codes 4 and 4p
(CERN-OPEN-2012-016 and the documentation of pyhf). Both programs use the same polynomial for templates, so a template
that moves alone and has no bin below 0 is the same in both; factors on yields differ within one standard deviation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray

THETAS = np.linspace(-2, 2, 17)
"""Values of a nuisance at which the two models are compared, in standard deviations."""
FLOOR = 1e-9
"""Smallest content of a bin in Combine."""
_REGION = 0.5
"""Distance from 0 within which Combine smooths the step between the factors of an asymmetric log-normal."""
_RECIPROCAL = 1e-5
"""Distance of κ_down·κ_up from 1 below which Combine takes κ_up alone."""
_POWERS = np.arange(1, 7)


def combine_factor(down: FloatArray, up: FloatArray) -> FloatArray:
    """Return Combine's factors on yields, shape (thetas, n), from those at -1 and +1 standard deviation, shape (n,)."""
    above, below = np.log(up), np.log(down)
    # As in Combine, so that rounded reciprocals in a card give a symmetric log-normal.
    below = np.where(np.abs(down * up - 1) < _RECIPROCAL, -above, below)
    exponent = THETAS[:, None] * (above - below) / 2 + _smoothed(THETAS, _REGION)[:, None] * (above + below) / 2
    factor: FloatArray = np.exp(exponent)
    return factor


def histfactory_factor(down: FloatArray, up: FloatArray) -> FloatArray:
    """Return HistFactory's factors by code 4, shape (thetas, n), from those at -1 and +1, shape (n,)."""
    ones, signs = np.ones(6), (-1.0) ** _POWERS
    # A polynomial of degree 6 that has the value, the slope and the curvature of the exponentials at -1 and +1.
    conditions = np.stack([
        ones, signs,
        _POWERS, -signs * _POWERS,
        _POWERS * (_POWERS - 1), signs * _POWERS * (_POWERS - 1),
    ])  # fmt: skip
    above, below = np.log(up), -np.log(down)
    values = np.stack([up - 1, down - 1, above * up, below * down, above**2 * up, below**2 * down])
    coefficients = np.linalg.solve(conditions, values)
    inside = 1 + THETAS[:, None] ** _POWERS @ coefficients
    outside = np.where(THETAS[:, None] > 0, up ** np.abs(THETAS)[:, None], down ** np.abs(THETAS)[:, None])
    factor: FloatArray = np.where(np.abs(THETAS)[:, None] < 1, inside, outside)
    return factor


def combine_template(
    nominal: FloatArray, down: FloatArray, up: FloatArray, scale: FloatArray, *, is_log: bool, is_scaled: bool
) -> FloatArray:
    """Return Combine's templates, shape (thetas, n, bins).

    Args:
        nominal: templates of shape (n, bins).
        down: templates at -1 standard deviation of x = scale·θ.
        up: templates at +1.
        scale: standard deviations that the templates stand for, shape (n,).
        is_log: True if logarithms of the contents are interpolated.
        is_scaled: True if the templates have one integral, to which the result is scaled.
    """
    x = THETAS[:, None] * scale
    if is_log:
        # Combine takes a large negative logarithm for an empty bin, which has the same effect.
        middle, low, high = (np.log(np.maximum(part, FLOOR)) for part in (nominal, down, up))
        moved = np.exp(_vertical(x, middle, low, high))
    else:
        moved = np.maximum(_vertical(x, nominal, down, up), FLOOR)
    if not is_scaled:
        return moved
    scaled: FloatArray = moved * (nominal.sum(axis=-1) / moved.sum(axis=-1))[..., None]
    return scaled


def histfactory_template(nominal: FloatArray, down: FloatArray, up: FloatArray) -> FloatArray:
    """Return HistFactory's templates by code 4p, shape (thetas, n, bins), from those at -1 and +1, shape (n, bins)."""
    return _vertical(THETAS[:, None], nominal, down, up)


def _vertical(x: FloatArray, nominal: FloatArray, down: FloatArray, up: FloatArray) -> FloatArray:
    step = _smoothed(x, 1.0)
    found: FloatArray = nominal + (x[..., None] * (up - down) + step[..., None] * (up + down - 2 * nominal)) / 2
    return found


def _smoothed(x: FloatArray, region: float) -> FloatArray:
    """Return x times a sign that is smoothed within a distance of 0."""
    y = np.clip(x / region, -1, 1)
    found: FloatArray = x * y * (3 * y**4 - 10 * y**2 + 15) / 8
    return found
