"""Constraint terms of the likelihood: functions of single parameters, with their derivatives.

Source: the densities that `text2workspace.py` makes for each kind (ModelTools), of which only the parts that depend on
a parameter count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import FloatArray, IntArray


@attrs.frozen(kw_only=True)
class Density:
    """The density of one parameter."""

    kind: str
    """`normal`, `poisson`, `gamma` or `fermi`."""
    center: float = 0.0
    """Measured value: the mean of `normal`, the count of `poisson`, the shape of `gamma`."""
    below: float = 1.0
    """Width of `normal` below the centre, inverse scale of `gamma`, steepness of `fermi`."""
    above: float = 1.0
    """Width of `normal` above the centre."""
    reach: tuple[float, float] = (-math.inf, math.inf)
    """Lowest and highest measured value that Combine's variable for it can have."""


@attrs.frozen(eq=False, kw_only=True)
class Constraints:
    """The densities of all constrained parameters, as arrays by kind of density."""

    normal: IntArray
    """Positions of the parameters with a normal density."""
    below: FloatArray
    above: FloatArray
    poisson: IntArray
    gamma: IntArray
    inverse_scale: FloatArray
    """Inverse scales of the gamma densities."""
    fermi: IntArray
    steepness: FloatArray
    centers: FloatArray
    """Measured value of each parameter, shape (parameters,); 0 where there is none."""
    lowest: FloatArray
    """Lowest measured value that Combine's variable can have, of that shape."""
    highest: FloatArray

    @classmethod
    def of(cls, densities: Sequence[Density | None]) -> Constraints:
        """Return the constraints of parameters, of which some are free (None)."""
        kept = [(at, density) for at, density in enumerate(densities) if density is not None]

        def places(kind: str) -> IntArray:
            return np.array([at for at, density in kept if density.kind == kind], dtype=np.intp)

        def values(kind: str, name: str) -> FloatArray:
            return np.array([getattr(density, name) for _, density in kept if density.kind == kind], dtype=float)

        return cls(
            normal=places("normal"),
            below=values("normal", "below"),
            above=values("normal", "above"),
            poisson=places("poisson"),
            gamma=places("gamma"),
            inverse_scale=values("gamma", "below"),
            fermi=places("fermi"),
            steepness=values("fermi", "below"),
            centers=np.array([0.0 if density is None else density.center for density in densities], dtype=float),
            lowest=np.array([-math.inf if density is None else density.reach[0] for density in densities]),
            highest=np.array([math.inf if density is None else density.reach[1] for density in densities]),
        )

    def value(self, at: FloatArray, centers: FloatArray) -> float:
        """Return the sum of the negative logarithms of the densities.

        Args:
            at: parameters, shape (parameters,).
            centers: measured values, shape (parameters,).
        """
        pull = self._pulls(at, centers)[0]
        total = 0.5 * float(pull @ pull)
        if self.poisson.size:
            # Ranges keep parameters above 0; rounding at their end must not give the logarithm of 0.
            mean = np.maximum(at[self.poisson], 1e-300)
            total += float((mean - centers[self.poisson] * np.log(mean)).sum())
        if self.gamma.size:
            found = np.maximum(at[self.gamma], 1e-300)
            total += float((self.inverse_scale * found - (centers[self.gamma] - 1) * np.log(found)).sum())
        if self.fermi.size:
            total += float(_fermi(at[self.fermi], self.steepness)[0].sum())
        return total

    def add_gradient(self, at: FloatArray, centers: FloatArray, gradient: FloatArray) -> None:
        """Add the first derivatives to an array of shape (parameters,)."""
        pull, width = self._pulls(at, centers)
        gradient[self.normal] += pull / width
        if self.poisson.size:
            gradient[self.poisson] += 1 - centers[self.poisson] / np.maximum(at[self.poisson], 1e-300)
        if self.gamma.size:
            found = np.maximum(at[self.gamma], 1e-300)
            gradient[self.gamma] += self.inverse_scale - (centers[self.gamma] - 1) / found
        if self.fermi.size:
            gradient[self.fermi] += _fermi(at[self.fermi], self.steepness)[1]

    def curvature(self, at: FloatArray, centers: FloatArray) -> FloatArray:
        """Return the second derivatives, shape (parameters,)."""
        curvature = np.zeros(len(at))
        curvature[self.normal] = self._pulls(at, centers)[1] ** -2.0
        if self.poisson.size:
            curvature[self.poisson] = centers[self.poisson] / np.maximum(at[self.poisson], 1e-300) ** 2
        if self.gamma.size:
            curvature[self.gamma] = (centers[self.gamma] - 1) / np.maximum(at[self.gamma], 1e-300) ** 2
        if self.fermi.size:
            curvature[self.fermi] = _fermi(at[self.fermi], self.steepness)[2]
        return curvature

    def least(self, centers: FloatArray) -> float:
        """Return the smallest value that all densities can have together.

        Args:
            centers: measured values, shape (parameters,).
        """
        # At the modes: the count of a Poisson density, (shape - 1)/inverse scale of a gamma density, and 0.
        count = np.maximum(centers[self.poisson], 1e-300)
        most = np.maximum(centers[self.gamma] - 1, 1e-300)
        least = (count - count * np.log(count)).sum() + (most - most * np.log(most / self.inverse_scale)).sum()
        return float(least) + float(_fermi(np.zeros(self.fermi.size), self.steepness)[0].sum())

    def measured(self, at: FloatArray) -> FloatArray:
        """Return the measured values whose most probable parameters are given ones: those of Asimov data of a fit.

        Args:
            at: parameters, shape (parameters,).
        """
        centers = self.centers.copy()
        for places in (self.normal, self.poisson):
            centers[places] = at[places]
        # The mode of a gamma density is (shape - 1)/inverse scale.
        centers[self.gamma] = at[self.gamma] * self.inverse_scale + 1
        return np.clip(centers, self.lowest, self.highest)

    def drawn(self, at: FloatArray, random: np.random.Generator) -> FloatArray:
        """Return measured values that are drawn from the densities at some parameters, shape (parameters,).

        Those of gamma densities and of flat ones stay.

        Args:
            at: parameters, shape (parameters,).
            random: the generator of random numbers.
        """
        centers = self.centers.copy()
        normal = random.normal(size=self.normal.size)
        centers[self.normal] = at[self.normal] + normal * np.where(normal < 0, self.below, self.above)
        centers[self.poisson] = random.poisson(at[self.poisson])
        return np.clip(centers, self.lowest, self.highest)

    def _pulls(self, at: FloatArray, centers: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the distances from the centres in standard deviations, and the widths on that side."""
        distance = at[self.normal] - centers[self.normal]
        # At the centre both sides agree in value and slope, and the second derivative is that of the upper side.
        width = np.where(distance < 0, self.below, self.above)
        return distance / width, width


def _fermi(at: FloatArray, steepness: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return -log 1/((1 + exp(s(θ-1)))·(1 + exp(-s(θ+1)))), and its derivatives."""
    right, left = steepness * (at - 1), -steepness * (at + 1)
    # The logarithm of 1 + exp(x) without an overflow for large x.
    value = np.logaddexp(0, right) + np.logaddexp(0, left)
    above, below = 1 / (1 + np.exp(-right)), 1 / (1 + np.exp(-left))
    slope = steepness * (above - below)
    return value, slope, steepness**2 * (above * (1 - above) + below * (1 - below))
