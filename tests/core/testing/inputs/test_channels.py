"""Tests of the channels that the kit tests plugins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import (
    BinByBinStatistics,
    Channel,
    FreeParameter,
    Normalisation,
    RawLine,
    Shape,
    load_plugins,
)
from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.analyses import BY_HAND
from datacard_core.testing.products import rendered

if TYPE_CHECKING:
    from datacard_core.testing.inputs.sketches import Sketch

PLUGINS = load_plugins()


@pytest.mark.parametrize("named", channels.by_hand(), ids=str)
def test_cards_of_channels_made_by_hand(named: channels.Named) -> None:
    """The built-in writer makes a card of every channel made by hand."""
    assert named.channel.bin in rendered(PLUGINS, "combine", named.channel)


def test_complete_channel() -> None:
    """The complete channel has all effects and directives of the core."""
    channel = channels.complete()
    effects = {type(effect) for nuisance in channel.nuisances for effect in nuisance.effects}
    assert effects == {Normalisation, Shape}
    assert {type(directive) for directive in channel.directives} == {FreeParameter, RawLine, BinByBinStatistics}
    assert channels.COMPLETE in map(str, channels.by_hand())


def test_refused_channels() -> None:
    """The channels that no card can be made of have no background yield or negative data."""

    def is_refused(channel: Channel) -> bool:
        backgrounds = [rate for column, rate in zip(channel.columns, channel.rates, strict=True) if column.id > 0]
        return sum(backgrounds) == 0 or channel.observation < 0

    assert all(is_refused(named.channel) for named in channels.refused())


@pytest.mark.parametrize("sketch", BY_HAND, ids=range(len(BY_HAND)))
def test_channels_of_sketches(sketch: Sketch) -> None:
    """The channel of an analysis has declarations of every built-in kind."""
    channel = channels.of(sketch, PLUGINS).channel
    assert {"pair", "both", "others_rate", "others_shape"} >= {nuisance.name for nuisance in channel.nuisances}
    assert {type(directive) for directive in channel.directives} == {FreeParameter, BinByBinStatistics}
