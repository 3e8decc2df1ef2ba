"""Effects as modifiers of HistFactory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core import (
    Axis,
    BinByBinStatistics,
    ControlRegion,
    GammaNormalisation,
    LinearNormalisation,
    MorphedShape,
    Normalisation,
    Shape,
    UniformNormalisation,
    notice,
    warning,
)
from datacard_histfactory.interpolation import (
    FLOOR,
    combine_factor,
    combine_template,
    histfactory_factor,
    histfactory_template,
)
from datacard_histfactory.parts import NARROW, NEGLIGIBLE, WIDE, Modifier, Parameter, Region, Rendered, Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Channel, Directive, Effect, Finding, FloatArray

_SMALL_NORM = 1e-3
"""Change of the yield by a shape below which Combine has no factor for it."""
_ROUNDING = 1e-9
"""Relative differences below this are rounding."""


def base(channel: Channel) -> FloatArray:
    """Return the expected events of all columns before their parameters, shape (columns, bins), each above 0.

    As in Combine, contents are at least a small number. Templates with autoMCStats have the yield; others have a form
    alone, and the card the rate.
    """
    # With a content of 0, one event in the bin would have no probability at all.
    contents = np.maximum(channel.nominal.values, FLOOR)
    if _statistics(channel) is not None:
        return contents
    rates = channel.rates.copy()
    for nuisance in channel.nuisances:
        for effect in nuisance.effects:
            # Combine takes the yield from the count, whatever rate the card states.
            if isinstance(effect, ControlRegion):
                rates[effect.columns] = effect.factors * (effect.events or 1)
    scaled: FloatArray = contents * (rates / contents.sum(axis=1))[:, None]
    return scaled


def normalisation(effect: Normalisation | UniformNormalisation, channel: Channel) -> Rendered:
    """Return factors with unit normal constraints."""
    down = 1 / effect.up if effect.down is None else effect.down
    return _with_factors(effect, channel, down, effect.up)


def uniform_normalisation(effect: UniformNormalisation, channel: Channel) -> Rendered:
    """Return factors as of a log-normal: HistFactory has no uniform density."""
    return _with_density(normalisation(effect, channel), "uniform between -1 and 1")


def shape(effect: Shape, channel: Channel) -> Rendered:
    """Return templates of the integral of the nominal, and a factor for the change of the yield."""
    # Combine leaves out columns without a yield.
    effect = effect.keeping(channel.rates[effect.columns] != 0)
    columns, sides = effect.columns, (effect.down, effect.up)
    rates, norms = base(channel)[columns], channel.nominal.norms[columns]
    ratios = [side.norms / norms if _has_factor(channel) else np.ones(len(norms)) for side in sides]
    yields = rates.sum(axis=1) / norms
    down, up = (side.values * (yields / ratio)[:, None] for side, ratio in zip(sides, ratios, strict=True))
    small = np.logical_and.reduce([np.abs(ratio - 1) < _SMALL_NORM for ratio in ratios])
    low, high = (np.where(small, 1.0, ratio**effect.scale) for ratio in ratios)
    is_log = isinstance(effect, MorphedShape) and effect.algorithm.startswith("shapeN")
    exact = combine_template(rates, down, up, effect.scale, is_log=is_log, is_scaled=_has_factor(channel))
    # HistFactory's templates are those at θ = ±1, whatever Combine does beside them.
    at_low, at_high = exact[4], exact[12]
    changed = exact * combine_factor(low, high)[..., None]
    approximate = histfactory_template(rates, at_low, at_high) * histfactory_factor(low, high)[..., None]
    rendered = Rendered(
        modifiers={
            column: (
                Modifier(type="histosys", low=at_low[at], high=at_high[at]),
                *(() if small[at] else (Modifier(type="normsys", low=low[at], high=high[at]),)),
            )
            for at, column in enumerate(columns.tolist())
        },
        parameters=(Parameter(name="", initial=0, low=-NARROW, high=NARROW),),
        losses=_interpolated(effect, channel, exact=changed, approximate=approximate),
    )
    if effect.keyword == "shapeU":
        return _with_density(rendered, "uniform between -1 and 1")
    return rendered


def control_region(effect: ControlRegion, channel: Channel) -> Rendered:  # noqa: ARG001 - as renderings have it
    """Return a free factor on the yields, and a channel of one bin with the observed events for it."""
    return _with_count(effect, expected=float(effect.events), observed=float(effect.events))


def gamma_normalisation(effect: GammaNormalisation, channel: Channel) -> Rendered:  # noqa: ARG001 - as renderings have it
    """Return a free factor, and a channel of one bin whose Poisson probability is the gamma density."""
    # The density θ^(k-1)·exp(-kθ) is the Poisson probability of k-1 events where kθ are expected.
    events = 1 / effect.width**2
    return _with_count(effect, expected=events, observed=events - 1)


def linear_normalisation(effect: LinearNormalisation, channel: Channel) -> Rendered:
    """Return templates that are the nominal times 1 - slope and 1 + slope: between them HistFactory is linear."""
    rates, slopes = base(channel)[effect.columns], effect.slopes[:, None]
    pairs = zip(effect.columns.tolist(), rates * (1 - slopes), rates * (1 + slopes), strict=True)
    # Without its own range the factor is cut where Combine's range of a normal parameter ends.
    low, high = effect.arguments if effect.density == "unif" else (-WIDE, WIDE)
    rendered = Rendered(
        modifiers={column: (Modifier(type="histosys", low=down, high=up),) for column, down, up in pairs},
        parameters=(Parameter(name="", initial=(low + high) / 2, low=low, high=high),),
    )
    if effect.density == "trG":
        return rendered
    return _with_density(rendered, effect.keyword)


RENDERINGS: dict[type[Effect | Directive], Callable[[Any, Channel], Any]] = {
    Normalisation: normalisation,
    UniformNormalisation: uniform_normalisation,
    Shape: shape,
    MorphedShape: shape,
    ControlRegion: control_region,
    GammaNormalisation: gamma_normalisation,
    LinearNormalisation: linear_normalisation,
}
"""Functions of an effect and its channel, by class of the effect."""


def _with_count(effect: Effect, *, expected: float, observed: float) -> Rendered:
    """Return a free factor, and a channel of one bin whose expectation is a number times the factor."""
    factor = Modifier(type="normfactor")
    sample = Sample(name="events", contents=np.array([expected or 1.0]), modifiers=(factor,))
    region = Region(name="", axis=Axis(np.array([0.0, 1.0])), events=np.array([observed]), samples=(sample,))
    return Rendered(
        modifiers=dict.fromkeys(effect.columns.tolist(), (factor,)),
        parameters=(Parameter(name="", initial=1.0, low=0.0, high=10.0),),
        regions=(region,),
    )


def relative(channel: Channel, difference: FloatArray) -> FloatArray:
    """Return changes of bins relative to the expectation of all columns; bins without expectation have none.

    Args:
        channel: the channel.
        difference: changes in events, of a shape (…, bins).
    """
    total = np.abs(base(channel)).sum(axis=0)
    found: FloatArray = np.divide(np.abs(difference), total, out=np.zeros_like(difference), where=total > 0)
    return found


def _statistics(channel: Channel) -> BinByBinStatistics | None:
    return next((item for item in channel.directives if isinstance(item, BinByBinStatistics)), None)


def _has_factor(channel: Channel) -> bool:
    """Return whether Combine takes the change of the yield out of templates, as in all but mode 2 of autoMCStats."""
    statistics = _statistics(channel)
    return statistics is None or statistics.hist_mode == 1


def _with_factors(effect: Effect, channel: Channel, down: FloatArray, up: FloatArray) -> Rendered:
    rates = base(channel)[effect.columns]
    exact, approximate = (factor(down, up)[..., None] * rates for factor in (combine_factor, histfactory_factor))
    return Rendered(
        modifiers={
            column: (Modifier(type="normsys", low=down[at], high=up[at]),)
            for at, column in enumerate(effect.columns.tolist())
        },
        parameters=(Parameter(name="", initial=0, low=-WIDE, high=WIDE),),
        losses=_interpolated(effect, channel, exact=exact, approximate=approximate),
    )


def _interpolated(
    effect: Effect, channel: Channel, *, exact: FloatArray, approximate: FloatArray
) -> tuple[Finding, ...]:
    """Return the difference of two interpolations, each of shape (thetas, n, bins), if there is one."""
    sizes = relative(channel, approximate - exact).max(axis=(0, 2), initial=0)
    # One column stands for all: a card of 30 000 templates would have as many losses otherwise.
    worst = int(sizes.argmax()) if sizes.size else 0
    if not sizes.size or sizes[worst] < _ROUNDING:
        return ()
    size = float(sizes[worst])
    message = f"between -2 and 2 standard deviations the expectation of a bin differs by up to {size:.2g} of it"
    make = notice if size <= NEGLIGIBLE else warning
    return (make("export.interpolation", message, column=channel.columns[effect.columns[worst]].name),)


def _with_density(rendered: Rendered, density: str) -> Rendered:
    message = f"the density of the parameter is {density}, and is written as a unit normal"
    return attrs.evolve(rendered, losses=(*rendered.losses, warning("export.density", message)))
