"""The `shapes` lines of several cards, a set for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.joining.parts import Part
    from datacard_combine.syntax.views import ShapesLine


def shapes_of(parts: Sequence[Part]) -> list[list[str]]:
    """Return the words of the lines, none if no card has templates."""
    if not any(part.content.head.shapes for part in parts):
        return []
    return [words for part in parts for channel in part.names for words in _of_channel(part, channel)]


def _of_channel(part: Part, channel: str) -> Iterator[list[str]]:
    lines = part.content.head.shapes
    own = {line.process: line for line in lines if line.channel == channel}
    # Combine takes the line of a channel for all processes before that of a process for all channels.
    if grammar.ANY not in own:
        own |= {line.process: line for line in lines if line.channel == grammar.ANY and line.process not in own}
    new = part.names[channel]
    if not own:
        # Beside channels with templates, one without them has to say so.
        yield ["shapes", grammar.ANY, new, grammar.FAKE]
    for process, line in own.items():
        yield ["shapes", process, new, *_fields(part, channel, line)]


def _fields(part: Part, channel: str, line: ShapesLine) -> list[str]:
    # The channel has another name in the joined card, and its templates keep theirs.
    file, *objects = (field.replace("$CHANNEL", channel) for field in line.fields)
    return [file if line.is_fake else part.path(file), *objects]
