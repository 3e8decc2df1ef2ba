"""Parts of a HistFactory model: modifiers, samples, channels and parameters, and what a card says beyond them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core import Axis, Finding, FloatArray

ModifierType: TypeAlias = Literal["normfactor", "normsys", "histosys", "shapesys", "staterror"]

NEGLIGIBLE = 1e-3
"""Relative change of the expectation in a bin up to which a loss is a notice and no warning."""
WIDE, NARROW = 7.0, 4.0
"""Combine's ranges of a nuisance, in standard deviations: of factors on yields, and of templates."""
FAR = 100.0
"""Half width of the range of a parameter without one, in start values: HistFactory's parameters have a range."""


def _nothing() -> FloatArray:
    return np.zeros(0)


@attrs.frozen(eq=False, kw_only=True)
class Modifier:
    """A change of one sample."""

    type: ModifierType
    name: str = ""
    """Name of the parameter, or of the parameters of all bins; empty for that of the nuisance."""
    low: FloatArray = attrs.field(factory=_nothing)
    """Factor at -1 standard deviation, shape (), or template, shape (bins,); empty without a nuisance."""
    high: FloatArray = attrs.field(factory=_nothing)
    """Factor or template at +1 standard deviation."""
    errors: FloatArray = attrs.field(factory=_nothing)
    """Absolute errors of the contents for `shapesys` and `staterror`, shape (bins,), 0 for no parameter."""

    @property
    def is_nuisance(self) -> bool:
        """True for a parameter with a unit normal density."""
        return self.low.size > 0

    @property
    def bin_parameters(self) -> tuple[str, ...]:
        """Names of the parameters of bins."""
        return tuple(f"{self.name}_bin_{at}" for at in range(len(self.errors)))


@attrs.frozen(eq=False, kw_only=True)
class Sample:
    """A process in a channel."""

    name: str
    contents: FloatArray
    """Expected events before all modifiers, shape (bins,)."""
    modifiers: tuple[Modifier, ...] = ()


@attrs.frozen(eq=False, kw_only=True)
class Region:
    """A channel."""

    name: str
    axis: Axis
    events: FloatArray
    """Observed events, shape (bins,)."""
    has_data: bool = True
    """False if the events are the sum of the backgrounds, and not observed."""
    samples: tuple[Sample, ...]


@attrs.frozen(kw_only=True)
class Parameter:
    """A parameter whose start or range is not HistFactory's own."""

    name: str
    initial: float
    low: float = -math.inf
    high: float = math.inf
    is_constant: bool = False


@attrs.frozen(eq=False, kw_only=True)
class Rendered:
    """An effect or a directive of a channel as modifiers of its samples.

    The renderings for the card writers `pyhf` and `hs3` return it.
    """

    modifiers: Mapping[int, tuple[Modifier, ...]] = attrs.field(factory=dict)
    """Modifiers by position of the column."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters with another start or range than HistFactory's."""
    regions: tuple[Region, ...] = ()
    """Channels that constrain the parameter of the nuisance."""
    formulas: Mapping[str, str] = attrs.field(factory=dict)
    """Functions of parameters that are factors, by name."""
    losses: tuple[Finding, ...] = ()
    """Statements that the modifiers leave out or say differently; the channel and the nuisance are added."""


@attrs.frozen(kw_only=True)
class Constraint:
    """A normal density of a free factor."""

    mean: float
    below: float
    above: float


@attrs.frozen(eq=False, kw_only=True)
class HistFactory:
    """A HistFactory model."""

    regions: tuple[Region, ...]
    parameters: Mapping[str, Parameter]
    constraints: Mapping[str, Constraint]
    """Densities of free factors, by name of the parameter."""
    formulas: Mapping[str, str]
    """Functions of parameters that are factors, by name."""
    poi: str
    """Parameter of interest, empty for backgrounds alone."""


def numbers(values: FloatArray) -> list[float]:
    """Return an array as JSON has it."""
    found: list[float] = np.asarray(values, dtype=np.float64).tolist()
    return found
