"""Trial of a plot: it writes a file for any channel, and equal bytes for equal channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.sketches import EMPTY_BINS, FAR
from datacard_core.testing.products import drawn_by

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.hookspecs import Plot
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.cases import Case


def assert_plot(case: Case, plugins: Plugins, provided: Provided[Plot], scratch: Path) -> None:
    """Test a plot with channels made by hand; drawing is too slow for a search."""
    drawn: dict[str, bytes | None] = {}
    for named in (*channels.by_hand(), channels.of(EMPTY_BINS, plugins), channels.of(FAR, plugins)):
        one = attrs.evolve(case, given=named)
        with one.trying("a file"):
            found = drawn_by(provided, named.channel, scratch)
        one.expect(found, "a file", "there is no file" if found is None else "the file is empty")
        drawn[str(named)] = found
    twice = attrs.evolve(case, given="the same channel twice")
    with twice.trying("a file"):
        again = drawn_by(provided, channels.complete(), scratch)
    # The first drawing of this channel is that of the loop, as each drawing takes a good part of a second.
    twice.same("equal bytes for equal channels", drawn[channels.COMPLETE], again)
