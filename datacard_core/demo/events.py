"""Simulated events: how they are generated, varied and filled into bins.

An event holds its variables as fractions of their ranges. A shift raises the fractions to a power near one, which is
smooth and keeps all events inside the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.demo.recipe import CATEGORIES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from datacard_core.demo.recipe import Sample, Systematic

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

LARGEST_MARGIN = 1.1
"""Largest margin of a candidate: above 1 + every rate, so that an upward variation finds events to select."""


@attrs.frozen(eq=False)
class Events:
    """Candidate events of one dataset under one variation."""

    fractions: Floats
    """Each variable as a fraction of its range, shape (variables, events)."""
    category: Integers
    """Number of the category of each event."""
    weight: Floats
    margin: Floats
    """Margin of each event, which is selected if this is below 1."""


def generate(rng: np.random.Generator, sample: Sample, candidates: int, weight: float) -> Events:
    """Generate events of a sample, whose mean absolute weight is given."""
    # Each category gets equally many events, and the weights have the ratio of the cross sections: so the category
    # with the smallest cross section has as small a statistical uncertainty as the largest.
    category = rng.integers(len(CATEGORIES), size=candidates)
    relative = np.array(sample.cross_sections) / np.mean(sample.cross_sections)
    sign = np.where(rng.random(candidates) < sample.negative, -1.0, 1.0)
    # The order of the draws is part of the demo: another order gives other bytes.
    return Events(
        fractions=np.stack(
            [
                rng.beta(*sample.discriminant, size=candidates),
                *(_falling(rng, steepness, candidates) for steepness in sample.steepness),
            ]
        ),
        category=category,
        weight=weight * sign * relative[category],
        margin=rng.uniform(0, LARGEST_MARGIN, candidates),
    )


def _falling(rng: np.random.Generator, steepness: float, size: int) -> Floats:
    """Return random numbers between 0 and 1 that follow exp(-steepness * x)."""
    quantile = rng.random(size)
    fall: Floats = np.log1p(quantile * np.expm1(-steepness)) / -steepness
    return fall


def vary(events: Events, systematics: Iterable[Systematic]) -> dict[str, Events]:
    """Return the events of each variation, the labels sorted as on the axis."""
    varied = {label: _varied(events, s, sign) for s in systematics for label, sign in s.signs.items()}
    return dict(sorted({"nominal": events, **varied}.items()))


def _varied(events: Events, systematic: Systematic, sign: int) -> Events:
    if systematic.shift:
        return attrs.evolve(
            events,
            fractions=events.fractions ** (1 + systematic.shift) ** -sign,
            margin=events.margin / (1 + systematic.rate) ** sign,
        )
    hardness = events.fractions[:2].mean(axis=0) - 0.5
    factor = 1 + systematic.rate + systematic.slope * hardness
    return attrs.evolve(events, weight=events.weight * factor**sign)


def count(events: Events) -> Integers:
    """Return the number of selected events in each category."""
    return np.bincount(events.category[events.margin < 1], minlength=len(CATEGORIES))


def contents(varied: Mapping[str, Events]) -> dict[str, Floats]:
    """Return the content of each variable, shape (categories, variations, bins, 2): sums of weights and of squares."""
    return {
        name: np.stack([_bin(events, i, axis.size) for events in varied.values()], axis=1)
        for i, (name, axis) in enumerate(VARIABLES.items())
    }


def _bin(events: Events, variable: int, bins: int) -> Floats:
    # A fraction may round to exactly 1, which would be the overflow bin.
    position = np.minimum((events.fractions[variable] * bins).astype(np.intp), bins - 1)
    index = events.category * bins + position
    weight = np.where(events.margin < 1, events.weight, 0.0)
    moments = [np.bincount(index, w, len(CATEGORIES) * bins) for w in (weight, weight**2)]
    return np.array(moments, dtype=np.float64).T.reshape(len(CATEGORIES), bins, 2)
