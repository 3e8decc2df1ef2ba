"""Impacts: how much the POI follows each parameter within its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from datacard_fit.evaluation.parameters import before_fit
from datacard_fit.fits import CONFIDENCE, level_of
from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task
from datacard_fit.sharing import shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core import ExecutorLike
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.evaluation.parameters import Parameter
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimum


@attrs.frozen(kw_only=True)
class Impact:
    """One parameter's interval, and the POI at its ends."""

    name: str
    kind: str
    """Density of the parameter as `plotImpacts.py` names it: `Gaussian`, `AsymmetricGaussian`, `Poisson` or else."""
    prefit: tuple[float, float, float]
    """Lower end, measured value and upper end before the fit."""
    fitted: tuple[float, float, float]
    """Lower end, value and upper end of the fit; nan for an end that was not found."""
    poi: tuple[float, float, float]
    """The POI at these three."""
    problems: tuple[str, ...] = ()

    @property
    def size(self) -> float:
        """The larger shift of the POI."""
        low, best, high = self.poi
        return max((abs(end - best) for end in (low, high) if math.isfinite(end)), default=math.nan)


@attrs.frozen(kw_only=True)
class Impacts:
    """Impacts of all parameters on one POI, the largest first."""

    poi: str
    fitted: tuple[float, float, float]
    """Lower end, value and upper end of the POI."""
    impacts: tuple[Impact, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the impacts in the form that `plotImpacts.py` reads."""
        return {
            "POIs": [{"name": self.poi, "fit": list(self.fitted)}],
            "params": [
                {
                    "name": impact.name,
                    "type": impact.kind,
                    "groups": [],
                    "prefit": list(impact.prefit),
                    "fit": list(impact.fitted),
                    self.poi: list(impact.poi),
                    f"impact_{self.poi}": impact.size,
                }
                for impact in self.impacts
            ],
            "method": "default",
        }


def impacts(
    likelihood: Likelihood,
    *,
    poi: str | None = None,
    names: Iterable[str] | None = None,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    confidence: float = CONFIDENCE,
    executor: ExecutorLike | None = None,
    jobs: int = 1,
) -> Impacts:
    """Return the impacts of parameters on a POI.

    Each parameter is moved to the ends of its interval, where twice the profile likelihood has risen by the quantile of
    χ², and the POI is fitted there.

    Args:
        likelihood: the likelihood.
        poi: the POI; the first one without.
        names: the parameters; all that are free in the fit without. Those of whole bins have no impact of their own.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        confidence: confidence level of the intervals.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to work on.
        jobs: number of processes if no executor is given.
    """
    poi = poi or likelihood.pois[0]
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best, level = task.best(), level_of(confidence)
    place = likelihood.position(poi)
    moving = [name for at, name in enumerate(likelihood.names[: len(best.at)]) if not task.box.fixed[at]]
    wanted = [name for name in moving if name != poi] if names is None else list(names)
    found = shared(_impacts, (task, best, place, level), wanted, doing="impacts", executor=executor, jobs=jobs)
    own = Profile.of(task, poi, best)
    ends = [own.crossing(level, direction) for direction in (-1, 1)]
    low, high = (math.nan if end.problem else end.value for end in ends)
    # An impact without a number comes first, where it is seen.
    ordered = sorted(found, key=lambda impact: -impact.size if math.isfinite(impact.size) else math.inf)
    return Impacts(poi=poi, fitted=(low, float(best.at[place]), high), impacts=tuple(ordered))


def _impacts(task: Task, best: Minimum, poi: int, level: float, names: Sequence[str]) -> list[Impact]:
    return [_impact(Profile.of(task, name, best), name, poi, level) for name in names]


def _impact(profile: Profile, name: str, poi: int, level: float) -> Impact:
    parameter = profile.task.likelihood.compiled.parameters.parameters[profile.place]
    values, pois, problems = [], [], []
    for direction in (-1, 1):
        end = profile.crossing(level, direction)
        there = None if end.problem else end.at
        values.append(math.nan if there is None else end.value)
        pois.append(math.nan if there is None else float(there[poi]))
        problems += [f"{'up' if direction > 0 else 'down'}: {end.problem}"] * bool(end.problem)
    best = profile.best.at
    return Impact(
        name=name,
        kind=_kind(parameter),
        prefit=before_fit(parameter),
        fitted=(values[0], float(best[profile.place]), values[1]),
        poi=(pois[0], float(best[poi]), pois[1]),
        problems=tuple(problems),
    )


def _kind(parameter: Parameter) -> str:
    match parameter.density:
        case None:
            return "Unconstrained"
        case density if density.kind == "normal":
            return "Gaussian" if density.below == density.above else "AsymmetricGaussian"
        case density:
            return {"poisson": "Poisson"}.get(density.kind, "Unrecognised")
