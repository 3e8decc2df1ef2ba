"""Pictures of a channel that a notebook shows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs

from datacard_core.arguments import given_text, wrong_type
from datacard_core.errors import DeclarationError, MissingProviderError
from datacard_core.model.channel import Channel
from datacard_core.names import listing, public
from datacard_core.output.channel_files import ChannelFiles
from datacard_core.output.staging import staging
from datacard_core.plugins.calling import strings
from datacard_core.plugins.manager import Plugins, load_plugins


@public
@attrs.frozen(eq=False)
class Picture:
    """A drawing that shows itself in a notebook."""

    name: str
    """Name of its file, `{plot}_{bin}` with the suffix."""
    content: bytes = attrs.field(repr=False)

    def _repr_svg_(self) -> str | None:
        return self.content.decode() if self.name.endswith(".svg") else None

    def _repr_png_(self) -> bytes | None:
        return self.content if self.name.endswith(".png") else None


def picture(channel: Channel, plot: str = "stack", *, suffix: str = ".svg", plugins: Plugins | None = None) -> Picture:
    """Return a drawing of a channel, built or read, which a notebook shows.

    Args:
        channel: the channel.
        plot: name of the plot.
        suffix: format of the drawing, such as `.svg`, `.png` or `.pdf`; a notebook shows the first two.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        MissingProviderError: no selected plugin has that plot, or it has no drawings of that format.
        PluginCallError: the plugin failed.
    """
    for problem in wrong_type("channel", channel, Channel, "a Channel"):
        raise DeclarationError(problem)
    plot, suffix = given_text("plot", plot), given_text("suffix", suffix)
    plugins = load_plugins() if plugins is None else plugins
    provided = plugins.plot(plot)
    with provided.blamed("naming the formats of its files") as its:
        known = dict.fromkeys((provided.suffix, *strings(its.suffixes)))
    if suffix not in known:
        raise MissingProviderError(f"plot {plot!r} has no files of the format {suffix!r}; it has {listing(known)}")
    # Plots write files: a staged one is checked as those of `plot` are.
    with tempfile.TemporaryDirectory() as directory:
        with staging(directory) as stage:
            (name,) = ChannelFiles(channel, plugins).stage_plots(stage, [plot], suffix=suffix)
        return Picture(name, Path(directory, name).read_bytes())
