"""Tests of the trial of renderings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Rendering
from tests.support.conformance import Counted, Gamma, Listing, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from datacard_core import Channel


def broken_rendering(effect: Counted, channel: Channel) -> list[Any]:
    return [effect.size, channel.bin]  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("writer", ["listing", "other's"], ids=["selected writer", "unknown writer"])
def test_wrong_renderings(writer: str) -> None:
    """The failure of a wrong rendering names the plugin, the writer and the cause, even without the writer."""
    # Kind and writer are beside the plugin, so that their trials, which take seconds, are not part of this test.
    said = failure(
        Provider("acme", Rendering(writer, Counted, broken_rendering)),
        examples={"gamma": {"value": 1.0}},
        beside=[Provider("beside", Gamma(), Listing())],
    )
    assert said.startswith(f"plugin 'acme' (local), rendering \"{writer} of" if "'" in writer else "plugin 'acme'")
    assert f"a rendering that card writer {writer!r} can use" in said
    assert "has no attribute 'size'" in said
