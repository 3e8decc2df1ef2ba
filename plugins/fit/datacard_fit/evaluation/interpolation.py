"""The step between Down and Up that Combine smooths, and its derivatives.

Source: `smoothStepFunc` and `AsymPow` of Combine, described in its documentation under "Template shape uncertainties".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray


@attrs.frozen(eq=False)
class Smoothed:
    """Values of x·σ(x/q) and its first two derivatives with respect to x.

    σ(y) is the sign of y beyond |y| = 1, and y·(3y⁴ - 10y² + 15)/8 within.
    """

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray


def smoothed(x: FloatArray, region: FloatArray | float = 1.0) -> Smoothed:
    """Return x·σ(x/q) with its derivatives, each of the shape of `x`.

    Args:
        x: parameters, any shape.
        region: q, the distance from 0 within which the step is smoothed, above 0.
    """
    y = np.minimum(np.maximum(x / region, -1.0), 1.0)
    square = y * y
    step = y * ((0.375 * square - 1.25) * square + 1.875)
    # Both derivatives of the step vanish at y = ±1, so the clipped y gives those of the constant part too.
    rest = 1 - square
    slope = 1.875 * rest * rest
    return Smoothed(x * step, step + y * slope, (2 * slope - 7.5 * square * rest) / region)
