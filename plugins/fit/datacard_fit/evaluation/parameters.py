"""Parameters of a likelihood: names, start values, ranges and constraints, as Combine makes them.

Source: `text2workspace.py` (ModelTools), which chooses the range of each parameter by its kind.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import (
    ConstrainedParameter,
    ControlRegion,
    ExternalParameter,
    GammaNormalisation,
    LinearNormalisation,
)
from datacard_fit.evaluation.constraints import Density

if TYPE_CHECKING:
    from datacard_core import Effect, FloatArray

WIDE, NARROW = 7.0, 4.0
"""Ranges of θ, in standard deviations: of log-normals and bins, and of shapes."""

# A gamma density and the counts of control regions are followed until the Poisson probability is below this.
_NEGLIGIBLE = 1e-12
# Above this count Combine looks for the range of the count in steps of its square root.
_MANY = 10


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a likelihood."""

    name: str
    initial: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    density: Density | None = None
    """Constraint, None for a free or flat parameter."""
    is_constant: bool = False


@attrs.frozen(eq=False, kw_only=True)
class Table:
    """All parameters as arrays, each of shape (parameters,)."""

    parameters: tuple[Parameter, ...]
    initial: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, parameters: tuple[Parameter, ...]) -> Table:
        """Return the table of some parameters."""
        return cls(
            parameters=parameters,
            initial=np.array([parameter.initial for parameter in parameters]),
            low=np.array([parameter.low for parameter in parameters]),
            high=np.array([parameter.high for parameter in parameters]),
        )


def of_nuisance(name: str, keyword: str, effect: Effect) -> Parameter:
    """Return the parameter of a row, from Combine's keyword of the row and one of its effects."""
    match effect:
        case ControlRegion(events=events):
            return of_count(name, events)
        case GammaNormalisation(width=width):
            # Combine writes the shape of the density with six digits.
            shape = float(f"{1 / width**2:g}")
            # The mean of shape/inverse scale is 1; the range is that of ModelTools, five widths on each side.
            density = Density(kind="gamma", center=shape, below=shape)
            return Parameter(name=name, initial=1, low=max(0.01, 1 - 5 * width), high=1 + 5 * width, density=density)
        case LinearNormalisation():
            return _of_linear(name, effect)
    if keyword in ("lnU", "shapeU"):
        return Parameter(name=name, low=-1, high=1)
    # Combine compares the whole word: shapeN and shape? have the range of log-normals.
    wide = NARROW if keyword == "shape" else WIDE
    return Parameter(name=name, low=-wide, high=wide, density=Density(kind="normal"))


def _of_linear(name: str, effect: LinearNormalisation) -> Parameter:
    if effect.density == "unif":
        low, high = effect.arguments
        return Parameter(name=name, initial=(low + high) / 2, low=low, high=high)
    if effect.density == "trG":
        return _cut(Parameter(name=name, low=-WIDE, high=WIDE, density=Density(kind="normal")), effect)
    (steepness,) = effect.arguments
    # At that edge the density has fallen to about exp(-8): the range is that of ModelTools.
    edge = 1 + 8 / steepness
    return _cut(Parameter(name=name, low=-edge, high=edge, density=Density(kind="fermi", below=steepness)), effect)


def _cut(parameter: Parameter, effect: LinearNormalisation) -> Parameter:
    """Return a parameter with the range in which all factors are positive."""
    rising, falling = effect.slopes[effect.slopes > 0], effect.slopes[effect.slopes < 0]
    # 1 + slope·θ reaches 0 at θ = -1/slope, below 0 for rising factors and above 0 for falling ones.
    low = max([parameter.low, *(-1 / rising).tolist()])
    return attrs.evolve(parameter, low=low, high=min([parameter.high, *(-1 / falling).tolist()]))


def joined(parameter: Parameter, other: Parameter) -> Parameter:
    """Return a parameter with the smaller range of two of one name."""
    return attrs.evolve(parameter, low=max(parameter.low, other.low), high=min(parameter.high, other.high))


def of_count(name: str, events: int) -> Parameter:
    """Return the parameter of a control region with some observed events: the expected number of events."""
    low = high = initial = events + 1.0
    # The same steps as ModelTools takes, as the ends of the range are where a fit would stop.
    while low > 0 and _poisson(events, low) > _NEGLIGIBLE:
        low *= 0.8
    while _poisson(events, high) > _NEGLIGIBLE:
        high *= 1.2
    step = math.sqrt(events) if events > _MANY else 1.0
    least, most = float(events), events + 2.0
    while least > 0 and _poisson(least, initial) > _NEGLIGIBLE:
        least -= step
    while _poisson(most, initial) > _NEGLIGIBLE:
        most += step if events > _MANY else 2.0
    density = Density(kind="poisson", center=float(events), reach=(least, most))
    return Parameter(name=name, initial=initial, low=low, high=high, density=density)


def _poisson(events: float, mean: float) -> float:
    # By logarithms: powers and factorials of hundreds of events overflow.
    return math.exp(events * math.log(mean) - mean - math.lgamma(events + 1))


def of_param(line: ConstrainedParameter) -> Parameter:
    """Return the parameter of a `param` line."""
    below, above = line.sigma
    # Combine takes four standard deviations on each side, of an asymmetric width those of that side.
    low, high = line.bounds or (line.mean - 4 * below, line.mean + 4 * above)
    density = Density(kind="normal", center=line.mean, below=below, above=above)
    return Parameter(name=line.name, initial=line.mean, low=low, high=high, density=density)


def of_external(line: ExternalParameter) -> Parameter:
    """Return the parameter of an `extArg` line with a number."""
    low, high = line.bounds or (-math.inf, math.inf)
    return Parameter(name=line.name, initial=line.initial or 0.0, low=low, high=high, is_constant=line.is_constant)


def of_events_in_bin(name: str, events: int) -> Parameter:
    """Return the parameter of one process in one bin whose content is `events` weighted events: their true number."""
    # Combine takes the quantiles of 7 standard deviations; this range holds them.
    spread = WIDE * math.sqrt(events)
    return Parameter(
        name=name,
        initial=float(events),
        low=1e-6,
        high=events + 2 * spread + WIDE * WIDE / 2,
        density=Density(kind="poisson", center=float(events)),
    )


def before_fit(parameter: Parameter) -> tuple[float, float, float]:
    """Return the lower end, the measured value and the upper end of a parameter before the fit.

    All three are the start value for a parameter without a constraint.
    """
    density = parameter.density
    if density is None:
        return parameter.initial, parameter.initial, parameter.initial
    center, below, above = density.center, density.below, density.above
    if density.kind == "poisson":
        below = above = math.sqrt(center)
    elif density.kind == "gamma":
        center, below, above = 1.0, 1 / math.sqrt(density.center), 1 / math.sqrt(density.center)
    elif density.kind == "fermi":
        below = above = 1.0
    return center - below, center, center + above
