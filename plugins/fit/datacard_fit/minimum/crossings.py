"""Values of a parameter at which the profile likelihood has risen by a level, found by few steps.

At each point a quadratic model of the likelihood gives the profile as a parabola: the others are eliminated with one
factorisation and two right-hand sides, as in MINOS (F. James, M. Winkler, MINUIT User's Guide). A step goes to the root
of the parabola and to the minimum of the others there. Near the best fit its covariance replaces the Hessian at the
point, and learns from each gradient, so that gradients are enough; where they do not lead there, Newton's steps do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.minimum.minimiser import Minimum

if TYPE_CHECKING:
    from datacard_core import FloatArray, IntArray
    from datacard_fit.minimum.minimiser import Box
    from datacard_fit.minimum.task import Task

LOWER = 1e-4
"""Distance below the best fit's value from which on a likelihood is that of another minimum."""
IS_LOWER = "there is a lower minimum than the best fit"

# Rise up to which the covariance of the best fit is good enough to lead to a crossing.
_NEAR = 2.0
# Most steps; each one with the covariance divides the distance by the last number, or the Hessian has changed too much.
_STEPS, _GAIN = 8, 2.0


@attrs.frozen
class _Close:
    """Distances from a crossing at which the last step needs no evaluation behind it."""

    rise: float
    """Distance of the rise, as a share of it."""
    distance: float
    """Expected distance from the profile."""


# The error of a step with the exact Hessian is quadratic in these, of one with the covariance a fraction of them.
_BY_HESSIAN = _Close(0.02, 1e-4)
_BY_COVARIANCE = _Close(2e-3, 4e-6)


@attrs.frozen(eq=False)
class Crossing:
    """The value of a parameter at which twice the likelihood has risen by a level."""

    value: float
    """The value; the end of the range, or nan, if there is none."""
    at: FloatArray | None = None
    """All parameters there, shape (parameters,)."""
    problem: str = ""
    """Reason why there is no such value, or empty."""


@attrs.frozen(eq=False, kw_only=True)
class Parabola:
    """The profile of the quadratic model of a likelihood at a point: rise + slope·x + bend·x²."""

    point: Minimum
    place: int
    others: IntArray
    """Positions of the parameters that move with the profiled one."""
    rise: float
    """Twice the height above the best fit at the parameter's value of the point."""
    slope: float
    bend: float
    distance: float
    """Expected distance of the point from the profile."""
    back: FloatArray
    """Step from the minimum of the others to the point, shape (others,)."""
    along: FloatArray
    """Change of the others with the parameter, with the other sign, of that shape."""

    @classmethod
    def of(cls, point: Minimum, best: Minimum, place: int, held: Box) -> Parabola | None:
        """Return the parabola, None where the quadratic model has no minimum in the others.

        Args:
            point: the point.
            best: the best fit.
            place: position of the parameter.
            held: the ranges, with the parameter fixed.
        """
        if not math.isfinite(point.value):
            return None
        others = np.flatnonzero(held.free(point.at, point.gradient))
        inner, mixed = point.hessian[np.ix_(others, others)], point.hessian[others, place]
        try:
            np.linalg.cholesky(inner)
            solved = np.linalg.solve(inner, np.stack([point.gradient[others], mixed], axis=1))
        except np.linalg.LinAlgError:
            return None
        back, along = solved[:, 0], solved[:, 1]
        distance = 0.5 * float(point.gradient[others] @ back)
        return cls(
            point=point,
            place=place,
            others=others,
            rise=2 * (point.value - best.value - distance),
            slope=2 * float(point.gradient[place] - mixed @ back),
            bend=float(point.hessian[place, place] - mixed @ along),
            distance=distance,
            back=back,
            along=along,
        )

    def at(self, value: float) -> float:
        """Return the rise at a value of the parameter."""
        by = value - float(self.point.at[self.place])
        return self.rise + by * (self.slope + by * self.bend)

    def moved(self, by: float) -> FloatArray:
        """Return the parameters at the minimum after the profiled one has moved, shape (parameters,)."""
        moved = self.point.at.copy()
        moved[self.others] -= self.back + by * self.along
        moved[self.place] += by
        return moved


def evaluated(task: Task, at: FloatArray, known: list[Minimum]) -> Minimum:
    """Return the likelihood near a profile, and add it to the points that are known there.

    Args:
        task: the task.
        at: parameters, shape (parameters,).
        known: the known points.
    """
    now = task(at)
    point = Minimum(
        at=at,
        value=now.value,
        gradient=now.gradient,
        hessian=now.hessian,
        free=task.box.free(at, now.gradient),
        distance=math.inf,
        evaluations=1,
    )
    if math.isfinite(now.value):
        known.append(point)
    return point


def _updated(covariance: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return a covariance that explains the change of a gradient along a step: the update of BFGS.

    Source: Nocedal, Wright, Numerical Optimization, equation 6.17.
    """
    along = float(step @ change)
    # Without a positive curvature there is no such covariance.
    if not along > 0:
        return covariance
    moved = covariance @ change
    outer = np.outer(moved / along, step)
    updated: FloatArray = covariance - outer - outer.T
    updated += np.outer(step * ((along + float(change @ moved)) / along**2), step)
    return updated


def _is_last(rise: float, distance: float, level: float, close: _Close) -> bool:
    """Return whether the step from a point needs no evaluation behind it."""
    return abs(rise - level) < close.rise * level and distance < close.distance


@attrs.frozen(eq=False, kw_only=True)
class Search:
    """A search for one crossing."""

    task: Task
    best: Minimum
    place: int
    """Position of the parameter."""
    level: float
    direction: int
    """1 for values above the best fit, -1 for values below."""
    known: list[Minimum]
    """Points near the profile, from which searches start. Each search adds those that it meets."""

    @property
    def held(self) -> Box:
        """The ranges, with the parameter fixed."""
        return self.task.box.holding(self.place)

    def crossing(self) -> Crossing | None:
        """Return the crossing, or None if it is not found by few steps within the ranges."""
        reached = self._by_covariance() if self.level <= _NEAR and not self.best.problem else None
        return reached if isinstance(reached, Crossing) else self._by_hessian(reached)

    def _by_covariance(self) -> Crossing | FloatArray | None:
        """Return the crossing; or the parameters at which the covariance of the best fit leads no further, or None."""
        covariance, held, place = self.best.covariance, self.held, self.place
        variance = float(covariance[place, place])
        if not variance > 0:
            return None
        moving = self.best.free.copy()
        moving[place] = False
        at, gradient, before = self.best.at, self.best.gradient, math.inf
        following = at + self.direction * math.sqrt(self.level / variance) * covariance[:, place]
        for _ in range(_STEPS):
            following = held.clipped(following)
            if self._is_outside(following):
                return None
            now = self.task(following)
            # Parameters that come to an edge, or leave it, have no part in that covariance.
            if not math.isfinite(now.value) or (held.free(following, now.gradient) != moving).any():
                return None
            # The Hessian differs from that of the best fit in a few directions, as those in which templates bend.
            covariance = _updated(covariance, following - at, now.gradient - gradient)
            at, gradient = following, now.gradient
            # Change of the others on the profile, for a unit of the parameter.
            column = covariance[:, place] / covariance[place, place]
            back = covariance @ gradient
            back -= back[place] * column
            distance = 0.5 * float(gradient @ back)
            rise = 2 * (now.value - self.best.value - distance)
            by = self._root(rise, 2 * float(gradient @ column), 1 / float(covariance[place, place]))
            if rise < -2 * LOWER or distance * _GAIN > before or math.isnan(by):
                return at
            following, before = at + by * column - back, distance
            if _is_last(rise, distance, self.level, _BY_COVARIANCE):
                return Crossing(float(following[place]), held.clipped(following))
        return following

    def _by_hessian(self, at: FloatArray | None) -> Crossing | None:
        """Return the crossing that Newton's steps lead to, or None.

        Args:
            at: where they start; at the nearest known point without.
        """
        held = self.held
        point = self._nearest() if at is None else evaluated(self.task, at, self.known)
        for _ in range(_STEPS):
            if point.value < self.best.value - LOWER:
                return Crossing(math.nan, point.at, IS_LOWER)
            parabola = Parabola.of(point, self.best, self.place, held)
            if parabola is None:
                return None
            by = self._root(parabola.rise, parabola.slope, parabola.bend)
            if math.isnan(by):
                return None
            following = held.clipped(parabola.moved(by))
            if self._is_outside(following):
                return None
            if _is_last(parabola.rise, parabola.distance, self.level, _BY_HESSIAN):
                return Crossing(float(following[self.place]), following)
            point = evaluated(self.task, following, self.known)
        return None

    def _nearest(self) -> Minimum:
        """Return the point on this side of the best fit whose rise is nearest to the level."""
        # A point on the other side would lead to the crossing there.
        points = (point for point in self.known if point is self.best or not self._is_outside(point.at))
        return min(points, key=lambda point: abs(2 * (point.value - self.best.value) - self.level))

    def _is_outside(self, at: FloatArray) -> bool:
        """Return whether the parameter is beyond its range, or on the other side of the best fit."""
        value, box = float(at[self.place]), self.task.box
        ahead = (value - float(self.best.at[self.place])) * self.direction > 0
        return not (ahead and box.low[self.place] <= value <= box.high[self.place])

    def _root(self, rise: float, slope: float, bend: float) -> float:
        """Return where rise + slope·x + bend·x² is the level, on the side where it grows; nan if it is nowhere."""
        discriminant = slope * slope + 4 * bend * (self.level - rise)
        if not discriminant >= 0:
            return math.nan
        # The form without cancellation.
        below = slope + self.direction * math.sqrt(discriminant)
        return 2 * (self.level - rise) / below if below * self.direction > 0 else math.nan
