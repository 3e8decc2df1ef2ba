"""Trial of a rendering: its card writer can use it for the effects and directives that kinds return."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DeclarationError
from datacard_core.output.renderings import items
from datacard_core.testing.inputs.analyses import SMALL
from datacard_core.testing.inputs.declarations import NAME, Keywords
from datacard_core.testing.products import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core.hookspecs import Rendering
    from datacard_core.model.channel import Channel, Directive
    from datacard_core.model.effects import Effect
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.cases import Case


def channels_of(
    plugins: Plugins, declarations: Mapping[str, tuple[Keywords, ...]], companions: tuple[Keywords, ...] = ()
) -> Iterator[Channel]:
    """Yield a channel for each declaration that a kind is tested with, unless the kind refuses it in this analysis."""
    sketch = attrs.evolve(SMALL, companions=companions)
    for typ, examples in declarations.items():
        for keywords in examples:
            systematic = sketch.declare(NAME, typ, **keywords)
            output = sketch.output(sketch.needs([systematic], plugins))
            with suppress(DeclarationError):
                yield sketch.card(output, plugins, *sketch.needed(), systematic).channel


def assert_rendering(case: Case, plugins: Plugins, provided: Provided[Rendering], channels: list[Channel]) -> None:
    """Test a rendering with all effects and directives of its class in some channels, which may be none."""
    rendering = provided.value
    for channel in channels:
        for item in items(channel):
            if isinstance(item, rendering.of):
                _assert_rendered(attrs.evolve(case, given=f"{item!r:.200}"), plugins, provided, item, channel)


def _assert_rendered(
    case: Case, plugins: Plugins, provided: Provided[Rendering], item: Effect | Directive, channel: Channel
) -> None:
    writer = provided.value.writer
    with case.trying(f"a rendering that card writer {writer!r} can use"):
        if writer in plugins.writers:
            rendered(plugins, writer, channel)
        else:
            # The writer is not selected, so all that can be tested is that the function does not fail.
            with provided.blamed(f"rendering {type(item).__name__} for card writer {writer!r}") as rendering:
                rendering.render(item, channel)
