"""Best fits: values, errors, intervals and covariance."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from datacard_core import DeclarationError
from datacard_fit.evaluation.parameters import before_fit
from datacard_fit.minimum.crossings import LOWER
from datacard_fit.minimum.minimiser import minimise
from datacard_fit.minimum.minuit import migrad
from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Data
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.minimiser import Minimiser, Minimum

CONFIDENCE = 0.68
"""Confidence level of intervals, as `combine -M MultiDimFit --algo singles` has it."""

MINIMIZERS: Mapping[str, Minimiser] = {"newton": minimise, "minuit": migrad}
"""Minimisers by name."""


@attrs.frozen(kw_only=True)
class Interval:
    """A POI's best value and its interval."""

    value: float
    down: float
    """Distance to the lower end, below 0; nan if there is none."""
    up: float
    """Distance to the upper end; nan if there is none."""
    problems: tuple[str, ...] = ()
    """Reasons why an end is missing."""


@attrs.frozen(eq=False, kw_only=True)
class FitResult:
    """A best fit."""

    names: tuple[str, ...]
    """Parameters: the ordinary ones, those of cells, and those of whole bins."""
    values: FloatArray
    """Values at the minimum, shape (parameters,)."""
    errors: FloatArray
    """Errors from the Hessian, shape (parameters,); nan for parameters that are fixed, at an edge, or of whole bins."""
    before: FloatArray
    """Lower end, measured value and upper end of each parameter before the fit, shape (parameters, 3)."""
    covariance: FloatArray
    """Covariance of all parameters but those of whole bins, shape (n, n); 0 for those that did not move."""
    intervals: Mapping[str, Interval]
    """Intervals of the POIs."""
    nll: float
    """Negative log-likelihood at the minimum, above that of the start values."""
    evaluations: int
    minimum: Minimum = attrs.field(repr=False)
    """The point that was found, from which `significance` starts."""
    problems: tuple[str, ...] = ()
    """Reasons why the result is not to be used."""

    @property
    def status(self) -> str:
        """`converged`, or what is wrong."""
        return "; ".join(self.problems) or "converged"

    @property
    def has_errors(self) -> bool:
        """False for a fit that did not converge, whose covariance is 0."""
        return not np.isnan(self.errors[: len(self.minimum.free)][self.minimum.free]).any()

    @property
    def correlation(self) -> FloatArray:
        """Correlation of all parameters but those of whole bins, shape (n, n); 0 for those that did not move."""
        width = np.sqrt(np.maximum(np.diagonal(self.covariance), 0))
        inverse = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        correlation: FloatArray = self.covariance * np.outer(inverse, inverse)
        return correlation

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, as `datacard fit --json` prints it; what is missing is None."""
        named = zip(self.names, self.values.tolist(), self.errors.tolist(), strict=True)
        return {
            **{
                name: {"value": found.value, "down": _finite(found.down), "up": _finite(found.up)}
                for name, found in self.intervals.items()
            },
            "nuisances": {
                name: {"value": value, "error": _finite(error)}
                for name, value, error in named
                if name not in self.intervals
            },
            "nll": self.nll,
            "status": self.status,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def fit(
    likelihood: Likelihood,
    *,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    intervals: bool = True,
    confidence: float = CONFIDENCE,
    minimizer: Literal["newton", "minuit"] = "newton",
) -> FitResult:
    """Return the best fit.

    Args:
        likelihood: the likelihood.
        data: observations, such as `likelihood.asimov(…)`; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        intervals: find the intervals of the POIs, where twice the profile likelihood has risen by the quantile of χ².
        confidence: confidence level of the intervals.
        minimizer: `minuit` for MIGRAD of iminuit, which finds the same minima in more time.

    Raises:
        DeclarationError: a name is unknown, or a number is out of its range.
        DatacardError: iminuit is not installed.
    """
    if not 0 < confidence < 1:
        raise DeclarationError([f"confidence {confidence!r}, expected a number between 0 and 1"])
    if minimizer not in MINIMIZERS:
        raise DeclarationError([f"minimizer {minimizer!r}, expected one of {', '.join(MINIMIZERS)}"])
    minimiser = MINIMIZERS[minimizer]
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze, minimiser=minimiser)
    best, found = _best(task, level_of(confidence) if intervals else None)
    start = likelihood.engine.value(task.start, task.data)
    return _result(task, best, found, best.value - start)


def level_of(confidence: float) -> float:
    """Return the quantile of χ² with one degree of freedom."""
    return NormalDist().inv_cdf(0.5 + confidence / 2) ** 2


def _best(task: Task, level: float | None) -> tuple[Minimum, dict[str, Interval]]:
    """Return the best minimum, and the intervals at a level of the rise."""
    best = task.best()
    for _ in range(3):
        if level is None:
            return best, {}
        profiles = {name: Profile.of(task, name, best) for name in task.likelihood.pois}
        found = {name: interval_of(task, profile, level) for name, profile in profiles.items()}
        lowest = min((profile.lowest for profile in profiles.values()), key=lambda point: point.value)
        # A kink can make a second minimum: a scan that meets a lower one starts anew from there.
        if lowest.value > best.value - LOWER:
            return best, found
        best = task.minimum(lowest.at)
    return best, found


def interval_of(task: Task, profile: Profile, level: float) -> Interval:
    """Return the interval of a parameter, where twice its profile likelihood has risen by a level."""
    value = float(profile.best.at[profile.place])
    if task.box.fixed[profile.place]:
        return Interval(value=value, down=math.nan, up=math.nan, problems=("it is fixed",))
    ends = [profile.crossing(level, direction) for direction in (-1, 1)]
    down, up = (math.nan if end.problem else end.value - value for end in ends)
    problems = tuple(f"{side}: {end.problem}" for side, end in zip(("down", "up"), ends, strict=True) if end.problem)
    return Interval(value=value, down=down, up=up, problems=problems)


def _kink(task: Task, best: Minimum) -> str:
    """Return the columns whose bins are cropped at a minimum: there the likelihood may have no derivative."""
    compiled, templates = task.likelihood.compiled, task(best.at).yields.templates
    names = [
        f"{name!r} in {channel!r}"
        for channel, columns in zip(compiled.channels, compiled.columns, strict=True)
        for name in columns
    ]
    places = compiled.morphing.moving[templates.cropped() & ~compiled.morphing.log].tolist()
    if not places:
        return ""
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f": bins of {names[places[0]]}{more} are cropped at 0, where the likelihood has kinks"


def _result(task: Task, best: Minimum, intervals: Mapping[str, Interval], nll: float) -> FitResult:
    values = task.all_values(best.at)
    names = task.likelihood.names
    problems = [best.problem + _kink(task, best)] if best.problem else []
    for group in best.degenerate():
        together = " and ".join(names[place] for place in group)
        problems.append(f"{together}: the likelihood does not change in this direction, and has no single minimum")
    # The inverse of a Hessian that is not positive would look like errors.
    covariance = np.zeros_like(best.hessian) if problems else best.covariance
    errors = np.full(len(values), np.nan)
    moved = np.flatnonzero(best.free)
    errors[moved] = np.sqrt(np.diagonal(covariance)[moved]) if not problems else np.nan
    at_edge = ~best.free & ~task.box.fixed
    problems += [f"{names[place]} is at the end of its range" for place in np.flatnonzero(at_edge).tolist()]
    problems += [f"interval of {name}, {problem}" for name, found in intervals.items() for problem in found.problems]
    return FitResult(
        names=names,
        values=values,
        errors=errors,
        before=np.array([before_fit(parameter) for parameter in task.likelihood.compiled.parameters.parameters]),
        covariance=covariance,
        intervals=intervals
        or {
            name: Interval(value=float(values[task.likelihood.position(name)]), down=math.nan, up=math.nan)
            for name in task.likelihood.pois
        },
        nll=nll,
        evaluations=best.evaluations,
        minimum=best,
        problems=tuple(problems),
    )
