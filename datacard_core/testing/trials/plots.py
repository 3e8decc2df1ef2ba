"""Trial of a plot: it writes a file for any channel, and equal bytes for equal channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.testing.inputs import channels
from datacard_core.testing.inputs.analyses import DERIVED, FAR
from datacard_core.testing.products import drawn_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacard_core.hookspecs import Plot
    from datacard_core.plugins.calling import Provided
    from datacard_core.testing.cases import Case
    from datacard_core.testing.inputs.channels import Named
    from datacard_core.testing.inputs.sketches import Sketch


def assert_plot(
    case: Case, channel_of: Callable[[Sketch], Named], provided: Provided[Plot], scratch: Path
) -> list[object]:
    """Test a plot with channels made by hand; drawing is too slow for a search.

    Returns:
        Its file of the complete channel.
    """
    drawn: dict[str, bytes | None] = {}
    for named in (*channels.by_hand(), channel_of(FAR), channel_of(DERIVED)):
        one = attrs.evolve(case, given=named)
        with one.trying("a file"):
            found = drawn_by(provided, named.channel, scratch)
        one.expect(found, "a file", "there is no file" if found is None else "the file is empty")
        drawn[str(named)] = found
    # A smaller channel than that of the repetitions, as each drawing takes a good part of a second.
    smallest, *_ = channels.by_hand()
    twice = attrs.evolve(case, given="the same channel twice")
    with twice.trying("a file"):
        again = drawn_by(provided, smallest.channel, scratch)
    twice.same("equal bytes for equal channels", drawn[str(smallest)], again)
    return [drawn[channels.COMPLETE]]
