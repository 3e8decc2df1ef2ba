"""The finished card of one channel, as values: columns, templates, nuisances with their effects, directives.

Everything here is frozen, its arrays too, and knows no input and no file. A card writer turns a `Channel` into text, a
template serializer its `templates()` into a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datacard_core.findings import Finding

FloatArray: TypeAlias = npt.NDArray[np.float64]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
IntArray: TypeAlias = npt.NDArray[np.intp]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

DATA = "data_obs"
"""Combine's name for the observation."""


def number(value: float) -> str:
    """The shortest text that reads back as the same number, on one line of a card."""
    return repr(float(value))


def _whole(value: float) -> str:
    """As `number`, but whole numbers without a point, as Combine's own cards have them in such lines."""
    return number(value).removesuffix(".0")


def real(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Real numbers as float64 that cannot be written to; what is none as it is, for others to refuse."""
    if isinstance(array, np.ndarray) and array.dtype != np.float64 and np.can_cast(array.dtype, np.float64):
        array = array.astype(np.float64)
    return read_only(array)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of an array that cannot be written to; what is no array as it is, for others to refuse."""
    if not isinstance(array, np.ndarray) or not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


@attrs.frozen(eq=False)
class _Frozen:
    """Values with arrays, which are made anew from a pickle: numpy forgets there that they are read-only."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self), attrs.astuple(self, recurse=False)


@attrs.frozen
class Column:
    """One process of one year: what Combine calls a process."""

    name: str
    process: str
    year: str
    id: int
    """Combine's process id: 0 and below for signals, above 0 for backgrounds."""

    @property
    def is_signal(self) -> bool:
        """Whether Combine scales it with r."""
        return self.id <= 0


@attrs.frozen(eq=False)
class Axis(_Frozen):
    """The variable of a channel."""

    edges: FloatArray = attrs.field(converter=real)
    """Bin edges, shape (bins + 1,), rising."""
    name: str = ""
    label: str = ""
    uniform: bool = False
    """Whether the bins were declared as equally wide."""
    categories: tuple[str, ...] | None = None
    """The labels of the bins, where the variable is a category."""

    @property
    def bins(self) -> int:
        """Number of bins, without flow."""
        return len(self.edges) - 1

    @property
    def narrowest(self) -> float:
        """The width of the narrowest bin."""
        return float(np.diff(self.edges).min())

    def same_binning(self, other: Axis) -> bool:
        """Whether the bins are the same, to a millionth of the narrowest."""
        if self.bins != other.bins or self.categories != other.categories:
            return False
        return np.allclose(self.edges, other.edges, rtol=0, atol=1e-6 * self.narrowest)


@attrs.frozen(eq=False)
class Templates(_Frozen):
    """Yields and their variances, both of shape (templates, bins), without flow."""

    values: FloatArray = attrs.field(converter=real)
    variances: FloatArray = attrs.field(converter=real)

    @property
    def norms(self) -> FloatArray:
        """The sum over the bins of each, shape (templates,): what Combine calls the integral."""
        norms: FloatArray = self.values.sum(axis=1)
        return norms

    def __getitem__(self, which: IntArray | BoolArray) -> Templates:
        return Templates(self.values[which], self.variances[which])


@attrs.frozen(eq=False)
class NamedTemplates:
    """Templates with the names that a card refers to, as a serializer writes them."""

    names: tuple[str, ...]
    templates: Templates
    axis: Axis


class Effect(ABC):
    """What one nuisance does to some columns of a channel.

    A plugin may bring an effect of its own. The text of its cells in a Combine card is the one rendering that
    every effect has.
    """

    columns: IntArray
    """Positions of the columns in `Channel.columns`, rising, shape (n,)."""

    @property
    @abstractmethod
    def keyword(self) -> str:
        """What stands behind the nuisance's name in the card, such as "lnN" or "gmN 7"."""

    @abstractmethod
    def cells(self) -> Sequence[str]:
        """The text of each column's cell, n strings without blanks."""


@attrs.frozen(eq=False)
class Normalisation(_Frozen, Effect):
    """Yields are multiplied by up^θ, or by 1/down^θ … up^θ, for a unit normal θ."""

    columns: IntArray = attrs.field(converter=read_only)
    up: FloatArray = attrs.field(converter=real)
    """Factor at +1 sigma, shape (n,), above 0."""
    down: FloatArray | None = attrs.field(default=None, converter=attrs.converters.optional(real))
    """Factor at -1 sigma, shape (n,), above 0; None is 1/up."""

    @property
    def keyword(self) -> str:
        """`lnN`."""
        return "lnN"

    def cells(self) -> Sequence[str]:
        """`up`, or `down/up`."""
        if self.down is None:
            return [number(up) for up in self.up]
        return [f"{number(down)}/{number(up)}" for down, up in zip(self.down, self.up, strict=True)]


@attrs.frozen(eq=False)
class Shape(_Frozen, Effect):
    """Templates are morphed between down, nominal and up."""

    columns: IntArray = attrs.field(converter=read_only)
    up: Templates
    """Templates at +1 sigma, values and variances of shape (n, bins)."""
    down: Templates
    """Templates at -1 sigma, likewise."""
    scale: FloatArray = attrs.field(converter=real)
    """How many sigmas the templates are, shape (n,): Combine multiplies θ with it, not the template."""

    @property
    def keyword(self) -> str:
        """`shape`."""
        return "shape"

    def cells(self) -> Sequence[str]:
        """The scale."""
        return [number(scale) for scale in self.scale]

    def keeping(self, keep: BoolArray) -> Shape:
        """The same effect on fewer columns; `keep` has shape (n,)."""
        return attrs.evolve(
            self, columns=self.columns[keep], up=self.up[keep], down=self.down[keep], scale=self.scale[keep]
        )


@attrs.frozen(eq=False)
class Nuisance:
    """One row of the card: a name, and its effects on disjoint columns."""

    name: str
    effects: tuple[Effect, ...]
    typ: str = ""
    """The kind that its effects come from."""

    @property
    def keyword(self) -> str:
        """Combine's keyword for the row; shape on some columns and lnN on others is `shape?`.

        Raises:
            ValueError: the effects cannot stand in one row.
        """
        keywords = sorted({effect.keyword for effect in self.effects})
        if keywords == ["lnN", "shape"]:
            return "shape?"
        if len(keywords) != 1:
            raise ValueError(f"nuisance {self.name!r} would be {' and '.join(keywords)} in one row")
        return keywords[0]

    @property
    def columns(self) -> list[int]:
        """Positions of all columns it has an effect on."""
        return sorted(int(column) for effect in self.effects for column in effect.columns)


class Directive(ABC):
    """A line of the card that is no row of columns."""

    order: ClassVar[int] = 50
    """Where it stands among the others, small numbers first."""

    @abstractmethod
    def lines(self, channel: Channel) -> Iterable[str]:
        """The text in a Combine card; blanks between the words are for the writer to widen."""

    def constraints(self, channel: Channel) -> int:
        """How many of its lines Combine's kmax counts: those of `param` and `constr`."""
        return sum(_is_constraint(line) for line in self.lines(channel))


def _is_constraint(line: str) -> bool:
    words = line.split()
    return len(words) > 1 and not words[0].startswith("#") and words[1] in ("param", "constr")


@attrs.frozen(eq=False)
class FreeParameter(_Frozen, Directive):
    """A parameter without constraint that multiplies the yields of some columns."""

    name: str
    columns: IntArray = attrs.field(converter=read_only)
    initial: float = 1.0
    bounds: tuple[float, float] | None = None
    order: ClassVar[int] = 10

    def lines(self, channel: Channel) -> Iterable[str]:
        """A rateParam line for each column."""
        bounds = "" if self.bounds is None else f" [{_whole(self.bounds[0])},{_whole(self.bounds[1])}]"
        for column in self.columns:
            yield f"{self.name} rateParam * {channel.columns[column].name} {_whole(self.initial)}{bounds}"


@attrs.frozen(eq=False)
class RawLine(Directive):
    """A line that goes into a Combine card as it is."""

    text: str

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the same for every channel
        """The text."""
        yield self.text


@attrs.frozen(eq=False)
class BinByBinStatistics(Directive):
    """Combine makes a parameter for the statistical uncertainty of each bin: autoMCStats."""

    threshold: float = 0
    """Effective number of events below which a bin has a parameter per process; below 0 there is none."""
    include_signal: bool = False
    """Whether signals count in that decision."""
    hist_mode: int = 1
    order: ClassVar[int] = 90

    def lines(self, channel: Channel) -> Iterable[str]:
        """One autoMCStats line."""
        yield f"{channel.bin} autoMCStats {_whole(self.threshold)} {int(self.include_signal)} {self.hist_mode}"


@attrs.frozen(eq=False)
class Channel:
    """One category in one card, complete: what Combine calls a bin."""

    bin: str
    """Combine's name of the channel."""
    category: str
    axis: Axis
    columns: tuple[Column, ...]
    nominal: Templates
    """Shape (columns, bins): the templates that are written, after every treatment."""
    data: Templates
    """Shape (1, bins): the observation, or the sum of the backgrounds where there is none."""
    has_data: bool
    nuisances: tuple[Nuisance, ...]
    directives: tuple[Directive, ...]
    findings: tuple[Finding, ...] = ()
    declared_as: tuple[tuple[str, str], ...] = ()
    """For each directive, the name in the card of the systematic that it comes from, and its typ."""

    @cached_property
    def rates(self) -> FloatArray:
        """The integral of each column's written template, shape (columns,)."""
        return read_only(self.nominal.norms)

    @property
    def kmax(self) -> int:
        """What Combine calls kmax: its rows, and the lines of constrained parameters."""
        return len(self.nuisances) + sum(directive.constraints(self) for directive in self.directives)

    @property
    def observation(self) -> float:
        """Number of observed events, or -1 without data."""
        return float(self.data.norms[0]) if self.has_data else -1.0

    @property
    def typs(self) -> tuple[str, ...]:
        """The kinds that had a part in it, sorted."""
        return tuple(sorted({typ for _, typ in self._origins.values() if typ}))

    def origin(self, item: Effect | Directive) -> tuple[str, str]:
        """The name in the card of the systematic that an effect or a directive comes from, and its typ."""
        return self._origins.get(id(item), ("", ""))

    @cached_property
    def _origins(self) -> dict[int, tuple[str, str]]:
        """By the identity of each effect and directive, all of which the channel keeps alive."""
        effects = ((effect, (row.name, row.typ)) for row in self.nuisances for effect in row.effects)
        return {id(item): names for item, names in (*effects, *zip(self.directives, self.declared_as, strict=False))}

    def shapes(self) -> Iterable[tuple[Nuisance, Shape]]:
        """Every effect that has templates, with its nuisance."""
        for nuisance in self.nuisances:
            for effect in nuisance.effects:
                if isinstance(effect, Shape):
                    yield nuisance, effect

    def template_names(self) -> tuple[str, ...]:
        """What templates are called: `data_obs_nominal`, `{column}_nominal` and `{column}_{nuisance}{Up,Down}`."""
        columns = [column.name for column in self.columns]
        names = [f"{DATA}_nominal", *(f"{column}_nominal" for column in columns)]
        for nuisance, shape in self.shapes():
            touched = [columns[position] for position in shape.columns]
            names += [f"{column}_{nuisance.name}{way}" for way in ("Up", "Down") for column in touched]
        return tuple(names)

    def templates(self) -> NamedTemplates:
        """All that a card refers to."""
        blocks = [self.data, self.nominal]
        for _, shape in self.shapes():
            blocks += [shape.up, shape.down]
        stacked = Templates(
            np.concatenate([block.values for block in blocks]),
            np.concatenate([block.variances for block in blocks]),
        )
        return NamedTemplates(self.template_names(), stacked, self.axis)
