"""What made a card, as lines that its writer puts into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.plugins.selection import LOCAL
from datacard_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.hookspecs import Rendering
    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins


def provenance(
    plugins: Plugins,
    channel: Channel,
    writer: str,
    renderings: Iterable[Provided[Rendering]],
    serializer: str,
    source: str | None = None,
) -> tuple[str, ...]:
    """The version of datacard_core, and a line for each distribution whose plugins had a part in a card.

    These are the kinds of its rows and lines, its writer, what renders their effects, the serializer of its templates
    and the source of its histograms: equal cards of equal versions have equal lines. Checks change no card.

    Args:
        plugins: the selected plugins.
        channel: the channel of the card.
        writer: the name of its card writer.
        renderings: the contributed ones that it needs.
        serializer: the name of the serializer of its templates; one that is not selected has no part.
        source: the name of the histogram source that read the output, if one did that is not `load_output`.
    """
    taking_part = [
        *(plugins.kinds.get(typ) for typ in channel.typs),
        plugins.writers.get(writer),
        *renderings,
        plugins.serializers.get(serializer),
        plugins.sources.get(source or ""),
    ]
    by_origin: dict[str, set[str]] = {}
    for provided in taking_part:
        if provided is not None:
            by_origin.setdefault(_origin(provided.origin), set()).add(_one_line(provided.plugin))
    lines = [f"plugins of {origin}: {', '.join(sorted(names))}" for origin, names in sorted(by_origin.items())]
    return (f"datacard_core {__version__}", *lines)


def _origin(origin: str) -> str:
    if origin == LOCAL:
        return "the analysis itself"
    # One without metadata is known by where it is, which is another place on every machine.
    return "an unknown distribution" if origin.startswith("unknown distribution") else _one_line(origin)


def _one_line(text: str) -> str:
    """Metadata may hold anything, and a card none but its own lines."""
    return " ".join(text.split())
