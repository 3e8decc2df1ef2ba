"""Channels of two sets of cards that correspond, and their columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.comparison.change import Change, before_after, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.comparison.change import Tolerances
    from datacard_core.model.arrays import IntArray
    from datacard_core.model.channel import Channel
    from datacard_core.model.model import Model


@attrs.frozen(eq=False)
class Scope:
    """Cards that are compared as wholes: one of each name, or those of other names together."""

    before: Mapping[str, Model]
    after: Mapping[str, Model]


@attrs.frozen(eq=False, kw_only=True)
class Pair:
    """One channel in two versions."""

    name: str
    """Name for messages, with the card where several cards have a channel of that name."""
    before: Channel
    after: Channel
    processes: tuple[str, ...] = ()
    """Processes that both have, by their names after the change, n strings."""
    left: IntArray = attrs.field(factory=lambda: np.zeros(0, np.intp))
    """Positions of these processes before the change, shape (n,)."""
    right: IntArray = attrs.field(factory=lambda: np.zeros(0, np.intp))
    """Positions of these processes after the change, shape (n,)."""

    @property
    def has_same_bins(self) -> bool:
        """True if templates of both can be compared bin by bin."""
        has_templates = self.before.has_templates == self.after.has_templates
        return has_templates and self.before.axis.same_binning(self.after.axis)


def scopes_of(before: Mapping[str, Model], after: Mapping[str, Model]) -> list[Scope]:
    """Return which cards are compared with which: by name, one card with one, and what is left together."""
    if len(before) == len(after) == 1:
        return [Scope(before, after)]
    # Groups and parameters belong to a card, and cards of a directory may have other ones.
    scopes = [Scope({name: model}, {name: after[name]}) for name, model in before.items() if name in after]
    rest = Scope(
        {name: model for name, model in before.items() if name not in after},
        {name: model for name, model in after.items() if name not in before},
    )
    return [*scopes, rest] if rest.before or rest.after else scopes


def pairs_of(scopes: Sequence[Scope], tolerances: Tolerances) -> tuple[list[Pair], list[Change]]:
    """Return the channels that correspond, and what is told about the others."""
    found = [(_channels(scope.before), _channels(scope.after)) for scope in scopes]
    counts = Counter(name for _, after in found for name in after)
    pairs: list[Pair] = []
    changes: list[Change] = []
    # By what the channels are called, as positions in a card mean nothing.
    for scope, (before, after) in zip(scopes, found, strict=True):
        gone, new = _only_in(before, after), _only_in(after, before)
        # A card that is compared with another one by its name, or as the only one, is not gone.
        is_chosen = scope.before.keys() == scope.after.keys() or (
            len(scopes) == len(scope.before) == len(scope.after) == 1
        )
        renamed = dict(_same_channels(gone, new, tolerances, is_chosen=is_chosen))
        for name in after:
            old = name if name in before else next((one for one, other in renamed.items() if other == name), "")
            if old:
                # The card is named where a channel stands in several ones, and has not its card's name.
                card = next(iter(scope.after))
                shown = f"{card}:{name}" if counts[name] > 1 and ":" not in name and name != card else name
                pairs.append(Pair(name=shown, before=before[old], after=after[name]))
                if old != name:
                    changes.append(Change(kind="channel.renamed", channel=shown, before=old, after=name))
        lost = {name: channel for name, channel in gone.items() if name not in renamed}
        made = {name: channel for name, channel in new.items() if name not in renamed.values()}
        changes += _alone(scope.before, lost, "gone", is_chosen=is_chosen)
        changes += _alone(scope.after, made, "appeared", is_chosen=is_chosen)
    return pairs, changes


def _channels(models: Mapping[str, Model]) -> dict[str, Channel]:
    """Return the channels by name, with the card where several cards have a channel of that name."""
    return {name: channel for card in models for name, channel in _of_card(models, card).items()}


def _of_card(models: Mapping[str, Model], card: str) -> dict[str, Channel]:
    counts = Counter(channel.bin for model in models.values() for channel in model.channels)
    channels = models[card].channels
    return {f"{card}:{one.bin}" if counts[one.bin] > 1 else one.bin: one for one in channels}


def _only_in(ours: Mapping[str, Channel], theirs: Mapping[str, Channel]) -> dict[str, Channel]:
    return {name: channel for name, channel in ours.items() if name not in theirs}


def _same_channels(
    gone: Mapping[str, Channel], new: Mapping[str, Channel], tolerances: Tolerances, *, is_chosen: bool
) -> Iterator[tuple[str, str]]:
    """Yield the channels that have another name and the same rates, or that alone are left of two chosen cards."""
    if is_chosen and len(gone) == len(new) == 1:
        yield next(iter(gone)), next(iter(new))
        return
    by_processes: dict[tuple[str, ...], list[str]] = {}
    for name, channel in new.items():
        by_processes.setdefault(tuple(sorted(column.name for column in channel.columns)), []).append(name)
    for name, channel in gone.items():
        candidates = by_processes.get(tuple(sorted(column.name for column in channel.columns)), [])
        rates = _rates(channel)
        for other in candidates:
            if np.allclose(rates, _rates(new[other]), rtol=tolerances.relative, atol=0):
                candidates.remove(other)
                yield name, other
                break


def _rates(channel: Channel) -> list[float]:
    return [rate for _, rate in sorted(zip((one.name for one in channel.columns), channel.rates.tolist(), strict=True))]


def _alone(
    models: Mapping[str, Model], channels: Mapping[str, Channel], end: str, *, is_chosen: bool
) -> Iterator[Change]:
    """Yield the channels without a counterpart; a card none of whose channels has one is told in their place."""
    for card in models:
        names = [name for name in _of_card(models, card) if name in channels]
        if not is_chosen and len(names) == len(models[card].channels):
            before, after = before_after(end, ", ".join(names))
            yield Change(kind=f"card.{end}", channel=card, before=before, after=after, size=len(names))
            continue
        for name in names:
            columns = len(channels[name].columns)
            nuisances = number_of(len(channels[name].nuisances), "nuisance")
            before, after = before_after(end, f"{columns} processes, {nuisances}")
            yield Change(kind=f"channel.{end}", channel=name, before=before, after=after, size=columns)


def with_columns(pairs: Sequence[Pair], tolerances: Tolerances) -> tuple[list[Pair], list[Change]]:
    """Return the pairs with the columns that correspond, and the processes that do not, or have another name."""
    renamed = _renamed(pairs, tolerances)
    changes: list[Change] = []
    done: list[Pair] = []
    for pair in pairs:
        old = {renamed.get(column.name, column.name): at for at, column in enumerate(pair.before.columns)}
        new = {column.name: at for at, column in enumerate(pair.after.columns)}
        both = tuple(name for name in new if name in old)
        made = attrs.evolve(
            pair,
            processes=both,
            left=np.array([old[name] for name in both], np.intp),
            right=np.array([new[name] for name in both], np.intp),
        )
        done.append(made)
        changes += [*_processes(pair, old, new), *_of_columns(made, renamed)]
    return done, changes


def _renamed(pairs: Sequence[Pair], tolerances: Tolerances) -> dict[str, str]:
    """Return the new names of processes that have the same templates in the same channels under another name."""
    before, after = _places(pairs, "before"), _places(pairs, "after")
    candidates: dict[tuple[tuple[int, ...], str], list[str]] = {}
    # A process that stays in another channel has kept its name.
    for name in after.keys() - before.keys():
        candidates.setdefault(_key(pairs, after[name], "after"), []).append(name)
    renamed: dict[str, str] = {}
    for name in sorted(before.keys() - after.keys()):
        for other in sorted(candidates.get(_key(pairs, before[name], "before"), [])):
            if other not in renamed.values() and _agree(pairs, before[name], after[other], tolerances):
                renamed[name] = other
                break
    return renamed


def _places(pairs: Sequence[Pair], side: str) -> dict[str, dict[int, int]]:
    """Return the position of each process in each channel, by process and number of the channel."""
    places: dict[str, dict[int, int]] = {}
    for number, pair in enumerate(pairs):
        for at, column in enumerate(getattr(pair, side).columns):
            places.setdefault(column.name, {})[number] = at
    return places


def _key(pairs: Sequence[Pair], places: Mapping[int, int], side: str) -> tuple[tuple[int, ...], str]:
    # Rounded, so that few processes are compared with each other.
    total = sum(float(getattr(pairs[number], side).rates[at]) for number, at in places.items())
    return tuple(places), f"{total:.4g}"


def _agree(pairs: Sequence[Pair], before: Mapping[int, int], after: Mapping[int, int], tolerances: Tolerances) -> bool:
    # Processes without events are all alike.
    some = False
    for number, at in before.items():
        pair, other = pairs[number], after[number]
        values, others = pair.before.nominal.values[at], pair.after.nominal.values[other]
        some = some or bool(values.any())
        if values.shape != others.shape or not np.allclose(values, others, rtol=tolerances.relative, atol=0):
            return False
    return some


def _processes(pair: Pair, old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[Change]:
    for name, at in old.items():
        if name not in new:
            rate = float(pair.before.rates[at])
            yield Change(kind="process.gone", channel=pair.name, process=name, before=f"{rate:.6g}", size=abs(rate))
    for name, at in new.items():
        if name not in old:
            rate = float(pair.after.rates[at])
            yield Change(kind="process.appeared", channel=pair.name, process=name, after=f"{rate:.6g}", size=abs(rate))


def _of_columns(pair: Pair, renamed: Mapping[str, str]) -> Iterator[Change]:
    roles = {True: "signal", False: "background"}
    for name, left, right in zip(pair.processes, pair.left.tolist(), pair.right.tolist(), strict=True):
        old, new = pair.before.columns[left], pair.after.columns[right]
        if old.name in renamed:
            yield Change(kind="process.renamed", channel=pair.name, process=name, before=old.name, after=name)
        if old.is_signal != new.is_signal:
            before, after = roles[old.is_signal], roles[new.is_signal]
            yield Change(kind="process.role", channel=pair.name, process=name, before=before, after=after)
