"""Factors on the yields of columns, with exact derivatives.

The yield of a column is rate · exp(Σ log-normal exponents) · Π (offset + slope·variable). Each log-normal exponent is
θ·(average + difference·σ(2θ)), Combine's smoothed asymmetric power (`AsymPow`): its average and its difference are
(log κ_up - log κ_down)/2 and (log κ_up + log κ_down)/2. A symmetric log-normal has no difference. The other factors are
those of the POIs, of free parameters, and of the linear kinds; a variable is a parameter or the value of a formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.interpolation import smoothed

if TYPE_CHECKING:
    from datacard_core import FloatArray, IntArray

LOG_NORMAL_REGION = 0.5
"""Distance from θ = 0 within which Combine smooths asymmetric log-normals."""


@attrs.frozen(eq=False, kw_only=True)
class Factors:
    """The factors of all columns, as arrays."""

    rates: FloatArray
    """Yields before all factors, shape (columns,)."""
    average: FloatArray
    """Average exponents, shape (columns, parameters)."""
    difference: FloatArray
    """Half differences of the exponents, shape (columns, parameters)."""
    offset: FloatArray
    """Offsets of the linear factors, shape (columns, factors); 1 where a column has fewer factors."""
    slope: FloatArray
    """Slopes, shape (columns, factors)."""
    variable: IntArray
    """Positions of the variables, shape (columns, factors)."""

    def weights(self, variables: FloatArray) -> Weights:
        """Return the yields of the columns and their derivatives.

        Args:
            variables: parameters, then the values of formulas, shape (variables,).
        """
        parameters = self.average.shape[1]
        theta = variables[:parameters]
        power = smoothed(theta, LOG_NORMAL_REGION)
        scale = self.rates * np.exp(self.average @ theta + self.difference @ power.value)
        factors = self.offset + self.slope * variables[self.variable]
        return Weights(self, scale, factors, power.slope, power.curvature, len(variables))


@attrs.frozen(eq=False)
class Weights:
    """Yields of the columns at one point."""

    factors: Factors
    scale: FloatArray
    """Yields without the linear factors, shape (columns,)."""
    linear: FloatArray
    """The linear factors, shape (columns, factors)."""
    power_slope: FloatArray
    power_curvature: FloatArray
    variables: int

    @property
    def values(self) -> FloatArray:
        """Yields, shape (columns,)."""
        product: FloatArray = self.scale * self.linear.prod(axis=1)
        return product

    def exponents(self) -> FloatArray:
        """Return the derivatives of the exponents, shape (columns, parameters)."""
        exponents: FloatArray = self.factors.average + self.factors.difference * self.power_slope
        return exponents

    def others(self, *left_out: int) -> FloatArray:
        """Return the products of the linear factors without some, times their slopes, shape (columns,)."""
        kept = [place for place in range(self.linear.shape[1]) if place not in left_out]
        product: FloatArray = self.linear[:, kept].prod(axis=1)
        for place in left_out:
            product = product * self.factors.slope[:, place]
        return product

    def jacobian(self, exponents: FloatArray) -> FloatArray:
        """Return the derivatives of the yields, shape (columns, variables)."""
        columns, parameters = exponents.shape
        jacobian = np.zeros((columns, self.variables))
        np.multiply(exponents, self.values[:, None], out=jacobian[:, :parameters])
        # The product without one factor, not a quotient: a factor may be 0, as r is in the background-only fit.
        rows = np.arange(columns)
        for place in range(self.linear.shape[1]):
            # A column may have one variable twice: each factor adds its part.
            jacobian[rows, self.factors.variable[:, place]] += self.scale * self.others(place)
        return jacobian

    def add_curvature(self, hessian: FloatArray, exponents: FloatArray, by_yield: FloatArray) -> None:
        """Add the second derivatives of the yields, contracted with weights, to a Hessian.

        Args:
            hessian: shape (variables, variables).
            exponents: derivatives of the exponents, shape (columns, parameters).
            by_yield: derivatives of the function by the yields, shape (columns,).
        """
        parameters = exponents.shape[1]
        # Exponents: second derivatives of an exponential are products of first ones, and the diagonal of the smoothing.
        weighted = by_yield * self.values
        block = exponents.T @ (weighted[:, None] * exponents)
        block[np.diag_indices(parameters)] += self.power_curvature * (weighted @ self.factors.difference)
        hessian[:parameters, :parameters] += block
        # Products of an exponent and a linear factor; two linear factors below.
        scaled = by_yield * self.scale
        places = self.linear.shape[1]
        mixed = np.zeros((self.variables, parameters))
        for place in range(places):
            by_variable = (scaled * self.others(place))[:, None] * exponents
            np.add.at(mixed, self.factors.variable[:, place], by_variable)
        hessian[:, :parameters] += mixed
        hessian[:parameters, :] += mixed.T
        for first in range(places):
            for second in range(places):
                if first != second:
                    at = (self.factors.variable[:, first], self.factors.variable[:, second])
                    np.add.at(hessian, at, scaled * self.others(first, second))
