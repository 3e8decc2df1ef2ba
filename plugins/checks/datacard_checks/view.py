"""A channel as the checks look at it: all varied templates in arrays, beside their nominal ones."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core import BinByBinStatistics, Templates, grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from datacard_checks.limits import Limits
    from datacard_core import BoolArray, Channel, Finding, FloatArray, IntArray


@attrs.frozen(eq=False, kw_only=True)
class Varied:
    """The n pairs of Up and Down templates of a channel, a pair for each nuisance and column that it varies."""

    nuisances: tuple[str, ...]
    rows: IntArray
    """Position of each pair's nuisance in `nuisances`, shape (n,)."""
    columns: IntArray
    """Position of each pair's column in the channel, shape (n,)."""
    nominal: Templates
    """Nominal templates of the columns, shape (n, bins)."""
    up: Templates
    down: Templates
    is_shape: BoolArray
    """False for the kinds whose morphing is another one than that of `shape`, shape (n,)."""


@attrs.frozen(eq=False)
class View:
    """One channel with the limits that a check applies to it."""

    channel: Channel
    limits: Limits
    findings: tuple[Finding, ...] = ()
    """Findings of the reader of the card."""

    @cached_property
    def varied(self) -> Varied:
        """All varied templates."""
        channel = self.channel
        names = tuple(nuisance.name for nuisance in channel.nuisances)
        pairs = [
            (place, entry.keyword == grammar.SHAPE, entry.shape)
            for place, nuisance in enumerate(channel.nuisances)
            for entry in nuisance.entries
            if entry.shape is not None
        ]
        rows = [np.full(len(shape.columns), place) for place, _, shape in pairs]
        plain = [np.full(len(shape.columns), is_shape) for _, is_shape, shape in pairs]
        columns = _joined([shape.columns for *_, shape in pairs], np.empty(0, np.intp))
        none = np.empty((0, channel.axis.bins))
        return Varied(
            nuisances=names,
            rows=_joined(rows, np.empty(0, np.intp)),
            columns=columns,
            nominal=channel.nominal[columns],
            up=_stacked([shape.up for *_, shape in pairs], none),
            down=_stacked([shape.down for *_, shape in pairs], none),
            is_shape=_joined(plain, np.empty(0, bool)),
        )

    @cached_property
    def is_signal(self) -> BoolArray:
        """True for each column that is a signal, shape (columns,)."""
        return np.array([column.is_signal for column in self.channel.columns], bool)

    @cached_property
    def backgrounds(self) -> Templates:
        """Sum of the backgrounds, shape (1, bins)."""
        nominal = self.channel.nominal[~self.is_signal]
        return Templates(nominal.values.sum(axis=0, keepdims=True), nominal.variances.sum(axis=0, keepdims=True))

    @property
    def statistics(self) -> BinByBinStatistics | None:
        """The directive of bin-by-bin uncertainties that acts on the channel."""
        found = [one for one in self.channel.directives if isinstance(one, BinByBinStatistics) and one.threshold >= 0]
        return found[-1] if found else None

    def each(self, found: BoolArray, make: Callable[..., Finding], of: Callable[[int], Any]) -> Iterator[Finding]:
        """Yield a finding for each varied pair that is found.

        Args:
            found: which pairs, shape (n,).
            make: maker of a finding from its place and from what `of` returns, as keywords.
            of: the message and the numbers of a pair, by its position.
        """
        varied, names = self.varied, [column.name for column in self.channel.columns]
        for at in np.flatnonzero(found).tolist():
            yield make(
                channel=self.channel.bin,
                column=names[varied.columns[at]],
                systematic=varied.nuisances[varied.rows[at]],
                **of(at),
            )


def _joined(arrays: list[Any], empty: Any) -> Any:
    return np.concatenate(arrays) if arrays else empty


def _stacked(templates: list[Templates], empty: FloatArray) -> Templates:
    return Templates(
        _joined([one.values for one in templates], empty), _joined([one.variances for one in templates], empty)
    )


def effective_events(templates: Templates) -> FloatArray:
    """Return how many events of weight 1 have the relative error of each bin; infinite without an error."""
    values, variances = templates.values, templates.variances
    infinite = np.full(values.shape, np.inf)
    found: FloatArray = np.divide(values**2, variances, out=infinite, where=(variances > 0) & (values > 0))
    return found


def bins_of(found: BoolArray) -> tuple[int, ...]:
    """Return the numbers of bins, from 1."""
    return tuple((np.flatnonzero(found) + 1).tolist())


def worded(bins: tuple[int, ...], most: int = 6) -> str:
    """Return bins in words: "bin 3", "bins 1, 2, 3"."""
    rest = f", and {len(bins) - most} more" if len(bins) > most else ""
    return f"bin{'s' * (len(bins) > 1)} {', '.join(map(str, bins[:most]))}{rest}"
