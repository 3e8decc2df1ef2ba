"""What the core expects of a plot: a file of any channel, and equal bytes for equal channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.sketches import EMPTY_BINS, FAR
from datacard_core.testing.products import written_by

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.hookspecs import Plot
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.cases import Case


def assert_plot(case: Case, plugins: Plugins, provided: Provided[Plot], scratch: Path) -> None:
    """Draw some channels, one of them twice: drawing is slow, so hypothesis has no part in it."""
    for named in (*channels.by_hand(), channels.of(EMPTY_BINS, plugins), channels.of(FAR, plugins)):
        one = attrs.evolve(case, given=named)
        with one.trying("a file"):
            found = drawn(provided, named.channel, scratch)
        one.expect(found, "a file", "it left none" if found is None else "it is empty")
    twice = attrs.evolve(case, given="the same channel twice")
    with twice.trying("a file"):
        first, again = (drawn(provided, channels.complete(), scratch) for _ in range(2))
    twice.same("equal bytes for equal channels", first, again)


def drawn(provided: Provided[Plot], channel: Channel, scratch: Path) -> bytes | None:
    """The bytes of a plot, or None if there is no file.

    Raises:
        PluginError: the plot failed.
    """

    def draw(path: Path) -> None:
        with provided.blamed(f"drawing channel {channel.bin!r}") as plot:
            plot.draw(channel, path)

    return written_by(draw, scratch / f"{provided.value.name}_{channel.bin}{provided.value.suffix}")
