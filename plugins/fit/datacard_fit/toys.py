"""Toy data, and the goodness of fit by the saturated model.

Source: R. Cousins, "Generalization of chisquare goodness-of-fit test for binned data using saturated models" (2013), as
`combine -M GoodnessOfFit --algo saturated` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.minimum.task import Task
from datacard_fit.sharing import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core import ExecutorLike, FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimum


@attrs.frozen(eq=False, kw_only=True)
class Toys:
    """Toy data of a likelihood."""

    channels: tuple[str, ...]
    bins: tuple[int, ...]
    """Number of bins of each channel."""
    names: tuple[str, ...]
    """Parameters with a measured value in `centers`."""
    data: tuple[Data, ...]
    """The toys, as the functions that fit take them."""

    def arrays(self) -> dict[str, FloatArray]:
        """Return counts as `events/` and channel, shape (toys, bins), and measured values as `constraint/` and name."""
        events = np.array([toy.events for toy in self.data])
        centers = np.array([toy.centers for toy in self.data])
        pulls = np.array([toy.bins for toy in self.data])
        named = zip(self.channels, self.bins, strict=True)
        found = {f"events/{name}": events[:, place, :number] for place, (name, number) in enumerate(named)}
        found |= {f"constraint/{name}": centers[:, place] for place, name in enumerate(self.names)}
        bins = enumerate(zip(self.channels, self.bins, strict=True))
        found |= {f"constraint/prop_bin{name}": pulls[:, place, :number] for place, (name, number) in bins}
        return found


def toys(
    likelihood: Likelihood,
    count: int,
    *,
    seed: int = 1,
    fitted: bool = False,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
) -> Toys:
    """Return toy data, each with counts and measured values of the constrained parameters.

    Args:
        likelihood: the likelihood.
        count: number of toys.
        seed: seed of the random numbers; toy n is the same however many are drawn.
        fitted: draw them at the best fit, in place of the start values, which do not depend on the data.
        data: observations that are fitted; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
    """
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    at = task.best().at if fitted else task.start
    if not fitted:
        # Data that the start values expect have their parameters of whole bins at 0.
        none = np.zeros_like(task.data.bins)
        events = likelihood.engine.expected(at, none) * likelihood.compiled.valid
        task = attrs.evolve(task, data=attrs.evolve(likelihood.data, events=events))
    compiled = likelihood.compiled
    return Toys(
        channels=compiled.channels,
        bins=compiled.bins,
        names=likelihood.names[: len(at)],
        data=tuple(toy(task, at, part) for part in np.random.SeedSequence(seed).spawn(count)),
    )


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


def toy(task: Task, at: FloatArray, seed: np.random.SeedSequence) -> Data:
    """Return toy data: counts and measured values, both drawn at some parameters.

    Args:
        task: the task, whose data have the parameters of whole bins at their minimum.
        at: the parameters of the engine, shape (parameters,).
        seed: seed of the random numbers.
    """
    engine, random = task.likelihood.engine, np.random.default_rng(seed)
    pulls = engine.pulls(at, task.data)
    expected = engine.expected(at, pulls) * task.likelihood.compiled.valid
    has_sum = task.likelihood.compiled.has_sum
    return attrs.evolve(
        task.data,
        events=random.poisson(expected).astype(float),
        centers=engine.constraints.drawn(at, random),
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
    executor: ExecutorLike | None = None,
    jobs: int = 1,
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
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to work on.
        jobs: number of processes if no executor is given.
    """
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    # A seed for each toy: toy n is the same however many are drawn, and wherever.
    seeds = np.random.SeedSequence(seed).spawn(toys)
    found = shared(_fitted, (task, best), seeds, doing="toys", executor=executor, jobs=jobs)
    return GoodnessOfFit(
        observed=_statistic(task, best),
        toys=np.array([statistic for statistic, _ in found]),
        problems=tuple(sorted({best.problem, *(problem for _, problem in found)} - {""})),
    )


def _fitted(task: Task, best: Minimum, seeds: Sequence[np.random.SeedSequence]) -> list[tuple[float, str]]:
    """Return the statistic and the problem of the fit to each toy."""
    found = []
    for seed in seeds:
        drawn = attrs.evolve(task, data=toy(task, best.at, seed))
        minimum = drawn.minimum(best.at)
        found.append((_statistic(drawn, minimum), minimum.problem))
    return found


def _statistic(task: Task, minimum: Minimum) -> float:
    events, engine = np.maximum(task.data.events, 1e-300), task.likelihood.engine
    saturated = float(((task.data.events - task.data.events * np.log(events)) * engine.active).sum())
    return 2 * (minimum.value - saturated - engine.constraints.least(task.data.centers))
