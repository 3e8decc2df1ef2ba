"""Edges by rule: bins with equal parts of the signal, and with enough background in each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.arguments import scalar, scalars, shown, wrong_type
from datacard_core.declare.declaration import check_calls
from datacard_core.declare.values import BinningRule
from datacard_core.errors import DeclarationError
from datacard_core.grammar import is_finite_number
from datacard_core.model.channel import Channel
from datacard_core.names import closest, listing, public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.model.arrays import BoolArray, FloatArray

# Sums of weights are rounded: a part that is short of its share by less is complete.
_ROUNDING = 1e-9


@public
@attrs.frozen(kw_only=True)
class ChosenBins:
    """Edges that a rule has chosen, with the expectation in each bin."""

    edges: tuple[float, ...]
    signal: tuple[float, ...]
    background: tuple[float, ...]
    background_error: tuple[float, ...]
    """Statistical error of the background, as a part of it."""
    rule: str
    """The rule as text."""


@public
@attrs.frozen
class quantiles(BinningRule):  # noqa: N801 - it reads as a function in declarations
    """The rule that a signal is divided into bins of equal yield, as nearly as the bins of the card allow.

    Bins are made from the last one, where discriminants have their signal. A bin grows until it has its part of the
    signal and fulfils the limits; what is left at the beginning joins the first one. There may be fewer bins than `n`.
    As `bins_edges` of a card it chooses the edges from the histograms of that card.
    """

    signal: tuple[str, ...] = attrs.field(converter=scalars)
    """Process, or processes, whose yield is divided; it need not be one with `is_signal`."""
    n: int = attrs.field(converter=scalar)
    """Number of bins."""
    min_background: float = attrs.field(default=0.0, converter=scalar, kw_only=True)
    """Least expected background in a bin."""
    max_relative_error: float = attrs.field(default=math.inf, converter=scalar, kw_only=True)
    """Largest statistical error of the background in a bin, as a part of it."""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(f"quantiles: {problem}" for problem in problems)

    def bins(self, channel: Channel) -> ChosenBins:
        """Return the edges for a channel, which has the bins that may be joined. Its data are not looked at.

        Args:
            channel: the channel of a card, such as that of a category without `bins_edges`.

        Raises:
            DeclarationError: it has no such process, no events of it, bins without edges, or the limits cannot be met.
        """
        if problems := list(wrong_type("channel", channel, Channel, "that of a card, such as card.channel")):
            raise DeclarationError(f"quantiles: {problem}" for problem in problems)
        if problems := list(self._channel_problems(channel)):
            raise DeclarationError(f"quantiles: channel {channel.bin!r}: {problem}" for problem in problems)
        is_signal = self._is_signal(channel)
        backgrounds = np.array([not column.is_signal for column in channel.columns]) & ~is_signal
        signal = channel.nominal.values[is_signal].sum(axis=0)
        background = channel.nominal.values[backgrounds].sum(axis=0)
        variances = channel.nominal.variances[backgrounds].sum(axis=0)
        starts = self._starts(signal, background, variances)
        if not starts:
            whole = f"{background.sum():.4g} ± {math.sqrt(variances.sum()):.2g}"
            message = f"its whole background, {whole}, is outside the limits {self._limits}"
            raise DeclarationError(f"quantiles: channel {channel.bin!r}: {message}")
        sums = [np.add.reduceat(of, starts) for of in (signal, background, variances)]
        # Without background there is no relative error, which the limits have refused if there is one.
        errors = np.sqrt(sums[2]) / np.where(sums[1] > 0, sums[1], np.inf)
        return ChosenBins(
            edges=tuple(channel.axis.edges[[*starts, -1]].tolist()),
            signal=tuple(sums[0].tolist()),
            background=tuple(sums[1].tolist()),
            background_error=tuple(errors.tolist()),
            rule=repr(self),
        )

    def _starts(self, signal: FloatArray, background: FloatArray, variances: FloatArray) -> list[int]:
        """Return the first position of each bin, rising; none if not even one bin is within the limits."""
        share, starts = signal.sum() / self.n, [len(signal)]
        target = share
        for place in range(len(signal) - 1, -1, -1):
            of_bin = slice(place, starts[-1])
            done = float(signal[place:].sum())
            if done >= target * (1 - _ROUNDING) and self._is_enough(background[of_bin].sum(), variances[of_bin].sum()):
                starts.append(place)
                # A bin that had to grow over several parts takes them all.
                target = share * (math.floor(done / share * (1 + _ROUNDING)) + 1)
            if len(starts) > self.n:
                break
        starts[-1] = 0 if len(starts) > 1 else starts[-1]
        # What is left joins the bin that was made last, and may bring statistical errors that are too large.
        while len(starts) > 1 and not self._is_enough(background[: starts[-2]].sum(), variances[: starts[-2]].sum()):
            del starts[-2]
        return starts[:0:-1]

    def _is_enough(self, background: float, variance: float) -> bool:
        if background < self.min_background:
            return False
        if math.isinf(self.max_relative_error):
            return True
        # A bin without background has no relative error, and is not known to have little.
        return background > 0 and math.sqrt(variance) <= self.max_relative_error * background

    @property
    def _limits(self) -> str:
        return f"min_background={self.min_background:g}, max_relative_error={self.max_relative_error:g}"

    def _is_signal(self, channel: Channel) -> BoolArray:
        return np.array([column.process in self.signal for column in channel.columns])

    def _channel_problems(self, channel: Channel) -> Iterator[str]:
        known = list(dict.fromkeys(column.process for column in channel.columns))
        for name in self.signal:
            if name not in known:
                yield f"it has no process {name!r}{closest(name, known)}"
        if channel.axis.categories is not None or channel.axis.slices:
            yield f"axis {channel.axis.name!r} has labels or slices, whose bins cannot be joined"
        signal = channel.nominal.values[self._is_signal(channel)].sum()
        if all(name in known for name in self.signal) and not signal > 0:
            yield f"the yield of {listing(self.signal)} is {signal:.4g}, expected events to divide"

    def _problems(self) -> Iterator[str]:
        if not self.signal or not all(isinstance(name, str) and name for name in self.signal):
            yield f"signal is {shown(self.signal)}, expected names of processes"
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            yield f"n is {shown(self.n)}, expected a whole number of at least 1"
        for field, value in (("min_background", self.min_background), ("max_relative_error", self.max_relative_error)):
            number: Any = value
            if not (is_finite_number(number) or number == math.inf) or number < 0:
                yield f"{field} is {shown(value)}, expected a number of at least 0"


check_calls(quantiles)
