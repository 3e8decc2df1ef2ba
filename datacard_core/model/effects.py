"""Effects of nuisances on the columns of a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import LN_N, SHAPE, number, row_keyword
from datacard_core.model.arrays import FrozenArrays, read_only, real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.arrays import BoolArray, FloatArray, IntArray, Templates


class Effect(ABC):
    """The effect of one nuisance on some columns of a channel.

    A plugin may bring a class of effects. Each class has at least one rendering: the text of its cells in a Combine
    card.
    """

    columns: IntArray
    """Positions of the columns in `Channel.columns`, rising, shape (n,)."""

    @property
    @abstractmethod
    def keyword(self) -> str:
        """Words behind the nuisance's name in the card, such as "lnN" or "gmN 7"."""

    @abstractmethod
    def cells(self) -> Sequence[str]:
        """Return the text of each column's cell, n strings without blanks."""


@attrs.frozen(eq=False)
class Normalisation(FrozenArrays, Effect):
    """Factors on yields: up^θ where θ is above 0, and down^-θ below, with a unit normal θ."""

    columns: IntArray = attrs.field(converter=read_only)
    up: FloatArray = attrs.field(converter=real)
    """Factor at +1 standard deviation, shape (n,), above 0."""
    down: FloatArray | None = attrs.field(default=None, converter=attrs.converters.optional(real))
    """Factor at -1 standard deviation, shape (n,), above 0; None stands for 1/up."""

    @property
    def keyword(self) -> str:
        """`lnN`."""
        return LN_N

    def cells(self) -> Sequence[str]:
        """Return `up`, or `down/up`, for each column."""
        if self.down is None:
            return [number(up) for up in self.up]
        return [f"{number(down)}/{number(up)}" for down, up in zip(self.down, self.up, strict=True)]


@attrs.frozen(eq=False)
class Shape(FrozenArrays, Effect):
    """Templates that are morphed between down, nominal and up."""

    columns: IntArray = attrs.field(converter=read_only)
    up: Templates
    """Templates at +1 standard deviation, values and variances of shape (n, bins)."""
    down: Templates
    """Templates at -1 standard deviation, values and variances of shape (n, bins)."""
    scale: FloatArray = attrs.field(converter=real)
    """Standard deviations that the templates stand for, shape (n,): Combine multiplies θ by it, not the template."""

    @property
    def keyword(self) -> str:
        """`shape`."""
        return SHAPE

    def cells(self) -> Sequence[str]:
        """Return the scale of each column."""
        return [number(scale) for scale in self.scale]

    def keeping(self, keep: BoolArray) -> Shape:
        """Return the effect on the columns where `keep`, of shape (n,), is true."""
        return attrs.evolve(
            self, columns=self.columns[keep], up=self.up[keep], down=self.down[keep], scale=self.scale[keep]
        )


@attrs.frozen(eq=False)
class Nuisance:
    """One row of the card: a name, and effects on disjoint columns."""

    name: str
    effects: tuple[Effect, ...]
    typ: str = ""
    """Kind that the effects come from."""
    used: tuple[str, ...] = ()
    """Further kinds whose effects that kind took, sorted."""

    @property
    def keyword(self) -> str:
        """Combine's keyword of the row, `shape?` for shape on some columns and lnN on other columns.

        Raises:
            ValueError: the effects cannot stand in one row.
        """
        try:
            return row_keyword(effect.keyword for effect in self.effects)
        except ValueError as error:
            raise ValueError(f"nuisance {self.name!r} would be {error}") from None

    @property
    def columns(self) -> list[int]:
        """Positions of all columns that the nuisance has an effect on, rising."""
        return sorted(int(column) for effect in self.effects for column in effect.columns)
