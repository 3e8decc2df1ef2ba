"""Tests of the trial of plots: what it reports about plots that do not conform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.conformance import CALLS, Numbers, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Channel, Plot


class Lazy(Numbers):
    """Plot without a file."""

    def draw(self, channel: Channel, path: Path) -> None:
        pass


class StampingPlots(Numbers):
    """Plot with a counter in its file."""

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(f"{channel.bin} {next(CALLS)}", encoding="utf-8")


class Labelled(Numbers):
    """Plot that takes labels for numbers."""

    def draw(self, channel: Channel, path: Path) -> None:
        numbers = [float(label) for label in channel.axis.categories or ()]
        path.write_text(f"{channel.bin} {numbers}", encoding="utf-8")


class Sliced(Numbers):
    """Plot that takes all slices of an unrolled variable for equally long."""

    def draw(self, channel: Channel, path: Path) -> None:
        numbers = channel.data.values.reshape(len(channel.axis.slices) or 1, -1)
        path.write_text(f"{channel.bin} {numbers.tolist()}", encoding="utf-8")


PLOTS: dict[type[Plot], str] = {
    Lazy: "expected: a file\n  instead: there is no file",
    StampingPlots: "equal bytes for equal channels",
    Labelled: "expected: a file\n  instead: .*could not convert string to float(.*\n)*.*given: labelled bins",
    Sliced: "expected: a file\n  instead: .*cannot reshape array of size 3(.*\n)*.*slices=",
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", PLOTS, ids=lambda broken: broken.__name__)
def test_wrong_plots(broken: type[Plot]) -> None:
    """The failure of a wrong plot names the plugin, the plot, the expectation and the result."""
    said = failure(Provider("acme", broken()))
    assert said.startswith("plugin 'acme' (local), plot 'numbers':")
    assert re.search(PLOTS[broken], said), said
