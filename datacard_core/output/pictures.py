"""Pictures of a channel that a notebook shows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.arguments import wrong_type
from datacard_core.errors import DeclarationError
from datacard_core.model.channel import Channel
from datacard_core.names import public
from datacard_core.output.drawings import chosen_plots, stage_drawings, with_suffix
from datacard_core.output.staging import staging
from datacard_core.plugins.calling import strings

if TYPE_CHECKING:
    from datacard_core.hookspecs import Plot
    from datacard_core.plugins.manager import Plugins


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


def picture(
    channel: Channel, plot: str | Plot = "stack", *, suffix: str = ".svg", plugins: Plugins | None = None
) -> Picture:
    """Return a drawing of a channel, built or read, which a notebook shows.

    Args:
        channel: the channel.
        plot: name of the plot, or a plot with options.
        suffix: format of the drawing, such as `.svg`, `.png` or `.pdf`; a notebook shows the first two.
        plugins: the selected plugins, the built-in set if not given.

    Raises:
        MissingProviderError: no selected plugin has that plot, or it has no drawings of that format.
        PluginCallError: the plugin failed.
    """
    for problem in wrong_type("channel", channel, Channel, "a Channel"):
        raise DeclarationError(problem)
    ((provided, form),) = [with_suffix(found, suffix) for found in chosen_plots([plot], plugins)]
    with provided.blamed(f"naming the files of channel {channel.bin!r}") as its:
        name, *further = strings(its.names(channel))
    if further:
        count = len(further) + 1
        raise DeclarationError(f"plot {provided.name!r} has {count} files of channel {channel.bin!r}, expected one")
    # Plots write files: a staged one is checked as those of `draw_plots` are.
    with tempfile.TemporaryDirectory() as directory:
        with staging(directory) as stage:
            (file,) = stage_drawings(stage, provided, channel, [name], form)
        return Picture(file, Path(directory, file).read_bytes())
