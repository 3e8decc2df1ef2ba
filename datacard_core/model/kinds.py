"""Effects of the kinds of Combine's language beside lnN and shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import number, short
from datacard_core.model.arrays import FrozenArrays, brief, real, whole
from datacard_core.model.effects import Effect, Shape
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.arrays import FloatArray, IntArray


@public
@attrs.frozen(eq=False)
class UniformNormalisation(FrozenArrays, Effect):
    """Factors on yields as those of a log-normal, with a θ that is uniform between -1 and 1: lnU."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    up: FloatArray = attrs.field(converter=real, repr=brief)
    """Factor at θ = 1, shape (n,), above 0."""
    down: FloatArray | None = attrs.field(default=None, converter=attrs.converters.optional(real), repr=brief)
    """Factor at θ = -1, shape (n,), above 0; None stands for 1/up."""

    @property
    def keyword(self) -> str:
        """`lnU`."""
        return "lnU"

    def cells(self) -> Sequence[str]:
        """Return `up`, or `down/up`, for each column."""
        if self.down is None:
            return [number(up) for up in self.up]
        return [f"{number(down)}/{number(up)}" for down, up in zip(self.down, self.up, strict=True)]


@public
@attrs.frozen(eq=False)
class ControlRegion(FrozenArrays, Effect):
    """Yields that are a factor times the expectation of a Poisson count, of which N were observed: gmN."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    events: int
    """Number N of events that were observed in the control region."""
    factors: FloatArray = attrs.field(converter=real, repr=brief)
    """Yield of each column per event of the control region, shape (n,)."""

    @property
    def keyword(self) -> str:
        """`gmN N`."""
        return f"gmN {self.events}"

    def cells(self) -> Sequence[str]:
        """Return the factor of each column."""
        return [number(factor) for factor in self.factors]


@public
@attrs.frozen(eq=False)
class GammaNormalisation(FrozenArrays, Effect):
    """Factor θ on yields, with a gamma density of mean 1 for θ: gmM."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    width: float
    """Relative width of the density."""

    @property
    def keyword(self) -> str:
        """`gmM`."""
        return "gmM"

    def cells(self) -> Sequence[str]:
        """Return the width for each column."""
        return [number(self.width)] * len(self.columns)


@public
@attrs.frozen(eq=False)
class LinearNormalisation(FrozenArrays, Effect):
    """Factors 1 + slope·θ on yields: trG, unif, dFD and dFD2, which differ in the density of θ."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    slopes: FloatArray = attrs.field(converter=real, repr=brief)
    """Relative change of the yield at θ = 1, shape (n,)."""
    density: str
    """`trG` for a unit normal that is cut where the factor is 0, `unif` for a uniform one, `dFD` or `dFD2`."""
    arguments: tuple[float, ...] = ()
    """Lowest and highest θ of `unif`; steepness of `dFD` and `dFD2`."""

    @property
    def keyword(self) -> str:
        """The density and its arguments."""
        return " ".join([self.density, *map(short, self.arguments)])

    def cells(self) -> Sequence[str]:
        """Return the slope of each column."""
        return [number(slope) for slope in self.slopes]


@public
@attrs.frozen(eq=False)
class MorphedShape(Shape):
    """Templates that are morphed in another way than those of `shape`, or with another density of θ."""

    algorithm: str = "shape"
    """Combine's keyword: `shapeN` and `shapeN2` morph logarithms, `shapeU` has a uniform θ between -1 and 1.

    `shape2` and `shape*` differ from `shape` for templates of RooFit alone.
    """

    @property
    def keyword(self) -> str:
        """The algorithm."""
        return self.algorithm
