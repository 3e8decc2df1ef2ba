"""Factors on the yields of columns, with exact derivatives.

The yield of a column is rate · exp(Σ log-normal exponents) · Π (offset + slope·variable). Each log-normal exponent is
θ·(average + difference·σ(2θ)), Combine's smoothed asymmetric power (`AsymPow`): its average and its difference are
(log κ_up - log κ_down)/2 and (log κ_up + log κ_down)/2. A symmetric log-normal has no difference. The other factors are
those of the POIs, of free parameters, and of the linear kinds; a variable is a parameter or the value of a formula.
"""

from __future__ import annotations

import itertools
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
    linear: IntArray
    """Positions of the variables of linear factors, rising, shape (linear,)."""
    at: IntArray
    """Position in `linear` of the variable of each factor, shape (columns, factors)."""

    def weights(self, variables: FloatArray) -> Weights:
        """Return the yields of the columns and their derivatives.

        Args:
            variables: parameters, then the values of formulas, shape (variables,).
        """
        theta = variables[: self.average.shape[1]]
        power = smoothed(theta, LOG_NORMAL_REGION)
        scale = self.rates * np.exp(self.average @ theta + self.difference @ power.value)
        linear = self.offset + self.slope * variables[self.variable]
        return Weights(
            factors=self,
            scale=scale,
            linear=linear,
            values=scale * linear.prod(axis=1),
            power_slope=power.slope,
            power_curvature=power.curvature,
            variables=len(variables),
        )


@attrs.frozen(eq=False, kw_only=True)
class Weights:
    """Yields of the columns at one point."""

    factors: Factors
    scale: FloatArray
    """Yields without the linear factors, shape (columns,)."""
    linear: FloatArray
    """The linear factors, shape (columns, factors)."""
    values: FloatArray
    """Yields, shape (columns,)."""
    power_slope: FloatArray
    power_curvature: FloatArray
    variables: int

    def exponents(self) -> FloatArray:
        """Return the derivatives of the exponents, shape (columns, parameters)."""
        exponents: FloatArray = self.factors.difference * self.power_slope
        exponents += self.factors.average
        return exponents

    def gradient(self, by_yield: FloatArray) -> FloatArray:
        """Return the derivatives of a function by the variables, from those by the yields, shape (variables,)."""
        factors = self.factors
        by_exponent = by_yield * self.values
        by_factor = (by_yield * self.scale)[:, None] * self._by_factor()
        gradient = np.zeros(self.variables)
        gradient += np.bincount(factors.variable.ravel(), by_factor.ravel(), self.variables)
        # Two products with vectors: the matrix of all exponents is needed for the Hessian alone.
        gradient[: len(self.power_slope)] += by_exponent @ factors.average
        gradient[: len(self.power_slope)] += self.power_slope * (by_exponent @ factors.difference)
        return gradient

    def by_variable(self) -> FloatArray:
        """Return the derivatives of the yields by the variables of linear factors, shape (columns, linear)."""
        rows, by_factor = np.arange(len(self.scale)), self._by_factor()
        jacobian = np.zeros((len(rows), len(self.factors.linear)))
        for place in range(self.linear.shape[1]):
            # A column may have one variable twice: each factor adds its part.
            jacobian[rows, self.factors.at[:, place]] += self.scale * by_factor[:, place]
        return jacobian

    def add_products(self, hessian: FloatArray, by_yield: FloatArray) -> None:
        """Add the second derivatives by two linear factors to a Hessian, shape (variables, variables)."""
        scaled, variable = by_yield * self.scale, self.factors.variable
        # Both orders of a pair, for both halves of the Hessian; np.add.at, as columns share variables.
        for first, second in itertools.permutations(range(self.linear.shape[1]), 2):
            np.add.at(hessian, (variable[:, first], variable[:, second]), scaled * self._others(first, second))

    def _by_factor(self) -> FloatArray:
        """Return the derivatives of the product of the linear factors by each variable, shape (columns, factors)."""
        places = range(self.linear.shape[1])
        return np.stack([self._others(place) for place in places], axis=1) if len(places) > 1 else self.factors.slope

    def _others(self, *left_out: int) -> FloatArray:
        """Return the products of the linear factors without some, times their slopes, shape (columns,)."""
        # A product without one factor, not a quotient: a factor may be 0, as r is in the background-only fit.
        kept = [place for place in range(self.linear.shape[1]) if place not in left_out]
        product: FloatArray = self.linear[:, kept].prod(axis=1)
        for place in left_out:
            product = product * self.factors.slope[:, place]
        return product
