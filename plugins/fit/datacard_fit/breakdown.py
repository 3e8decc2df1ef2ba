"""The uncertainty of a POI by groups of parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from datacard_fit.fits import CONFIDENCE, Interval, interval_of, level_of
from datacard_fit.minimum.profiles import Profile
from datacard_fit.minimum.task import Task, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_fit.evaluation.bins import Data
    from datacard_fit.likelihood import Likelihood

STATISTICAL = "statistical"
"""Name of the part that is left when all constrained parameters are frozen."""


@attrs.frozen(kw_only=True)
class Part:
    """The part of one group in the uncertainty of a POI."""

    name: str
    down: float
    """Root of the difference of the squares of two intervals: all, and with the group frozen; nan without one."""
    up: float


@attrs.frozen(kw_only=True)
class Breakdown:
    """The uncertainty of a POI by groups of parameters."""

    poi: str
    total: Interval
    parts: tuple[Part, ...]
    """Parts of the groups, then that of the data alone. With correlations, their squares do not add up to the total."""

    def to_dict(self) -> dict[str, object]:
        """Return the breakdown as plain values."""
        return {
            "poi": self.poi,
            "total": {"down": self.total.down, "up": self.total.up},
            "parts": {part.name: {"down": part.down, "up": part.up} for part in self.parts},
        }


def breakdown(
    likelihood: Likelihood,
    *,
    poi: str | None = None,
    groups: Iterable[str] | None = None,
    data: Data | None = None,
    values: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    freeze: Iterable[str] = (),
    confidence: float = CONFIDENCE,
) -> Breakdown:
    """Return the uncertainty of a POI by groups: how much smaller it is with the group frozen at the best fit.

    Args:
        likelihood: the likelihood.
        poi: the POI; the first one without.
        groups: groups and parameters; all groups of the model without.
        data: observations; those of the model without.
        values: start values by parameter.
        ranges: lowest and highest value by parameter.
        freeze: parameters and groups that stay at their start values.
        confidence: confidence level of the intervals.

    Raises:
        DeclarationError: a name is unknown.
    """
    poi, level = poi or likelihood.pois[0], level_of(confidence)
    task = Task.of(likelihood, data=data, values=values, ranges=ranges, freeze=freeze)
    best = task.best()
    names = list(likelihood.model.groups if groups is None else groups)
    frozen = [[place for place in found if place < len(best.at)] for found in members(likelihood, names)]

    def interval(places: Iterable[int]) -> Interval:
        # At the best fit, where nothing else moves when a group is frozen: one evaluation is enough.
        held = attrs.evolve(task, start=best.at, box=task.box.holding(*places))
        return interval_of(held, Profile.of(held, poi, held.minimum()), level)

    total = interval(())
    parts = [_part(name, total, interval(places)) for name, places in zip(names, frozen, strict=True)]
    parameters = likelihood.compiled.parameters.parameters[: len(best.at)]
    statistical = interval(place for place, parameter in enumerate(parameters) if parameter.density is not None)
    # An interval itself, not a difference: free parameters stay free in it.
    parts.append(Part(name=STATISTICAL, down=statistical.down, up=statistical.up))
    return Breakdown(poi=poi, total=total, parts=tuple(parts))


def _part(name: str, total: Interval, frozen: Interval) -> Part:
    down, up = (
        math.nan if math.isnan(all_of - rest) else math.sqrt(max(all_of**2 - rest**2, 0.0))
        for all_of, rest in ((total.down, frozen.down), (total.up, frozen.up))
    )
    return Part(name=name, down=-down, up=up)
