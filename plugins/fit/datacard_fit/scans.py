"""Scans of the profile likelihood in one parameter or two."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import DeclarationError
from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task
from datacard_fit.sharing import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core import ExecutorLike, FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimum


@attrs.frozen(eq=False, kw_only=True)
class Scan:
    """The profile likelihood on a grid."""

    names: tuple[str, ...]
    points: FloatArray
    """Values of the scanned parameters, shape (points, parameters)."""
    rise: FloatArray
    """Negative log-likelihood above that of the best fit, shape (points,)."""
    best: tuple[float, ...]
    """Values of the scanned parameters at the best fit."""
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the scan as plain values."""
        return {
            "parameters": list(self.names),
            "best": list(self.best),
            "points": [
                {**dict(zip(self.names, point, strict=True)), "delta_nll": rise}
                for point, rise in zip(self.points.tolist(), self.rise.tolist(), strict=True)
            ],
        }


def scan(
    likelihood: Likelihood,
    grid: Mapping[str, Sequence[float]],
    *,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    executor: ExecutorLike | None = None,
    jobs: int = 1,
) -> Scan:
    """Return the profile likelihood on a grid of one parameter or two.

    Args:
        likelihood: the likelihood.
        grid: values of each scanned parameter.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to work on.
        jobs: number of processes if no executor is given.

    Raises:
        DeclarationError: a name is unknown, or the grid has no parameter or more than two.
    """
    if len(grid) not in (1, 2):
        raise DeclarationError([f"a scan of {len(grid)} parameters, expected one or two"])
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    names = tuple(grid)
    axes = [np.asarray(grid[name], dtype=float).tolist() for name in names]
    line = _line if len(names) == 1 else _plane
    common = (task, best, *names, *axes[1:])
    found = shared(line, common, axes[0], doing="scan", executor=executor, jobs=jobs)
    return Scan(
        names=names,
        points=np.array(list(itertools.product(*axes))),
        rise=np.array([value - best.value for points in found for value, _ in points]),
        best=tuple(float(best.at[likelihood.position(name)]) for name in names),
        problems=tuple(sorted({problem for points in found for _, problem in points if problem})),
    )


def _line(task: Task, best: Minimum, name: str, values: Sequence[float]) -> list[list[tuple[float, str]]]:
    """Return the value and the problem of the minimum at each value of a parameter."""
    profile = Profile.of(task, name, best)
    return [[(minimum.value, minimum.problem)] for minimum in map(profile.at, values)]


def _plane(
    task: Task, best: Minimum, first: str, second: str, others: Sequence[float], values: Sequence[float]
) -> list[list[tuple[float, str]]]:
    """Return those of each point of a plane, in lines with the same value of the first parameter."""
    place, found = task.likelihood.position(first), []
    for value in values:
        # A line of the plane is a profile in the second parameter with the first one fixed.
        start = best.at.copy()
        start[place] = value
        line = attrs.evolve(task, start=start, box=task.box.holding(place))
        profile = Profile.of(line, second, line.minimum())
        found.append([(minimum.value, minimum.problem) for minimum in map(profile.at, others)])
    return found
