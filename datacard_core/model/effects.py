"""Effects of nuisances on the columns of a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core.grammar import LN_N, NO_EFFECT, NO_FLOAT, SHAPE, number, row_keyword
from datacard_core.model.arrays import FrozenArrays, Templates, brief, real, whole
from datacard_core.names import listing, plain, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core.model.arrays import BoolArray, FloatArray, IntArray


@public
class Effect(ABC):
    """The effect of one nuisance on some columns of a channel.

    A plugin may bring a class of effects. Each class has at least one rendering: the text of its cells in a Combine
    card.
    """

    columns: IntArray
    """Positions of the columns in `Channel.columns`, rising, shape (n,)."""
    # Looked up in the class itself: a subclass of the subclass may have a further meaning.
    renders_as_base: ClassVar[bool] = False
    """True if an object of this class may be treated as one of its base class; subclasses do not inherit it."""

    @property
    @abstractmethod
    def keyword(self) -> str:
        """Words behind the nuisance's name in the card, such as "lnN" or "gmN 7"."""

    @abstractmethod
    def cells(self) -> Sequence[str]:
        """Return the text of each column's cell, n strings without blanks."""


@public
@attrs.frozen(eq=False)
class Normalisation(FrozenArrays, Effect):
    """Factors on yields: up^θ where θ is above 0, and down^-θ below, with a unit normal θ."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    up: FloatArray = attrs.field(converter=real, repr=brief)
    """Factor at +1 standard deviation, shape (n,), above 0."""
    down: FloatArray | None = attrs.field(default=None, converter=attrs.converters.optional(real), repr=brief)
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


@public
@attrs.frozen(eq=False)
class Shape(FrozenArrays, Effect):
    """Templates that are morphed between down, nominal and up."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    up: Templates
    """Templates at +1 standard deviation, values and variances of shape (n, bins)."""
    down: Templates
    """Templates at -1 standard deviation, values and variances of shape (n, bins)."""
    scale: FloatArray = attrs.field(converter=real, repr=brief)
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


def stands_for(of: type) -> Iterator[type]:
    """Yield a class of effects or directives, and then the base classes that its objects may be treated as."""
    yield of
    while vars(of).get("renders_as_base") is True:
        of = of.__mro__[1]
        yield of


def own(effect: Effect) -> Effect:
    """Return an effect of a class of the core, or one that may be treated as that, as a copy with locked arrays.

    Effects of other classes pass unchanged.
    """
    for of in stands_for(type(effect)):
        if of is Normalisation and isinstance(effect, Normalisation):
            return Normalisation(effect.columns, effect.up, effect.down)
        if of is Shape and isinstance(effect, Shape):
            return own_shape(effect)
    return effect


def own_shape(shape: Shape) -> Shape:
    """Return the templates of a shape, or of an object of a subclass, as a Shape with locked arrays."""
    # A subclass of Templates could answer differently each time.
    up, down = (
        Templates(templates.values, templates.variances) if isinstance(templates, Templates) else templates
        for templates in (shape.up, shape.down)
    )
    return Shape(shape.columns, up, down, shape.scale)


@public
@attrs.frozen(eq=False, kw_only=True)
class Entry(FrozenArrays):
    """One effect in the row of a nuisance: its text and its templates, which are read from it once."""

    effect: Effect
    """The effect, for its rendering: of a class of the core, or of a plugin."""
    columns: IntArray = attrs.field(converter=whole, repr=brief)
    """Positions of the columns in `Channel.columns`, shape (n,)."""
    keyword: str
    cells: tuple[str, ...]
    """Text of each column's cell, n strings."""
    shape: Shape | None
    """The templates, if the effect is a Shape or of a subclass."""

    @classmethod
    def of(cls, effect: Effect, shape: Shape | None = None) -> Entry:
        """Return the entry of an effect.

        Args:
            effect: the effect.
            shape: its templates, if they have been read already.
        """
        effect = own(effect)
        if type(effect) is Shape:
            shape = effect
        elif isinstance(effect, Shape):
            shape = shape or own_shape(effect)
        return cls(
            effect=effect,
            columns=effect.columns if shape is None else shape.columns,
            keyword=plain(effect.keyword),
            cells=tuple(map(plain, effect.cells())),
            shape=shape,
        )


def _entries(effects: Iterable[Effect | Entry]) -> tuple[Entry, ...]:
    return tuple(item if isinstance(item, Entry) else Entry.of(item) for item in effects)


@attrs.frozen(eq=False)
class WrittenCells(FrozenArrays, Effect):
    """Cells that a script wrote by hand, of a keyword that no other effect of the core has."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    keyword: str
    words: tuple[str, ...]
    """Cells of the columns, n strings."""

    def cells(self) -> Sequence[str]:
        """Return the words."""
        return self.words


@attrs.frozen(eq=False, kw_only=True)
class Origin(FrozenArrays):
    """Datasets and variations behind the templates of one nuisance, for the n columns that it reads variations for."""

    columns: IntArray = attrs.field(converter=whole, repr=brief)
    """Positions of the columns in `Channel.columns`, shape (n,)."""
    labels: tuple[tuple[str, ...], ...] = attrs.field(repr=False)
    """Variations that are read for each column."""
    is_alias: BoolArray = attrs.field(repr=brief)
    """True where they have another name than the declaration, shape (n,)."""
    present: IntArray = attrs.field(converter=whole, repr=brief)
    """Number of datasets with the variation, of several the smallest, shape (n,); in others the nominal replaces it."""
    datasets: IntArray = attrs.field(converter=whole, repr=brief)
    """Number of datasets, shape (n,)."""
    is_clipped: BoolArray = attrs.field(repr=brief)
    """True where the content of a template was changed, because it was below 0 or empty, shape (n,)."""

    @property
    def fallback(self) -> float:
        """Share of datasets in which the nominal stands for the variation, from 0 to 1."""
        total = int(self.datasets.sum())
        return 1 - int(self.present.sum()) / total if total else 0.0


@public
@attrs.frozen(eq=False)
class Nuisance:
    """One row of the card: a name, and effects on disjoint columns."""

    name: str
    # The argument takes effects: whoever makes a nuisance by hand need not know entries.
    entries: tuple[Entry, ...] = attrs.field(alias="effects", converter=_entries)
    """The text and the templates of each effect."""
    typ: str = ""
    """Kind that the effects come from."""
    used: tuple[str, ...] = ()
    """Further kinds whose effects that kind took, sorted."""
    stated: str = attrs.field(default="", kw_only=True)
    """Keyword of the row in the card that it was read from; empty for that of its effects."""
    nofloat: bool = attrs.field(default=False, kw_only=True)
    """True if Combine is to mark the parameter as constrained by all channels: `[nofloat]`."""
    origin: Origin | None = attrs.field(default=None, kw_only=True)
    """Datasets behind its templates; None if they are not known, as in a card that was read."""

    def __repr__(self) -> str:
        keywords = listing((entry.keyword for entry in self.entries), 3)
        return f"<Nuisance {self.name!r}: {keywords} on {len(self.columns)} columns>"

    @property
    def written_name(self) -> str:
        """Name in the row, with the mark `[nofloat]` if it has it."""
        return f"{self.name}{NO_FLOAT}" if self.nofloat else self.name

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Effects on disjoint columns."""
        return tuple(entry.effect for entry in self.entries)

    @property
    def keyword(self) -> str:
        """Combine's keyword of the row, such as `shape?` for shape on some columns and lnN on other columns.

        Raises:
            ValueError: the effects cannot stand in one row.
        """
        if self.stated:
            return self.stated
        try:
            return row_keyword(entry.keyword for entry in self.entries)
        except ValueError as error:
            raise ValueError(f"nuisance {self.name!r} would be {error}") from None

    @property
    def columns(self) -> list[int]:
        """Positions of all columns that the nuisance has an effect on, rising."""
        return sorted(column for entry in self.entries for column in entry.columns.tolist())

    def cells(self, columns: int) -> list[str]:
        """Return the text of the row's cells, one for each of the channel's columns."""
        cells = [NO_EFFECT] * columns
        for entry in self.entries:
            for column, cell in zip(entry.columns.tolist(), entry.cells, strict=True):
                cells[column] = cell
        return cells
