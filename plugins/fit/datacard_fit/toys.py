"""Toy data, and the goodness of fit by the saturated model.

Source: R. Cousins, "Generalization of chisquare goodness-of-fit test for binned data using saturated models" (2013), as
`combine -M GoodnessOfFit --algo saturated` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.minimum.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimum


@attrs.frozen(eq=False, kw_only=True)
class GoodnessOfFit:
    """The saturated statistic of the data, and of toys."""

    observed: float
    """Twice the negative log-likelihood above that of the saturated model."""
    toys: FloatArray
    """The statistic of each toy, shape (toys,)."""
    problems: tuple[str, ...] = ()

    @property
    def p_value(self) -> float | None:
        """Share of toys that are as far from the model as the data, None without toys."""
        return float((self.toys >= self.observed).mean()) if self.toys.size else None

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values."""
        return {"observed": self.observed, "p_value": self.p_value, "toys": self.toys.tolist()}


def toy(task: Task, minimum: Minimum, seed: np.random.SeedSequence) -> Data:
    """Return toy data: counts and measured values, both drawn at a fit.

    Args:
        task: the task of the fit.
        minimum: the fit.
        seed: seed of the random numbers.
    """
    engine, random = task.likelihood.engine, np.random.default_rng(seed)
    pulls = engine.pulls(minimum.at, task.data)
    expected = engine.expected(minimum.at, pulls) * task.likelihood.compiled.valid
    has_sum = task.likelihood.compiled.has_sum
    return attrs.evolve(
        task.data,
        events=random.poisson(expected).astype(float),
        centers=engine.constraints.drawn(minimum.at, random),
        bins=np.where(has_sum, pulls + random.normal(size=pulls.shape), 0.0),
    )


def goodness_of_fit(
    likelihood: Likelihood,
    *,
    toys: int = 0,
    seed: int = 1,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
) -> GoodnessOfFit:
    """Return the saturated goodness of fit.

    Args:
        likelihood: the likelihood.
        toys: number of toys that are drawn at the best fit.
        seed: seed of the toys; equal seeds give equal toys, however many are drawn.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
    """
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    found, problems = [], {best.problem}
    # A seed for each toy: toy n is the same however many are drawn, and wherever.
    for part in np.random.SeedSequence(seed).spawn(toys):
        drawn = attrs.evolve(task, data=toy(task, best, part))
        minimum = drawn.minimum(best.at)
        problems.add(minimum.problem)
        found.append(_statistic(drawn, minimum))
    return GoodnessOfFit(observed=_statistic(task, best), toys=np.array(found), problems=tuple(sorted(problems - {""})))


def _statistic(task: Task, minimum: Minimum) -> float:
    events, engine = np.maximum(task.data.events, 1e-300), task.likelihood.engine
    saturated = float(((task.data.events - task.data.events * np.log(events)) * engine.active).sum())
    return 2 * (minimum.value - saturated - engine.constraints.least(task.data.centers))
