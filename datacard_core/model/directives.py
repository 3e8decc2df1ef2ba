"""The core's directives: free parameters, raw lines, and bin-by-bin statistics."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core.grammar import auto_mc_stats_line, rate_param_line
from datacard_core.grammar.numbers import real_number
from datacard_core.model.arrays import FrozenArrays, brief, whole
from datacard_core.model.channel import Directive
from datacard_core.model.effects import stands_for
from datacard_core.names import plain, public

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Channel


@public
@attrs.frozen(eq=False)
class FreeParameter(FrozenArrays, Directive):
    """A parameter without constraint that multiplies the yields of some columns."""

    name: str
    columns: IntArray = attrs.field(converter=whole, repr=brief)
    """Positions of the columns in `Channel.columns`, shape (n,)."""
    initial: float = 1.0
    bounds: tuple[float, float] | None = None
    """Lowest and highest value; without them Combine chooses a range."""
    order: ClassVar[int] = 10

    def lines(self, channel: Channel) -> Iterable[str]:
        """Yield a rateParam line for each column."""
        # A line for each column: a pattern such as `ttbar_*` would also match other processes that begin like that.
        for column in self.columns:
            yield rate_param_line(self.name, channel.columns[column].name, self.initial, self.bounds)


@public
@attrs.frozen(eq=False)
class RawLine(Directive):
    """A line that goes into a Combine card unchanged."""

    text: str

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the text is the same in each channel
        """Yield the text."""
        yield self.text


@public
@attrs.frozen(eq=False)
class BinByBinStatistics(Directive):
    """Parameters of the statistical uncertainty in each bin, which Combine makes: autoMCStats."""

    threshold: float = 0
    """Effective number of events below which a bin has a parameter per process; below 0 no bin has parameters."""
    include_signal: bool = False
    """True if signals count in that decision."""
    hist_mode: int = 1
    order: ClassVar[int] = 90

    def lines(self, channel: Channel) -> Iterable[str]:
        """Yield the autoMCStats line."""
        yield auto_mc_stats_line(
            channel.bin, self.threshold, include_signal=self.include_signal, hist_mode=self.hist_mode
        )


def own(directive: Directive) -> Directive:
    """Return a directive of a class of the core, or one that may be treated as that, as a copy with plain values.

    Directives of other classes pass unchanged.
    """
    for of in stands_for(type(directive)):
        if of is FreeParameter and isinstance(directive, FreeParameter):
            bounds = directive.bounds
            if bounds is not None:
                lowest, highest = bounds
                bounds = (_float(lowest), _float(highest))
            return FreeParameter(plain(directive.name), directive.columns, _float(directive.initial), bounds)
        if of is RawLine and isinstance(directive, RawLine):
            return RawLine(plain(directive.text))
        if of is BinByBinStatistics and isinstance(directive, BinByBinStatistics):
            include_signal = directive.include_signal
            if include_signal not in (True, False):
                raise TypeError(f"include_signal is {include_signal!r:.200}, expected True or False")
            return BinByBinStatistics(
                _float(directive.threshold), bool(include_signal), operator.index(directive.hist_mode)
            )
    return directive


def _float(value: float) -> float:
    # numpy's scalars have another repr, which would show in messages.
    return value if type(value) in (int, float) else real_number(value)
