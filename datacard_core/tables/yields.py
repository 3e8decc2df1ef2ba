"""The table of yields: expected events of each process and channel, with their uncertainties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.documents.findings import Findings
from datacard_core.documents.formats import Label, escaped
from datacard_core.documents.numbers import Quantity, counted
from datacard_core.documents.table import PlainTable
from datacard_core.model.uncertainties.prefit import differences, excluded_names, initial_factors
from datacard_core.names import listing
from datacard_core.tables.sources import channels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.documents.formats import Entry
    from datacard_core.documents.table import Table
    from datacard_core.findings import Finding
    from datacard_core.model.arrays import BoolArray, FloatArray
    from datacard_core.model.channel import Channel

FIELDS = ("channel", "process", "role", "yield", "stat", "up", "down")
SIGNAL, BACKGROUND, TOTAL, DATA = "signal", "background", "total", "data"
"""Roles of records; `total` is the sum of all backgrounds of a channel."""


def yields_table(source: Any) -> Table:
    """Return the expected events of each process before the fit, summed over years, and those of the total background.

    A quantity is "yield ± statistical ± total uncertainty". With N the yield, V the sum of the variances of its
    templates, and Δ± the change of N by a nuisance at ±1 standard deviation, summed with its sign over all columns
    of the process:

        stat² = V,  up² = V + Σ max(Δ⁺, Δ⁻, 0)²,  down² = V + Σ max(-Δ⁺, -Δ⁻, 0)²

    as in `prefit`, which has the same for the background of each bin. A record has full numbers: channel, process, role
    (signal, background, total, data), yield, stat, up, down.

    Args:
        source: a card, the cards of an analysis, a card that was read, a channel or a model.
    """
    channels = channels_of(source)
    by_channel = {channel.bin: _quantities(channel) for channel in channels}
    processes = list(dict.fromkeys(key for of in by_channel.values() for key in of if key[0] != TOTAL))
    names = {"process": [*(name for _, name in processes), BACKGROUND, DATA]}
    labels = dict(_labels(channels))
    # A label that says no more than the name needs no column.
    if any(label != name for name, label in labels.items()):
        names["label"] = [*(Label(labels[name]) for _, name in processes), "", ""]
    values = [
        [*(of.get(key, "-") for key in [*processes, (TOTAL, BACKGROUND)]), _observed(channel)]
        for channel, of in zip(channels, by_channel.values(), strict=True)
    ]
    lines: list[tuple[Entry, ...]] = list(zip(*names.values(), *values, strict=True))
    return PlainTable(
        title="yields",
        heads=(*names, *by_channel),
        keys=len(names),
        lines=lines,
        breaks=(len(processes),),
        fields=FIELDS,
        records=[record for one, of in zip(channels, by_channel.values(), strict=True) for record in _records(one, of)],
        note=_note(channels),
    )


def _labels(channels: Iterable[Channel]) -> Iterator[tuple[str, str]]:
    """Yield the process and the label of each column."""
    for channel in channels:
        for column in channel.columns:
            yield column.process, column.label


def _observed(channel: Channel) -> str:
    blind = len(channel.blind_bins)
    # Expected events are not shown as data.
    if blind == channel.axis.bins or not channel.has_data:
        return "blind" if blind else "none"
    mark = f" ({blind} bin{'s' * (blind > 1)} blind)" if blind else ""
    return f"{counted(channel.observation)}{mark}"


def _records(channel: Channel, quantities: Mapping[tuple[str, str], Quantity]) -> Iterator[dict[str, Any]]:
    for (role, process), of in quantities.items():
        numbers = {"yield": of.value, "stat": of.stat, "up": of.up, "down": of.down}
        yield {"channel": channel.bin, "process": process, "role": role, **numbers}
    if channel.has_data and not channel.blind_bins:
        observed = {"yield": channel.observation, **dict.fromkeys(FIELDS[4:])}
        yield {"channel": channel.bin, "process": DATA, "role": DATA, **observed}


def _note(channels: Iterable[Channel]) -> str:
    note = "yield ± statistical ± total uncertainty before the fit, in events"
    excluded = dict.fromkeys(
        name for channel in channels for name in excluded_names(channel, np.ones(len(channel.columns), dtype=bool))
    )
    return f"{note}; without the unknown effect of {listing(excluded, 6)}" if excluded else note


def card_html(card: Any, findings: Sequence[Finding]) -> str:
    """Return the table of yields of a card, or of cards, and its findings, for a notebook."""
    table = yields_table(card)
    return f"<p>{escaped(repr(card))}</p>\n{table._repr_html_()}\n{Findings(findings)._repr_html_()}"


def _quantities(channel: Channel) -> dict[tuple[str, str], Quantity]:
    """Return the yields by role and process, the total background last."""
    groups: dict[tuple[str, str], BoolArray] = {}
    count = len(channel.columns)
    total = np.zeros(count, dtype=bool)
    for position, column in enumerate(channel.columns):
        key = (SIGNAL if column.is_signal else BACKGROUND, column.process)
        groups.setdefault(key, np.zeros(count, dtype=bool))[position] = True
        total[position] = not column.is_signal
    groups[TOTAL, BACKGROUND] = total
    # A product of matrices sums the columns of each group: loops over groups take seconds for large cards.
    members = np.array(list(groups.values()), dtype=float)
    initial = initial_factors(channel)
    values = members @ (channel.nominal.norms * initial)
    variances = members @ (channel.nominal.variances.sum(axis=1) * initial**2)
    up, down = variances.copy(), variances.copy()
    # As in `prefit`: both ends may lie on one side, and the other side does not grow then.
    for plus, minus in _changes(channel, initial):
        plus, minus = members @ plus, members @ minus  # noqa: PLW2901 - of groups in place of columns
        up += np.maximum(np.maximum(plus, minus), 0) ** 2
        down += np.maximum(np.maximum(-plus, -minus), 0) ** 2
    numbers = zip(values, *map(np.sqrt, (variances, up, down)), strict=True)
    return {key: Quantity(*map(float, of)) for key, of in zip(groups, numbers, strict=True)}


def _changes(channel: Channel, initial: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield, for each nuisance, the changes of the yields of all columns at θ = +1 and θ = -1, shape (columns,)."""
    for nuisance in channel.nuisances:
        changes = np.zeros((2, len(channel.columns)))
        for entry in nuisance.entries:
            if (found := differences(entry.effect, channel)) is not None:
                changes[:, entry.columns] += [of.sum(axis=1) for of in found]
        if changes.any():
            plus, minus = changes * initial
            yield plus, minus
