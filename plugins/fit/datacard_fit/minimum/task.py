"""A likelihood with data, ranges and fixed parameters: what a fit minimises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import DeclarationError, closest
from datacard_fit.minimum.minimiser import TOLERANCE, Box, Minimum, minimise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.evaluation.engine import Evaluation
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimiser


@attrs.frozen(eq=False, kw_only=True)
class Task:
    """A function to minimise, with its start and its ranges."""

    likelihood: Likelihood
    data: Data
    start: FloatArray
    """Start values of the engine's parameters, shape (parameters,)."""
    box: Box
    minimiser: Minimiser = minimise

    @classmethod
    def of(
        cls,
        likelihood: Likelihood,
        *,
        data: Data | None = None,
        values: Mapping[str, float] | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        freeze: Iterable[str] = (),
        minimiser: Minimiser = minimise,
    ) -> Task:
        """Return the task of a likelihood.

        Args:
            likelihood: the likelihood.
            data: observations; those of the model without.
            values: start values by parameter.
            ranges: lowest and highest value by parameter.
            freeze: parameters that stay at their start value, and groups of parameters.
            minimiser: the function that finds minima.

        Raises:
            DeclarationError: a name is unknown, or a range is empty.
        """
        table = likelihood.compiled.parameters
        size = len(likelihood.engine.constraints.centers)
        start = likelihood.array(dict(values or {}))[:size].copy()
        low, high = table.low[:size].copy(), table.high[:size].copy()
        problems = []
        for name, (lowest, highest) in (ranges or {}).items():
            place = likelihood.position(name)
            if not lowest < highest:
                problems.append(f"range of {name!r} is {lowest:g} to {highest:g}, expected a lower and a higher number")
            elif place >= size:
                problems.append(
                    f"{name!r} is the parameter of a bin, which is at its minimum in a fit: it has no range"
                )
            else:
                low[place], high[place] = lowest, highest
        fixed = np.array([parameter.is_constant for parameter in table.parameters[:size]], dtype=np.bool_)
        if problems:
            raise DeclarationError(problems)
        for places in members(likelihood, freeze):
            fixed[[place for place in places if place < size]] = True
        return cls(
            likelihood=likelihood,
            data=data or likelihood.data,
            start=start,
            box=Box(low=low, high=high, fixed=fixed),
            minimiser=minimiser,
        )

    def __call__(self, at: FloatArray) -> Evaluation:
        """Return the negative log-likelihood with its derivatives."""
        return self.likelihood.engine.evaluate(at, self.data)

    def minimum(
        self, start: FloatArray | None = None, box: Box | None = None, *, tolerance: float = TOLERANCE
    ) -> Minimum:
        """Return the minimum, from the task's start and within its ranges unless others are given."""
        return self.minimiser(self, self.start if start is None else start, box or self.box, tolerance=tolerance)

    def best(self) -> Minimum:
        """Return the best fit.

        It starts where the POIs have their start values, or where they are 0, whichever is nearer to the data: signals
        that are far too large there lead to other minima. The other start is tried if the first one leads to none.
        """
        pois = [place for place in map(self.likelihood.position, self.likelihood.pois) if not self.box.fixed[place]]
        none = self.start.copy()
        none[pois] = 0.0
        # The values alone: one of the two starts needs no derivative.
        engine = self.likelihood.engine
        starts = sorted((self.start, self.box.clipped(none)), key=lambda start: engine.value(start, self.data))
        minimum = self.minimum(starts[0])
        if not minimum.problem:
            return minimum
        other = self.minimum(starts[1])
        return minimum if other.problem and minimum.value <= other.value else other

    def within(self, name: str, low: float, high: float = math.inf) -> Task:
        """Return the task with another range of one parameter."""
        place = self.likelihood.position(name)
        lows, highs = self.box.low.copy(), self.box.high.copy()
        lows[place], highs[place] = low, high
        return attrs.evolve(self, box=attrs.evolve(self.box, low=lows, high=highs))

    def all_values(self, at: FloatArray) -> FloatArray:
        """Return all parameters of the likelihood, those of whole bins at their minimum."""
        return self.likelihood.joined(at, self.likelihood.engine.pulls(at, self.data))


def members(likelihood: Likelihood, names: Iterable[str]) -> list[list[int]]:
    """Return the positions of each parameter, or of the members of each group.

    Raises:
        DeclarationError: names are unknown.
    """
    groups, parameters = likelihood.model.groups, set(likelihood.names)
    names = list(names)
    known = [*likelihood.names, *groups]
    if unknown := [name for name in names if name not in parameters and name not in groups]:
        raise DeclarationError(
            [f"no parameter and no group {name!r} to freeze{closest(name, known)}" for name in unknown]
        )
    # A parameter goes before a group of its name.
    inside = [[name] if name in parameters else groups[name] for name in names]
    return [[likelihood.position(name) for name in found if name in parameters] for found in inside]
