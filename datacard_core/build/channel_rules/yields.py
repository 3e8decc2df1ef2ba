"""Findings on yields that Combine refuses, or leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, error, notice, warning
from datacard_core.grammar import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.model.channel import Channel


def yield_findings(channel: Channel, declared: DeclaredCard) -> Iterator[Finding]:
    """Yield findings on columns without yield, on data below 0, and on channels that Combine refuses."""
    for name in declared.dropped:
        yield notice("empty-column", "its rate is 0: it is left out of the card, as declared", column=name)
    for column, rate in zip(channel.columns, channel.rates, strict=True):
        if rate < 0:
            message = f'the rate is {rate:g}: Combine stops at a template whose integral is below 0 ("Bogus norm")'
            yield error("negative-bins", message, column=column.name)
        elif not rate > 0 and declared.policies_of[column.process].empty_process == "error":
            yield error("empty-column", "the rate is 0, which empty_process='error' refuses", column=column.name)
        elif not rate > 0:
            message = f"the rate is {rate:g}: Combine leaves this process out of the channel"
            yield warning("empty-column", message, column=column.name)
    signal = np.array([column.is_signal for column in channel.columns])
    if not signal.any():
        yield warning("no-signal", "no process is a signal: Combine takes this card only together with one that has")
    if signal.all():
        yield warning("no-background", "no process is a background: Combine takes this card only with one that has")
    elif not (channel.rates[~signal] > 0).any():
        yield error("no-background", "no background has any yield: Combine refuses such a channel")
    if (channel.data.values < 0).any() and declared.policies_of[DATA].negative_bins != "keep":
        yield error("negative-data", f"a bin has {channel.data.values.min():g} events", column=DATA)
