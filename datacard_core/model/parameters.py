"""Directives about parameters that are no nuisances of columns, and about functions of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core.grammar import EDIT, GROUP, NO_FLOAT, number, range_text
from datacard_core.model.arrays import FrozenArrays, brief, whole
from datacard_core.model.channel import Directive
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Channel


@public
class SharedParameter(Directive):
    """Base of lines about a parameter, which all channels of a model share."""

    name: str
    order: ClassVar[int] = 20

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the same in each channel
        """Yield the line."""
        yield self.line

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        raise NotImplementedError


@public
@attrs.frozen
class ConstrainedParameter(SharedParameter):
    """A parameter with a normal density: `param`."""

    name: str
    mean: float
    sigma: tuple[float, float]
    """Widths below and above the mean, above 0."""
    bounds: tuple[float, float] | None = None
    """Lowest and highest value; without them four widths around the mean."""
    nofloat: bool = False

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        # Combine refuses a width with a / if one of its numbers has no sign.
        below, above = self.sigma
        width = number(above) if below == above else f"-{number(below)}/+{number(above)}"
        name = f"{self.name}{NO_FLOAT}" if self.nofloat else self.name
        return f"{name} param {number(self.mean)} {width}{range_text(self.bounds)}"


@public
@attrs.frozen
class FlatParameter(SharedParameter):
    """A parameter that floats without a constraint: `flatParam`."""

    name: str
    words: tuple[str, ...] = ()
    """Further words, which Combine uses for a uniform density alone."""

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        return " ".join([self.name, "flatParam", *self.words])


@public
@attrs.frozen
class ExternalParameter(SharedParameter):
    """A parameter for formulas, which multiplies no yield itself: `extArg`."""

    name: str
    initial: float | None
    """Start value, None for an object of a workspace."""
    bounds: tuple[float, float] | None = None
    is_constant: bool = False
    source: str = ""
    """`file.root:workspace` of the object, with an absolute path if the model was read."""

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        if self.initial is None:
            return f"{self.name} extArg {self.source}"
        return f"{self.name} extArg {number(self.initial)}{' [const]' if self.is_constant else range_text(self.bounds)}"


@public
@attrs.frozen
class DiscreteParameter(SharedParameter):
    """The index of one of several functions in a workspace: `discrete`."""

    name: str

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        return f"{self.name} discrete"


@public
@attrs.frozen
class ConstraintTerm(SharedParameter):
    """A normal density of a function of parameters around 0: `constr`."""

    name: str
    formula: str
    arguments: tuple[str, ...]
    """Names of the parameters @0, @1, …; empty if the formula has the names themselves."""
    sigma: str
    """Width: a number, or the name of a parameter."""
    # Combine makes parameters in the order of the card, and those of the formula are needed.
    order: ClassVar[int] = 21

    @property
    def line(self) -> str:
        """The line in a Combine card."""
        arguments = [f"{{{','.join(self.arguments)}}}"] if self.arguments else []
        return " ".join([self.name, "constr", self.formula, *arguments, self.sigma])


@public
@attrs.frozen(eq=False)
class FormulaFactor(FrozenArrays, Directive):
    """A function of parameters that multiplies the yields of some columns: `rateParam` with a formula."""

    name: str
    columns: IntArray = attrs.field(converter=whole, repr=brief)
    """Positions of the columns in `Channel.columns`, shape (n,)."""
    formula: str
    arguments: tuple[str, ...]
    """Names of the parameters @0, @1, …"""
    order: ClassVar[int] = 15

    def lines(self, channel: Channel) -> Iterable[str]:
        """Yield a rateParam line for each column."""
        for column in self.columns:
            words = (channel.bin, channel.columns[column].name, self.formula, ",".join(self.arguments))
            yield " ".join([self.name, "rateParam", *words])


@public
@attrs.frozen(eq=False)
class ImportedFactor(FrozenArrays, Directive):
    """An object of a workspace that multiplies the yields of some columns: `rateParam` from a file."""

    name: str
    columns: IntArray = attrs.field(converter=whole, repr=brief)
    """Positions of the columns in `Channel.columns`, shape (n,)."""
    source: str
    """`file.root:workspace`, with an absolute path if the model was read."""
    order: ClassVar[int] = 15

    def lines(self, channel: Channel) -> Iterable[str]:
        """Yield a rateParam line for each column."""
        for column in self.columns:
            yield " ".join([self.name, "rateParam", channel.bin, channel.columns[column].name, self.source])


@public
@attrs.frozen
class Group(Directive):
    """A name for several parameters, which a fit freezes or reports together: `group`."""

    name: str
    members: tuple[str, ...]
    """Names of parameters; the line leaves out those that are not in the channel."""
    order: ClassVar[int] = 80
    is_about_others: ClassVar[bool] = True

    def lines(self, channel: Channel) -> Iterable[str]:
        """Yield the line, none if no member is in the channel."""
        if members := self.members_in(channel):
            yield f"{self.name} {GROUP} = {' '.join(members)}"

    def members_in(self, channel: Channel) -> tuple[str, ...]:
        """Return the members that are parameters of a channel."""
        return tuple(member for member in self.members if member in channel.parameter_names)


@public
@attrs.frozen
class NuisanceEdit(Directive):
    """A change of the rows above that Combine makes when it reads a card: `nuisance edit`."""

    verb: str
    words: tuple[str, ...]
    """Words behind the verb, as `grammar.EDITS` has them, and options."""
    # Last: an edit changes what is above it.
    order: ClassVar[int] = 95
    is_about_others: ClassVar[bool] = True

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the same in each channel
        """Yield the line."""
        yield " ".join([*EDIT, self.verb, *self.words])
