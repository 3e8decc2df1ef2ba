"""Upper limits by CLs, and significances, in the asymptotic approximation.

Source: Cowan, Cranmer, Gross, Vitells, Eur. Phys. J. C 71 (2011) 1554 (arXiv:1007.1727), with the test statistic q̃ as
`combine -M AsymptoticLimits` uses it.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datacard_fit.evaluation.bins import Data
    from datacard_fit.fits import FitResult
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.minimum.crossings import Parabola
    from datacard_fit.minimum.minimiser import Minimum

QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
"""Quantiles of the expected limits, from low to high."""
_NORMAL = NormalDist()
_STEPS = 60
# Largest error of a limit, as a share of it, and of the logarithm of CLs.
_PRECISION = 1e-6
# Most steps along parabolas, the share of the distance from the best fit that the last one has, and the expected
# distance from the profile there.
_NEWTON, _LAST, _ON_PROFILE = 8, 0.01, 1e-4


@attrs.frozen(kw_only=True)
class Limit:
    """Upper limits of a POI."""

    poi: str
    confidence: float
    expected: tuple[float, ...]
    """Expected limits at the quantiles 2.5, 16, 50, 84 and 97.5 %."""
    observed: float | None
    """None if it was not asked for."""
    problems: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """`converged`, or what is wrong."""
        return "; ".join(self.problems) or "converged"

    def to_dict(self) -> dict[str, object]:
        """Return the limits as plain values, as `datacard limit --json` prints them."""
        return {
            "poi": self.poi,
            "confidence": self.confidence,
            "observed": self.observed,
            "expected": list(self.expected),
            "status": self.status,
        }


def limit(
    likelihood: Likelihood,
    *,
    poi: str | None = None,
    blind: bool = False,
    observed: bool | None = None,
    confidence: float = 0.95,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
) -> Limit:
    """Return the observed and the expected upper limit of a POI.

    The expected limits are those of Asimov data without signal: of the background-only fit to the data, or, if `blind`,
    of the start values of all parameters. Then the data are not looked at.

    Args:
        likelihood: the likelihood.
        poi: the POI; the first one without.
        blind: leave the data alone.
        observed: whether to work out the observed limit; if not given, it is, unless the cards mark a channel as
            blind: what they have for its data are expected events.
        confidence: confidence level.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
    """
    poi = poi or likelihood.pois[0]
    place = likelihood.position(poi)
    # q̃ does not count a deficit against the signal: the POI is at least 0.
    task = Task.of(likelihood, data=data, values={**(values or {}), poi: 0.0}, ranges=ranges, freeze=freeze)
    task = task.within(poi, 0.0, float(task.box.high[place]))
    problems: list[str] = []
    background = None
    if blind:
        events = likelihood.asimov(likelihood.joined(task.start, np.zeros_like(task.data.bins))).events
        asimov = attrs.evolve(task, data=attrs.evolve(likelihood.data, events=events))
    else:
        background = task.minimum(box=task.box.holding(place))
        asimov = attrs.evolve(task, data=_fitted(task, background), start=background.at)
    # Above 0 where the start values of the parameters are not the measured ones, as those of counts are.
    expected_profile = Profile.of(asimov, poi, asimov.minimum())
    expected = _expected(expected_profile, confidence, problems)
    seen = None
    observed = (data is not None or not likelihood.blind) if observed is None else observed
    if observed and background is not None:
        seen = _observed(task, background, expected_profile, expected, confidence, poi, problems)
    return Limit(poi=poi, confidence=confidence, expected=tuple(expected), observed=seen, problems=tuple(problems))


def _fitted(task: Task, background: Minimum) -> Data:
    """Return Asimov data of a fit: expected events and measured values at the fitted parameters."""
    engine = task.likelihood.engine
    pulls = engine.pulls(background.at, task.data)
    return attrs.evolve(
        task.data,
        events=engine.expected(background.at, pulls) * task.likelihood.compiled.valid,
        centers=engine.constraints.measured(background.at),
        bins=pulls,
    )


def _expected(profile: Profile, confidence: float, problems: list[str]) -> list[float]:
    """Return the expected limits: where √q of the Asimov data is F(1 - α·Φ(N)) + N for N standard deviations."""
    found: dict[float, float] = {}
    # From the median outwards: each limit is near the one before.
    for quantile in sorted(QUANTILES, key=lambda quantile: abs(quantile - 0.5)):
        deviations = _NORMAL.inv_cdf(quantile)
        root = _NORMAL.inv_cdf(1 - (1 - confidence) * quantile) + deviations
        crossing = profile.crossing(root**2, 1)
        if crossing.problem:
            problems.append(f"expected limit at {100 * quantile:g} %: {crossing.problem}")
        found[quantile] = math.nan if crossing.problem else crossing.value
    return [found[quantile] for quantile in QUANTILES]


def cls(observed: float, asimov: float) -> float:
    """Return CLs from q̃ of the data and of Asimov data without signal.

    Args:
        observed: q̃ of the data, at least 0.
        asimov: q̃ of the Asimov data, at least 0.
    """
    root_observed, root_asimov = math.sqrt(max(observed, 0.0)), math.sqrt(max(asimov, 0.0))
    # Above its value for the Asimov data q̃ has another distribution (section 3.7 of the paper).
    if observed > asimov and root_asimov > 0:
        signal = _upper((observed + asimov) / (2 * root_asimov))
        background = _upper((observed - asimov) / (2 * root_asimov))
    else:
        signal, background = _upper(root_observed), _upper(root_observed - root_asimov)
    # Far above the limit both probabilities are too small for a float.
    return signal / background if background > 0 else 0.0


def _upper(deviations: float) -> float:
    return 0.5 * math.erfc(deviations / math.sqrt(2))


def _observed(
    task: Task,
    background: Minimum,
    asimov: Profile,
    expected: list[float],
    confidence: float,
    poi: str,
    problems: list[str],
) -> float:
    best = task.minimum(background.at)
    profile = Profile.of(task, poi, best)
    fitted = float(best.at[asimov.place])
    # An observed limit lies near the expected one, shifted by the fitted signal.
    median = expected[QUANTILES.index(0.5)]
    first = fitted + (median if math.isfinite(median) and median > 0 else 1.0)
    high = float(task.box.high[asimov.place])
    found = _by_parabolas(profile, asimov, fitted, first, high, confidence)
    if found is None:

        def excess(value: float) -> float:
            return _excess(profile.rise(value) if value > fitted else 0.0, asimov.rise(value), confidence)

        found = _root(excess, first, fitted, high)
    if found is None:
        problems.append("observed limit: the range of the POI ends before CLs is small enough")
        return math.nan
    problems += sorted({minimum.problem for minimum in profile.found.values() if minimum.problem})
    return found


def _excess(data: float, asimov: float, confidence: float) -> float:
    """Return the logarithm of CLs over its limit, which falls with the value of the POI.

    Args:
        data: q̃ of the data, 0 for values below the fitted one: they are no evidence against it.
        asimov: q̃ of the Asimov data.
        confidence: the confidence level.
    """
    # CLs itself may be 0 in floating point, which has no logarithm.
    return math.log(max(cls(max(data, 0.0), max(asimov, 0.0)), 1e-300) / (1 - confidence))


def _by_parabolas(
    profile: Profile, asimov: Profile, fitted: float, first: float, high: float, confidence: float
) -> float | None:
    """Return the observed limit by steps that need one point of each profile; None if they do not lead to it."""
    value = min(first, high)
    for _ in range(_NEWTON):
        data, other = profile.parabola(value), asimov.parabola(value)
        if data is None or other is None:
            return None
        lines = data, other

        def excess(at: float, lines: tuple[Parabola, Parabola] = lines) -> float:
            return _excess(lines[0].at(at) if at > fitted else 0.0, lines[1].at(at), confidence)

        following = _root(excess, value, fitted, high)
        if following is None:
            return None
        distance = max(data.distance, other.distance)
        # The error is cubic in the step, as parabolas follow the profiles to second order.
        if abs(following - value) < _LAST * (value - fitted) and distance < _ON_PROFILE:
            return following
        value = following
    return None


def _root(function: Callable[[float], float], first: float, low: float, high: float) -> float | None:
    """Return where a falling function is 0, by the secant method within a bracket; None if it is above 0 up to `high`.

    Args:
        function: the function, which may be undefined at `low`.
        first: a first guess.
        low: lower end of the bracket.
        high: largest value.
    """
    # The bracket grows until the function is negative: the first guess is the median of the expectation.
    inside, value = low, min(first, high)
    at_inside = function(inside + 1e-9 * max(1.0, abs(first)))
    at_value = function(value)
    while at_value > 0:
        if value >= high:
            return None
        inside, at_inside = value, at_value
        value = min(high, value + (value - low) * 0.5 + 1e-3)
        at_value = function(value)
    outside, at_outside = value, at_value
    for _ in range(_STEPS):
        if abs(outside - inside) < _PRECISION * abs(outside):
            break
        following = inside + (outside - inside) * at_inside / (at_inside - at_outside)
        # Steps that hug one end of the bracket would need many evaluations.
        margin = 0.02 * (outside - inside)
        following = min(max(following, inside + margin), outside - margin)
        at_following = function(following)
        if abs(at_following) < _PRECISION:
            return following
        if at_following > 0:
            inside, at_inside = following, at_following
        else:
            outside, at_outside = following, at_following
    return outside


def significance(
    likelihood: Likelihood,
    *,
    poi: str | None = None,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    fitted: FitResult | None = None,
) -> float:
    """Return the significance of an excess in standard deviations, 0 for a deficit.

    Args:
        likelihood: the likelihood.
        poi: the POI; the first one without.
        data: observations, such as `likelihood.asimov({"r": 1})`; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        fitted: the best fit of these arguments, if it is known.
    """
    poi = poi or likelihood.pois[0]
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    place = likelihood.position(poi)
    best = task.best() if fitted is None else fitted.minimum
    if best.at[place] <= 0:
        return 0.0
    return math.sqrt(max(Profile.of(task, poi, best).rise(0.0), 0.0))
