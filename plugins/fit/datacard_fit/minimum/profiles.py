"""Profiles: the minimum of a likelihood as a function of one parameter, and where it rises by some amount."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.minimum.crossings import IS_LOWER, LOWER, Crossing, Parabola, Search, evaluated

if TYPE_CHECKING:
    from datacard_core import FloatArray
    from datacard_fit.minimum.minimiser import Minimum
    from datacard_fit.minimum.task import Task

_STEPS = 40
# Far below the accuracy of Combine's own intervals, 1e-3 of a standard deviation.
_PRECISION = 1e-4
# Expected distance of a minimum from the profile: a hundredth of that.
_TOLERANCE = 1e-6


@attrs.define(eq=False, kw_only=True)
class Profile:
    """The minima of a task with one parameter fixed. Those already found are starts of the next ones."""

    task: Task
    place: int
    best: Minimum
    found: dict[float, Minimum] = attrs.field(factory=dict)
    near: list[Minimum] = attrs.field(factory=list)
    """Points near the profile that searches for crossings have met."""

    @classmethod
    def of(cls, task: Task, name: str, best: Minimum) -> Profile:
        """Return the profile of one parameter.

        Args:
            task: the task.
            name: the parameter.
            best: the minimum of the task.
        """
        place = task.likelihood.position(name)
        return cls(task=task, place=place, best=best, found={float(best.at[place]): best}, near=[best])

    @property
    def lowest(self) -> Minimum:
        """The lowest point that was met; in the presence of several minima it may lie below the best fit."""
        return min((*self.near, *self.found.values()), key=lambda point: point.value)

    def at(self, value: float) -> Minimum:
        """Return the minimum with the parameter fixed at a value."""
        if value in self.found and value != self.best.at[self.place]:
            return self.found[value]
        # The nearest minimum is the best start: neighbours of a scan or of an interval differ little.
        near = min(self.found, key=lambda known: abs(known - value))
        start = self._moved(self.found[near], value - near)
        minimum = self.task.minimum(start, self.task.box.holding(self.place), tolerance=_TOLERANCE)
        self.found[value] = minimum
        return minimum

    def _moved(self, minimum: Minimum, by: float) -> FloatArray:
        """Return the expected place of the minimum after the parameter has moved."""
        start = minimum.at.copy()
        start[self.place] += by
        # A minimum at the end of a range stays there to first order.
        others = minimum.free.copy()
        others[self.place] = False
        inner = np.ix_(others, others)
        try:
            start[others] -= by * np.linalg.solve(minimum.hessian[inner], minimum.hessian[others, self.place])
        except np.linalg.LinAlgError:
            return start
        return self.task.box.holding(self.place).clipped(start)

    def rise(self, value: float) -> float:
        """Return by how much twice the likelihood lies above the best fit."""
        return 2 * (self.at(value).value - self.best.value)

    def parabola(self, value: float) -> Parabola | None:
        """Return the parabola at a point near the profile, with the parameter at a value; None if there is none."""
        held = self.task.box.holding(self.place)
        nearest = min(self.near, key=lambda point: abs(float(point.at[self.place]) - value))
        start = Parabola.of(nearest, self.best, self.place, held)
        if start is None:
            return None
        at = held.clipped(start.moved(value - float(nearest.at[self.place])))
        return Parabola.of(evaluated(self.task, at, self.near), self.best, self.place, held)

    def crossing(self, level: float, direction: int) -> Crossing:
        """Return where twice the likelihood has risen by a level.

        Args:
            level: the rise, above 0.
            direction: 1 for values above the best fit, -1 for values below.
        """
        center = float(self.best.at[self.place])
        end = float((self.task.box.high if direction > 0 else self.task.box.low)[self.place])
        if (end - center) * direction <= 0:
            return Crossing(end, self.best.at, "the best fit is at the end of the range")
        search = Search(
            task=self.task, best=self.best, place=self.place, level=level, direction=direction, known=self.near
        )
        return search.crossing() or self._bracketed(level, direction, end)

    def _bracketed(self, level: float, direction: int, end: float) -> Crossing:
        """Return the crossing between two minima, one on each side of it, which come together."""
        inside, outside = float(self.best.at[self.place]), math.nan
        # With a parabola the first guess is the crossing, as the covariance says.
        value = self._first(level, direction, end)
        wanted = math.sqrt(level)
        for _ in range(_STEPS):
            minimum = self.at(value)
            rise = 2 * (minimum.value - self.best.value)
            if rise < -2 * LOWER:
                return Crossing(math.nan, minimum.at, IS_LOWER)
            if abs(rise - level) < _PRECISION * level:
                return Crossing(value, minimum.at, minimum.problem)
            # Both ends of a bracket are kept, so that no step leads away from the crossing.
            if rise < level:
                inside = value
                if value == end:
                    return Crossing(end, minimum.at, "the range ends before the likelihood has risen enough")
            else:
                outside = value
            value = self._next(
                value, rise, float(minimum.gradient[self.place]), wanted, inside, outside, end, direction
            )
        return Crossing(math.nan, None, "no crossing was found")

    def _first(self, level: float, direction: int, end: float) -> float:
        center = float(self.best.at[self.place])
        variance = self._variance()
        width = math.sqrt(level * variance) if variance > 0 else 0.1 * min(abs(end - center), 1 + abs(center))
        value = center + direction * width
        return min(value, end) if direction > 0 else max(value, end)

    def _variance(self) -> float:
        """Return the variance of the parameter at the best fit, also if that is at the end of the range; 0 without."""
        free = self.best.free.copy()
        free[self.place] = True
        try:
            covariance = np.linalg.inv(self.best.hessian[np.ix_(free, free)])
        except np.linalg.LinAlgError:
            return 0.0
        place = int(free[: self.place].sum())
        return float(covariance[place, place])

    def _next(
        self,
        value: float,
        rise: float,
        slope: float,
        wanted: float,
        inside: float,
        outside: float,
        end: float,
        direction: int,
    ) -> float:
        """Return the next value: a Newton step of the root of the rise, kept within the bracket."""
        root = math.sqrt(max(rise, 0.0))
        # The root of a parabola is a straight line, so that one step is nearly enough.
        following = value + (wanted - root) * root / slope if slope * direction > 0 and root > 0 else math.nan
        if not math.isnan(outside):
            low, high = sorted((inside, outside))
            margin = 1e-3 * (high - low)
            if not low + margin <= following <= high - margin:
                following = (inside + outside) / 2
            return following
        if math.isnan(following) or (following - value) * direction <= 0:
            following = value + direction * max(abs(value - self.best.at[self.place]), 1e-3)
        # A flat likelihood gives huge steps.
        most = value + direction * 4 * max(abs(value - self.best.at[self.place]), 1e-3)
        following = min(following, most, end) if direction > 0 else max(following, most, end)
        return float(following)
