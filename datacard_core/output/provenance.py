"""Provenance of a card: the distributions and plugins that made it, as lines for its writer to put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.plugins.options import in_words
from datacard_core.plugins.patches import patches
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
    """Return the version of datacard_core, and a line for each distribution whose plugins contributed to the card.

    These plugins are the kinds of its rows and directives, its writer, the renderings that the writer needs, the
    serializer of its templates and the source of its histograms. Checks and plots change no card and are left out.
    Equal cards of equal versions have equal lines. Further lines name members of the core's classes that other code has
    replaced, because the versions do not tell what they do.

    Args:
        plugins: the selected plugins.
        channel: the channel of the card.
        writer: name of the card writer.
        renderings: the contributed renderings that the channel needs.
        serializer: name of the template serializer; left out if no selected plugin provides it.
        source: name of the histogram source that read the output; None if `load_output` did.
    """
    providers = [
        *(plugins.kinds.get(typ) for typ in channel.typs),
        plugins.writers.get(writer),
        *renderings,
        plugins.serializers.get(serializer),
        # No source has an empty name: registration refuses it.
        plugins.sources.get(source or ""),
    ]
    # Grouped before it is sorted: local plugins, and unknown distributions, share a line.
    by_origin: dict[str, set[str]] = {}
    for provided in providers:
        if provided is not None:
            by_origin.setdefault(_distribution(provided.origin), set()).add(_described(plugins, provided.plugin))
    lines = [f"plugins of {origin}: {', '.join(sorted(names))}" for origin, names in sorted(by_origin.items())]
    replaced = [f"{patch} is replaced by {_one_line(patch.module)}" for patch in patches()]
    return (f"datacard_core {__version__}", *lines, *replaced)


def _described(plugins: Plugins, name: str) -> str:
    """Return the name of a plugin, with the options that it was selected with."""
    options = plugins.options.get(name)
    return _one_line(f"{name}({in_words(options)})" if options else name)


def _distribution(origin: str) -> str:
    if origin == LOCAL:
        return "the analysis itself"
    # Without metadata, the origin has the folder, and equal cards of two machines would have different lines.
    return "an unknown distribution" if origin.startswith("unknown distribution") else _one_line(origin)


def _one_line(text: str) -> str:
    """Return a text without line breaks: names in metadata may hold some, and would add lines to the card."""
    return " ".join(text.split())
