"""The minimum of a function with an exact Hessian, within ranges of its parameters.

Source: the trust region of Levenberg and Marquardt, as in Nocedal, Wright, Numerical Optimization, chapters 4 and 10.
The step solves (H + μD)s = -g with the exact Hessian where that is positive, else with the expected one; μ follows the
ratio of the actual to the predicted decrease. The step goes along the edges of the parameters' ranges.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import attrs
import numpy as np

from datacard_fit.minimum.degeneracies import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import BoolArray, FloatArray

TOLERANCE = 1e-9
"""Largest expected distance of the value from its minimum."""
_EVALUATIONS = 200
# Smallest damping, and one beyond which steps are too short to change anything.
_DAMPED, _STUCK = 1e-3, 1e12
# Smallest eigenvalue of a scaled Hessian that is more than rounding, and smallest part in its direction that is told.
_FLAT, _PART = 1e-9, 0.1
# Differences below this share of the value are those of its rounding.
_ROUNDING = 1e-12
# Expected distance from which on the function and its derivatives contradict each other.
_KINK = 1e-3
_NO_STEP = "no step makes the value smaller"
# Bounds of the ratio of the actual to the predicted decrease, below and above which the damping changes.
_POOR, _GOOD = 0.25, 0.75
_LEAST = 1e-4


class Point(Protocol):
    """A function at one point."""

    @property
    def value(self) -> float:
        """The value."""

    @property
    def gradient(self) -> FloatArray:
        """The derivatives, shape (parameters,)."""

    @property
    def hessian(self) -> FloatArray:
        """The second derivatives, shape (parameters, parameters)."""

    @property
    def expected(self) -> FloatArray:
        """A matrix like the Hessian without negative eigenvalues."""


@attrs.frozen(eq=False, kw_only=True)
class Box:
    """Ranges of the parameters, and those that do not move."""

    low: FloatArray
    high: FloatArray
    fixed: BoolArray

    def holding(self, *places: int) -> Box:
        """Return the box with further parameters fixed."""
        fixed = self.fixed.copy()
        fixed[list(places)] = True
        return attrs.evolve(self, fixed=fixed)

    def clipped(self, at: FloatArray) -> FloatArray:
        """Return the point of the box that is nearest to a point; fixed parameters stay."""
        return np.where(self.fixed, at, np.clip(at, self.low, self.high))

    def free(self, at: FloatArray, gradient: FloatArray) -> BoolArray:
        """Return the parameters that may move: neither fixed nor at an edge behind which the function falls."""
        at_edge = ((at <= self.low) & (gradient > 0)) | ((at >= self.high) & (gradient < 0))
        free: BoolArray = ~self.fixed & ~at_edge
        return free


@attrs.frozen(eq=False, kw_only=True)
class Minimum:
    """The end of a minimisation."""

    at: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    """Exact Hessian, shape (parameters, parameters)."""
    free: BoolArray
    """Parameters that are not fixed and not at an edge."""
    distance: float
    """Expected distance of the value from the minimum."""
    evaluations: int
    problem: str = ""
    """Reason why this is no minimum, or empty."""

    @cached_property
    def covariance(self) -> FloatArray:
        """Inverse Hessian of the free parameters, 0 for the others, shape (parameters, parameters)."""
        covariance = np.zeros_like(self.hessian)
        inner = np.ix_(self.free, self.free)
        if self.free.any():
            covariance[inner] = np.linalg.inv(self.hessian[inner])
        return covariance

    def degenerate(self) -> list[list[int]]:
        """Return the free parameters of each direction along which the function does not change, most of all first."""
        places = np.flatnonzero(self.free)
        width = np.sqrt(np.abs(np.diagonal(self.hessian)[places]))
        if not places.size or not np.isfinite(width).all():
            return []
        # The sum of the inverse eigenvalues, which is large if one is small: they need not be found if it is not.
        if not self.problem and np.diagonal(self.covariance)[places] @ width**2 < 1 / _FLAT:
            return []
        # Scaled by its diagonal, the Hessian is the inverse of a matrix of correlations, whatever the units are.
        scale = np.where(width > 0, width, 1.0)
        values, directions = np.linalg.eigh(self.hessian[np.ix_(places, places)] / np.outer(scale, scale))
        # Along a direction with a negative curvature the function changes: that is a problem of another kind.
        flat = directions[:, np.abs(values) <= _FLAT]
        # Several flat directions have no basis of their own; their projector has, and connects what belongs together.
        projector = flat @ flat.T
        groups = connected(np.abs(projector) > _PART**2)
        return [
            places[group[np.argsort(-np.diagonal(projector)[group], kind="stable")]].tolist()
            for group in groups
            if projector[group[0], group[0]] > _PART**2
        ]


class Minimiser(Protocol):
    """A function that finds minima, with the arguments of `minimise`."""

    def __call__(
        self, function: Callable[[FloatArray], Point], start: FloatArray, box: Box, *, tolerance: float = TOLERANCE
    ) -> Minimum:
        """Return the minimum that is reached from a start."""


def minimise(
    function: Callable[[FloatArray], Point], start: FloatArray, box: Box, *, tolerance: float = TOLERANCE
) -> Minimum:
    """Return the minimum that is reached from a start.

    Args:
        function: the function.
        start: parameters, shape (parameters,).
        box: their ranges.
        tolerance: largest expected distance of the value from its minimum.
    """
    at = box.clipped(start)
    now = function(at)
    evaluations, damping = 1, 0.0
    while evaluations < _EVALUATIONS:
        free = box.free(at, now.gradient)
        is_positive = _is_positive(now.hessian, free, damping)
        if not is_positive:
            # The exact Hessian leads to a saddle or a maximum here: the expected one has no negative eigenvalue.
            # It may have eigenvalues of 0 still, along which damping alone limits a step.
            damping = max(damping, 1e-6)
            model = now.expected
        else:
            model = now.hessian
        # The diagonal scales the damping, so that parameters of any unit are damped alike.
        step = _step(at, now.gradient, model, box, free, damping)
        predicted = -float(now.gradient @ step + 0.5 * step @ model @ step)
        if predicted <= tolerance and damping <= _DAMPED and is_positive:
            return ended(at, now, box, predicted, evaluations)
        following = function(at + step)
        evaluations += 1
        ratio = (now.value - following.value) / predicted if predicted > 0 else -1.0
        # Differences below the rounding of the value say nothing about the step.
        if predicted < _ROUNDING * max(1.0, abs(now.value)):
            # Damping makes steps short, also where the model knows a way down that is none: at a kink.
            full = _step(at, now.gradient, model, box, free, 0.0) if damping > _DAMPED and is_positive else step
            distance = -float(now.gradient @ full + 0.5 * full @ model @ full)
            return ended(at, now, box, distance, evaluations, _NO_STEP if distance > _KINK else "")
        if not np.isfinite(following.value) or ratio < _LEAST:
            damping = max(10 * damping, _DAMPED)
            if damping > _STUCK:
                return ended(at, now, box, predicted, evaluations, _NO_STEP)
            continue
        # The quadratic model holds: trust it further, or less.
        if ratio > _GOOD:
            damping = damping / 10 if damping > _DAMPED else 0.0
        elif ratio < _POOR:
            damping = max(4 * damping, _DAMPED)
        at, now = at + step, following
    return ended(at, now, box, np.inf, evaluations, f"no minimum after {evaluations} evaluations")


def ended(at: FloatArray, now: Point, box: Box, distance: float, evaluations: int, problem: str = "") -> Minimum:
    """Return the end of a minimisation, with a problem where the Hessian is not positive.

    Args:
        at: parameters, shape (parameters,).
        now: the function there.
        box: ranges of the parameters.
        distance: expected distance of the value from the minimum.
        evaluations: number of evaluations.
        problem: reason why this is no minimum, or empty.
    """
    free = box.free(at, now.gradient)
    if not problem and not _is_positive(now.hessian, free, 0.0):
        problem = "the Hessian is not positive at the end"
    return Minimum(
        at=at,
        value=now.value,
        gradient=now.gradient,
        hessian=now.hessian,
        free=free,
        distance=distance,
        evaluations=evaluations,
        problem=problem,
    )


def _damped(hessian: FloatArray, damping: float) -> FloatArray:
    """Return a Hessian with a part of its diagonal added."""
    if damping == 0:
        return hessian
    damped = hessian.copy()
    diagonal = np.abs(np.diagonal(hessian))
    # A parameter that changes nothing here has a diagonal of 0, and is damped by a share of the largest.
    damped[np.diag_indices(len(damped))] += damping * np.maximum(diagonal, 1e-9 * max(1.0, diagonal.max(initial=0)))
    return damped


def _is_positive(hessian: FloatArray, free: BoolArray, damping: float) -> bool:
    """Return whether the damped Hessian of the free parameters is positive definite."""
    try:
        factor = np.linalg.cholesky(_damped(hessian, damping)[np.ix_(free, free)])
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(factor).all())


def _step(
    at: FloatArray, gradient: FloatArray, hessian: FloatArray, box: Box, free: BoolArray, damping: float
) -> FloatArray:
    """Return a step towards the minimum of the damped quadratic model, which ends within the box.

    The step goes straight to that minimum until it meets an edge of the box, and along the edge from there: each part
    makes the model smaller.
    """
    damped = _damped(hessian, damping)
    step, moving = np.zeros_like(at), free.copy()
    below, above = box.low - at, box.high - at
    while moving.any():
        inner = np.ix_(moving, moving)
        part = np.zeros_like(at)
        part[moving] = _solved(damped[inner], -(gradient + damped @ step)[moving])
        room = np.where(part < 0, below, above) - step
        with np.errstate(divide="ignore", invalid="ignore"):
            fractions = np.where(part != 0, room / part, np.inf)
        fraction = min(1.0, float(fractions[moving].min()))
        step += fraction * part
        if fraction == 1:
            break
        # Several parameters may meet their edges in the same step; rounding must not let one slip through.
        met = moving & (fractions <= fraction * (1 + 1e-12))
        step[met] = np.where(part < 0, below, above)[met]
        moving &= ~met
    return step


def _solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return the solution of linear equations, of degenerate ones the shortest."""
    try:
        solution: FloatArray = np.linalg.solve(matrix, right).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        solution = np.linalg.lstsq(matrix, right, rcond=None)[0].astype(np.float64, copy=False)
    return solution
