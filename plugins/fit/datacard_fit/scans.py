"""Scans of the profile likelihood in one parameter or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import DeclarationError
from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core import FloatArray
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
) -> Scan:
    """Return the profile likelihood on a grid of one parameter or two.

    Args:
        likelihood: the likelihood.
        grid: values of each scanned parameter.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.

    Raises:
        DeclarationError: a name is unknown, or the grid has no parameter or more than two.
    """
    if len(grid) not in (1, 2):
        raise DeclarationError([f"a scan of {len(grid)} parameters, expected one or two"])
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    names = tuple(grid)
    places = [likelihood.position(name) for name in names]
    axes = [np.asarray(grid[name], dtype=float) for name in names]
    found: list[tuple[list[float], Minimum]] = []
    if len(names) == 1:
        profile = Profile.of(task, names[0], best)
        found = [([value], profile.at(value)) for value in axes[0].tolist()]
    else:
        for value in axes[0].tolist():
            # A line of the plane is a profile in the second parameter with the first one fixed.
            start = best.at.copy()
            start[places[0]] = value
            line = attrs.evolve(task, start=start, box=task.box.holding(places[0]))
            profile = Profile.of(line, names[1], line.minimum())
            found += [([value, other], profile.at(other)) for other in axes[1].tolist()]
    return Scan(
        names=names,
        points=np.array([point for point, _ in found]),
        rise=np.array([minimum.value - best.value for _, minimum in found]),
        best=tuple(float(best.at[place]) for place in places),
        problems=tuple(sorted({minimum.problem for _, minimum in found if minimum.problem})),
    )
