"""Expected yields of a channel before the fit, and the uncertainty of the total background.

The expectation takes every nuisance at its nominal value and every free parameter at its initial value. The
uncertainty takes each nuisance to ±1 standard deviation and adds the effects in quadrature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.arguments import wrong_type
from datacard_core.errors import DeclarationError
from datacard_core.grammar import INERT_KEYWORDS, keyword_of
from datacard_core.model.arrays import FrozenArrays, brief, real
from datacard_core.model.channel import Channel
from datacard_core.model.directives import BinByBinStatistics, FreeParameter
from datacard_core.model.effects import Normalisation, Shape
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.model.arrays import BoolArray, FloatArray
    from datacard_core.model.effects import Effect


@public
@attrs.frozen(eq=False)
class ExpectedProcess(FrozenArrays):
    """Expected yields of one process, summed over its years."""

    name: str
    is_signal: bool
    position: int
    """Position among the processes of the channel, in the order of its columns."""
    values: FloatArray = attrs.field(converter=real, repr=brief)
    """Expected events, shape (bins,)."""
    label: str = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True))
    """Name for display."""


@public
@attrs.frozen(eq=False, kw_only=True)
class Prefit(FrozenArrays):
    """Expectation of a channel before the fit. All arrays have shape (bins,) and are in events."""

    processes: tuple[ExpectedProcess, ...]
    background: FloatArray = attrs.field(converter=real, repr=brief)
    """Sum of all background processes."""
    stat: FloatArray = attrs.field(converter=real, repr=brief)
    """Standard deviation of the background from the finite size of the simulated samples alone."""
    up: FloatArray = attrs.field(converter=real, repr=brief)
    """Total uncertainty of the background upwards, statistical and systematic, at least 0."""
    down: FloatArray = attrs.field(converter=real, repr=brief)
    """Total uncertainty of the background downwards, at least 0."""
    has_systematics: bool
    """True if at least one nuisance contributes to `up` and `down`."""
    excluded: tuple[str, ...]
    """Names of nuisances and lines with an unknown effect on the background, which `up` and `down` do not include."""
    free: tuple[tuple[str, float], ...]
    """Free parameters with their initial values: part of the expectation, but not of `up` and `down`."""

    def __repr__(self) -> str:
        return f"<Prefit: {len(self.processes)} processes, {len(self.background)} bins>"


def prefit(channel: Channel) -> Prefit:
    r"""Return the expected yields per process and the total uncertainty of the background.

    Columns are summed over their years, and uncertainties are added in quadrature over the nuisances. With B the
    background, V the sum of the variances of its templates, and Δ± the change of B by nuisance n at θ = ±1:

        up² = V + Σ_n max(Δ⁺_n, Δ⁻_n, 0)²
        down² = V + Σ_n max(-Δ⁺_n, -Δ⁻_n, 0)²

    Within one nuisance Δ is summed with its sign over the background columns c, because they are fully correlated:

        log-normal factors: Δ± = Σ_c N_c (κ_c± - 1), with κ⁻ = 1/κ⁺ if only one factor is given
        templates: Δ± = Σ_c s_c (T_c± - N_c), with the scale s; exact for s = 1, linear in s otherwise

    Free parameters multiply N and T with their initial values and add no uncertainty. Correlations between nuisances,
    which only a fit can find, are not included.

    Args:
        channel: The finished channel of one card.

    Returns:
        Expectation and uncertainties per bin, in events.
    """
    for problem in wrong_type("channel", channel, Channel, "a Channel"):
        raise DeclarationError(problem)
    initial = initial_factors(channel)
    values = channel.nominal.values * initial[:, None]
    is_background = np.array([not column.is_signal for column in channel.columns], dtype=bool)
    variance = (channel.nominal.variances * initial[:, None] ** 2)[is_background].sum(axis=0)
    up, down = variance.copy(), variance.copy()
    changes = list(_background_changes(channel, initial, is_background))
    for plus, minus in changes:
        # Both ends may lie on one side of the nominal: the larger counts there, and the other side does not grow.
        up += np.maximum(np.maximum(plus, minus), 0) ** 2
        down += np.maximum(np.maximum(-plus, -minus), 0) ** 2
    return Prefit(
        processes=tuple(_processes(channel, values)),
        background=values[is_background].sum(axis=0),
        stat=np.sqrt(variance),
        up=np.sqrt(up),
        down=np.sqrt(down),
        has_systematics=bool(changes),
        excluded=tuple(dict.fromkeys(excluded_names(channel, is_background))),
        free=_free_parameters(channel),
    )


def expected_events(channel: Channel, signal: float = 0.0) -> FloatArray:
    """Return the expected events before the fit, shape (bins,).

    In a blind channel, free parameters have their initial values. Without data it is the sum of the backgrounds, as
    scripts for PocketCoffea expect it.

    Args:
        channel: the channel.
        signal: signal strength.
    """
    is_signal = np.array([column.is_signal for column in channel.columns], dtype=bool)
    initial = initial_factors(channel) if channel.blind_bins else np.ones(len(is_signal))
    factors = initial * np.where(is_signal, signal, 1.0)
    # Without the columns that add nothing: zeros may change the order of a sum, and so its last digit.
    counted = ~is_signal | (signal != 0)
    events: FloatArray = (channel.nominal.values * factors[:, None])[counted].sum(axis=0)
    return events


def initial_factors(channel: Channel) -> FloatArray:
    """Return the product of all free parameters' initial values for each column, shape (columns,)."""
    initial = np.ones(len(channel.columns))
    for directive in channel.directives:
        if type(directive) is FreeParameter:
            initial[directive.columns] *= directive.initial
    return initial


def _free_parameters(channel: Channel) -> tuple[tuple[str, float], ...]:
    free = [directive for directive in channel.directives if type(directive) is FreeParameter]
    # Several directives may share one parameter, which is listed once.
    return tuple({directive.name: float(directive.initial) for directive in free}.items())


def _processes(channel: Channel, values: FloatArray) -> Iterator[ExpectedProcess]:
    # By role too: the id decides it column by column, and a channel made by hand may mix both in one process.
    members: dict[tuple[str, bool], list[int]] = {}
    for position, column in enumerate(channel.columns):
        members.setdefault((column.process, column.is_signal), []).append(position)
    for position, ((name, is_signal), rows) in enumerate(members.items()):
        yield ExpectedProcess(name, is_signal, position, values[rows].sum(axis=0), channel.columns[rows[0]].label)


def _background_changes(
    channel: Channel, initial: FloatArray, is_background: BoolArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield, for each nuisance with a known effect on the background, its changes at θ = +1 and θ = -1."""
    for nuisance in channel.nuisances:
        found = []
        for entry in nuisance.entries:
            # An effect on signals alone is no change of the background, and must not count as a systematic of the band.
            keep = is_background[entry.columns]
            changes = differences(entry.effect, channel) if keep.any() else None
            if changes is not None:
                weights = np.where(keep, initial[entry.columns], 0)
                found.append([(change * weights[:, None]).sum(axis=0) for change in changes])
        if found:
            plus, minus = np.sum(found, axis=0)
            yield plus, minus


def differences(effect: Effect, channel: Channel) -> tuple[FloatArray, FloatArray] | None:
    """Return the yields at θ = ±1 minus the nominal, shape (n, bins) each; None for an effect of unknown class."""
    # By class and not by base: a subclass may have another meaning, for example no constraint.
    if type(effect) is Normalisation:
        nominal = channel.nominal.values[effect.columns]
        down = 1 / effect.up if effect.down is None else effect.down
        return nominal * (effect.up - 1)[:, None], nominal * (down - 1)[:, None]
    if type(effect) is Shape:
        nominal = channel.nominal.values[effect.columns]
        scale = effect.scale[:, None]
        up, down = effect.up.values - nominal, effect.down.values - nominal
        # Combine multiplies θ with the scale: with a negative scale, θ = +1 points to the Down template.
        return np.abs(scale) * np.where(scale > 0, up, down), np.abs(scale) * np.where(scale > 0, down, up)
    return None


def excluded_names(channel: Channel, columns: BoolArray) -> Iterator[str]:
    """Yield the nuisances and lines with an unknown effect on any of the columns, a mask of shape (columns,)."""
    for nuisance in channel.nuisances:
        unknown = [entry for entry in nuisance.entries if type(entry.effect) not in (Normalisation, Shape)]
        if any(columns[entry.columns].any() for entry in unknown):
            yield nuisance.name
    for statement in channel.statements:
        # The variances of the templates already stand for the parameters of autoMCStats.
        if type(statement.directive) not in (FreeParameter, BinByBinStatistics):
            yield from _names_with_effect(statement.lines(channel))


def _names_with_effect(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first word of each line of a Combine card that may change the expectation."""
    for words in map(str.split, lines):
        if keyword_of(words) and keyword_of(words) not in INERT_KEYWORDS:
            yield words[0]
