"""The core's directives: free parameters, raw lines, and bin-by-bin statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core.grammar import auto_mc_stats_line, rate_param_line
from datacard_core.model.arrays import FrozenArrays, read_only
from datacard_core.model.channel import Directive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Channel


@attrs.frozen(eq=False)
class FreeParameter(FrozenArrays, Directive):
    """A parameter without constraint that multiplies the yields of some columns."""

    name: str
    columns: IntArray = attrs.field(converter=read_only)
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


@attrs.frozen(eq=False)
class RawLine(Directive):
    """A line that goes into a Combine card unchanged."""

    text: str

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002 - the text is the same in each channel
        """Yield the text."""
        yield self.text


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
