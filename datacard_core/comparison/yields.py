"""Differences between two versions of a channel in bins, data, rates and nominal templates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from datacard_core.comparison.change import Change
from datacard_core.comparison.numbers import differences, in_words, numbers_of, percent, relative, shown
from datacard_core.model.directives import BinByBinStatistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.comparison.change import Tolerances
    from datacard_core.comparison.pairs import Pair
    from datacard_core.model.channel import Channel


def yield_changes(pair: Pair, tolerances: Tolerances) -> Iterator[Change]:
    """Yield the differences in bins, data, rates, nominal templates, their errors and autoMCStats."""
    if not pair.has_same_bins:
        yield Change(kind="binning", channel=pair.name, before=_bins(pair.before), after=_bins(pair.after))
    yield from _observation(pair, tolerances)
    yield from _rates(pair, tolerances)
    if pair.has_same_bins and pair.before.has_templates:
        yield from _templates(pair, tolerances)
        yield from _errors(pair, tolerances)
    before, after = _statistics(pair.before), _statistics(pair.after)
    if before != after:
        yield Change(kind="statistics", channel=pair.name, before=before, after=after)


def _bins(channel: Channel) -> str:
    if not channel.has_templates:
        return "no templates"
    edges = channel.axis.edges
    return f"{channel.axis.bins} bins from {edges[0]:.6g} to {edges[-1]:.6g}"


def _observation(pair: Pair, tolerances: Tolerances) -> Iterator[Change]:
    before, after = pair.before, pair.after
    words = _data(before), _data(after)
    if words[0] != words[1]:
        # Counts of a channel that is blind in one of both are not shown.
        yield Change(kind="observation", channel=pair.name, before=words[0], after=words[1], size=1)
        return
    # Blind bins have expected events, which follow from the rates.
    seen = np.ones(before.axis.bins, bool)
    seen[before.blind_bins] = False
    if not before.has_data or not seen.any():
        return
    old, new = before.data.values, after.data.values
    numbers: dict[str, float] = {}
    if pair.has_same_bins:
        old, new = old * seen, new * seen
        found = differences(old, new, before.data.variances, tolerances)
        if not found.differs[0]:
            return
        numbers = numbers_of(found, 0)
    sums = float(old.sum()), float(new.sum())
    if not numbers and relative(*sums) <= tolerances.relative:
        return
    texts = shown(*sums)
    yield Change(
        kind="observation",
        channel=pair.name,
        before=texts[0],
        after=texts[1],
        size=numbers.get("errors", relative(*sums)),
        measure=in_words(numbers) if before.axis.bins > 1 and numbers else percent(*sums),
        numbers=numbers,
    )


def _data(channel: Channel) -> str:
    """Return the kind of a channel's data in words."""
    if not channel.has_data:
        return "no data"
    return "data" if not channel.blind_bins or channel.blindness is None else channel.blindness.text(channel.bin)


def _rates(pair: Pair, tolerances: Tolerances) -> Iterator[Change]:
    rates = zip(pair.processes, pair.before.rates[pair.left], pair.after.rates[pair.right], strict=True)
    for process, before, after in rates:
        old, new = float(before), float(after)
        if relative(old, new) <= tolerances.relative:
            continue
        texts = shown(old, new)
        change = new / old - 1 if old else math.inf
        yield Change(
            kind="rate",
            channel=pair.name,
            process=process,
            before=texts[0],
            after=texts[1],
            size=abs(change),
            measure=percent(old, new),
            numbers={"relative": change},
        )


def _templates(pair: Pair, tolerances: Tolerances) -> Iterator[Change]:
    before, after = pair.before.nominal, pair.after.nominal
    old, new = before.values[pair.left], after.values[pair.right]
    found = differences(old, new, before.variances[pair.left], tolerances)
    for at in np.flatnonzero(found.differs).tolist():
        numbers = numbers_of(found, at)
        texts = shown(float(old[at, found.bins[at]]), float(new[at, found.bins[at]]))
        yield Change(
            kind="template",
            channel=pair.name,
            process=pair.processes[at],
            before=texts[0],
            after=texts[1],
            size=numbers["errors"],
            measure=in_words(numbers),
            numbers=numbers,
        )


def _errors(pair: Pair, tolerances: Tolerances) -> Iterator[Change]:
    old, new = (
        np.sqrt(channel.nominal.variances[which])
        for channel, which in ((pair.before, pair.left), (pair.after, pair.right))
    )
    # Errors of 0 in both have no ratio, and are the same.
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.where(old == new, 0, np.abs(new - old) / np.maximum(old, new))
    if not changes.size:
        return
    bins = changes.argmax(axis=1)
    for at in np.flatnonzero(~(changes.max(axis=1) <= tolerances.relative)).tolist():
        where = int(bins[at])
        pair_of_errors = float(old[at, where]), float(new[at, where])
        texts = shown(*pair_of_errors)
        yield Change(
            kind="errors",
            channel=pair.name,
            process=pair.processes[at],
            before=texts[0],
            after=texts[1],
            size=float(changes[at, where]),
            measure=f"bin {where + 1}: {percent(*pair_of_errors)}",
            numbers={"bin": where + 1, "relative": float(changes[at, where])},
        )


def _statistics(channel: Channel) -> str:
    found = [one for one in channel.directives if type(one) is BinByBinStatistics]
    return next((" ".join(line.split()[2:]) for one in found[-1:] for line in one.lines(channel)), "none")
