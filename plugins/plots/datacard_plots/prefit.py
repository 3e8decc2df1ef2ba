"""What a card expects before the fit, and how well: the numbers of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from datacard_core import BinByBinStatistics, FreeParameter, Normalisation, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core import Channel, Effect

FloatArray: TypeAlias = npt.NDArray[np.float64]

HARMLESS = ("group", "autoMCStats")
"""Combine's keywords for lines that change nothing about what is expected."""


@attrs.frozen(eq=False)
class Process:
    """One process of a channel, summed over its years."""

    name: str
    is_signal: bool
    position: int
    """Its place among the channel's processes, in the order of the columns."""
    values: FloatArray
    """Expected events, shape (bins,)."""


@attrs.frozen(eq=False)
class Prefit:
    """The expectation of a channel, arrays of shape (bins,) in events."""

    processes: tuple[Process, ...]
    background: FloatArray
    stat: FloatArray
    """Standard deviation of the background, from the sizes of the simulated samples alone."""
    up: FloatArray
    """How far the band reaches above the background, not below 0."""
    down: FloatArray
    """How far it reaches below, likewise."""
    has_syst: bool
    """Whether any nuisance had a part in the band."""
    without: tuple[str, ...]
    """Nuisances and lines that may act on the background in a way that nobody here knows, and are not in the band."""
    free: tuple[tuple[str, float], ...]
    """Free parameters with their initial values, which are in the expectation; in the band they are not."""


def prefit(channel: Channel) -> Prefit:
    r"""Sum the columns over their years, and the uncertainties in quadrature over the nuisances.

    With B the background, V the sum of its templates' variances, and Δ± what nuisance n adds to B at θ = ±1:

        up² = V + Σ_n max(Δ⁺_n, Δ⁻_n, 0)²
        down² = V + Σ_n max(-Δ⁺_n, -Δ⁻_n, 0)²

    Within a nuisance Δ is summed over the background columns c with its sign: they move together. For factors it is
    Σ_c N_c (κ_c± - 1), κ⁻ = 1/κ⁺ where only one is given; for templates Σ_c s_c (T_c± - N_c) with the scale s, which is
    exact for s = 1 and linear otherwise. Correlations that the fit would find are not in it. Free parameters multiply
    N and T with their initial values and add nothing to the band.
    """
    initial = _initial(channel)
    values = channel.nominal.values * initial[:, None]
    is_background = np.array([not column.is_signal for column in channel.columns], dtype=bool)
    variance = (channel.nominal.variances * initial[:, None] ** 2)[is_background].sum(axis=0)
    up, down = variance.copy(), variance.copy()
    moved = list(_moved(channel, initial, is_background))
    for plus, minus in moved:
        up += np.maximum(np.maximum(plus, minus), 0) ** 2
        down += np.maximum(np.maximum(-plus, -minus), 0) ** 2
    return Prefit(
        processes=tuple(_processes(channel, values)),
        background=values[is_background].sum(axis=0),
        stat=np.sqrt(variance),
        up=np.sqrt(up),
        down=np.sqrt(down),
        has_syst=bool(moved),
        without=tuple(dict.fromkeys(_without(channel, is_background))),
        free=_free(channel),
    )


def _initial(channel: Channel) -> FloatArray:
    """What free parameters multiply each column with before the fit, shape (columns,)."""
    initial = np.ones(len(channel.columns))
    for directive in channel.directives:
        if isinstance(directive, FreeParameter):
            initial[directive.columns] *= directive.initial
    return initial


def _free(channel: Channel) -> tuple[tuple[str, float], ...]:
    free = [directive for directive in channel.directives if isinstance(directive, FreeParameter)]
    return tuple({directive.name: float(directive.initial) for directive in free}.items())


def _processes(channel: Channel, values: FloatArray) -> Iterator[Process]:
    members: dict[tuple[str, bool], list[int]] = {}
    for position, column in enumerate(channel.columns):
        members.setdefault((column.process, column.is_signal), []).append(position)
    for position, ((name, is_signal), rows) in enumerate(members.items()):
        yield Process(name, is_signal, position, values[rows].sum(axis=0))


def _moved(
    channel: Channel, initial: FloatArray, is_background: npt.NDArray[np.bool_]
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """For each nuisance with a known effect on the background, what it adds at +1 and at -1 sigma."""
    for nuisance in channel.nuisances:
        found = []
        for effect in nuisance.effects:
            keep = is_background[effect.columns]
            differences = _differences(effect, channel) if keep.any() else None
            if differences is not None:
                weights = np.where(keep, initial[effect.columns], 0)
                found.append([(difference * weights[:, None]).sum(axis=0) for difference in differences])
        if found:
            plus, minus = np.sum(found, axis=0)
            yield plus, minus


def _differences(effect: Effect, channel: Channel) -> tuple[FloatArray, FloatArray] | None:
    """Plus and minus one sigma without the nominal, shape (n, bins); None for an effect that nobody here knows."""
    nominal = channel.nominal.values[effect.columns]
    if isinstance(effect, Normalisation):
        down = 1 / effect.up if effect.down is None else effect.down
        return nominal * (effect.up - 1)[:, None], nominal * (down - 1)[:, None]
    if isinstance(effect, Shape):
        scale = effect.scale[:, None]
        up, down = effect.up.values - nominal, effect.down.values - nominal
        # A scale below 0 turns the parameter round.
        return np.abs(scale) * np.where(scale > 0, up, down), np.abs(scale) * np.where(scale > 0, down, up)
    return None


def _without(channel: Channel, is_background: npt.NDArray[np.bool_]) -> Iterator[str]:
    for nuisance in channel.nuisances:
        unknown = [effect for effect in nuisance.effects if not isinstance(effect, Normalisation | Shape)]
        if any(is_background[effect.columns].any() for effect in unknown):
            yield nuisance.name
    for directive in channel.directives:
        if not isinstance(directive, FreeParameter | BinByBinStatistics):
            yield from _acting(directive.lines(channel))


def _acting(lines: Iterable[str]) -> Iterator[str]:
    """The names on lines of a Combine card that may change what is expected."""
    for words in map(str.split, lines):
        if len(words) > 1 and not words[0].startswith("#") and words[1] not in HARMLESS:
            yield words[0]
