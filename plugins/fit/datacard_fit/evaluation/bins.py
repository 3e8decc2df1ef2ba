"""Terms of the bins: observations, expectations, and the parameter of each bin at its minimum.

With p = 1 - n/λ the minimum is at ν = -p√Q, and λ is the larger root of λ² - (V - Q)λ - nQ = 0. The bin's term φ(V, Q)
then has the derivatives φ_V = p and φ_Q = -p²/2, and its second derivatives are n/(λ² + nQ) times the outer product of
(1, -p) with itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.morphing import FLOOR

if TYPE_CHECKING:
    from datacard_core import BoolArray, FloatArray
    from datacard_fit.evaluation.factors import Weights
    from datacard_fit.evaluation.morphing import Morphed


@attrs.frozen(eq=False, kw_only=True)
class Data:
    """Observations: counts of events, and measured values of the constrained parameters."""

    events: FloatArray
    """Shape (channels, bins)."""
    centers: FloatArray
    """Measured values of ordinary parameters and of those of cells, shape (parameters,)."""
    bins: FloatArray
    """Measured values of the parameters of bins, shape (channels, bins); 0 but for toys and Asimov data of a fit."""


@attrs.frozen(eq=False, kw_only=True)
class Yields:
    """Expected events at one point."""

    variables: FloatArray
    """Ordinary parameters and values of formulas."""
    weights: Weights
    values: FloatArray
    """Yields of the columns, shape (columns,)."""
    templates: Morphed
    content: FloatArray
    """Templates with the parameters of cells, shape (columns, bins)."""
    factor: FloatArray | None
    """Factors of these parameters, shape (columns, bins); None without cells."""
    total: FloatArray
    """V, shape (channels, bins)."""
    squared: FloatArray
    """Q, shape (channels, bins)."""


@attrs.frozen(eq=False, kw_only=True)
class Bins:
    """Terms of all bins at one point, each of shape (channels, bins)."""

    expected: FloatArray
    """λ, at least Combine's smallest content."""
    pull: FloatArray
    """ν minus its measured value."""
    slope: FloatArray
    """p, the derivative by V."""
    bend: FloatArray
    """Second derivative by V."""
    negligible: BoolArray
    """Bins whose λ had to be raised although they have events."""


def profiled(total: FloatArray, squared: FloatArray, events: FloatArray) -> Bins:
    """Return the terms of the bins with ν at its minimum.

    Args:
        total: V, shape (channels, bins).
        squared: Q, of that shape, at least 0.
        events: observed events, of that shape.
    """
    # The larger root of λ² - (V - Q)λ - nQ; the product of both is -nQ, which gives the form without cancellation.
    difference, product = total - squared, events * squared
    half = 0.5 * (np.abs(difference) + np.sqrt(difference * difference + 4 * product))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(difference >= 0, half, product / half)
    # Written so that a nan counts as negligible too.
    negligible = ~(expected > FLOOR)
    # Most points have no such bin: a test is less work than the choice in each of them.
    if negligible.any():
        expected = np.where(negligible, FLOOR, expected)
    slope = 1 - events / expected
    # The form of the second derivative that is finite for Q = 0, where it is n/λ².
    bend = events / (expected * expected + product)
    # Without events and with V below Q, λ is 0 and ν is -V/√Q.
    empty = negligible & (events == 0) & (squared > 0) & (difference < 0)
    if empty.any():
        slope[empty], bend[empty] = total[empty] / squared[empty], 1 / squared[empty]
    return Bins(
        expected=expected,
        pull=-slope * np.sqrt(squared),
        slope=slope,
        bend=bend,
        negligible=negligible & (events > 0),
    )
