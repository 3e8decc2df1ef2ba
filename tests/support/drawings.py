"""Plots that a test draws, and what a reader sees on them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from datacard_plots.options import PlotOptions
from datacard_plots.pages.sheet import Sheet
from datacard_plots.stack.figure import stack_figure
from datacard_plots.style import plot_style
from matplotlib.path import Path
from matplotlib.text import Text

from datacard_core import load_plugins

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from datacard_core import Channel

PLOTS = load_plugins("plots").plots


def draw(name: str, made: Channel, path: pathlib.Path) -> bytes:
    """Draw one plot of a channel and return the bytes of its file."""
    PLOTS[name].value.draw(made, path)
    return path.read_bytes()


def pages(pdf: bytes) -> int:
    """Return the number of pages of a PDF, for which its page objects and its page tree must agree."""
    found = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert re.findall(rb"/Count\s+(\d+)", pdf) == [str(found).encode()]
    return found


def words(figure: Figure) -> list[str]:
    """Return all text on a figure."""
    sheets = [word.text for sheet in figure.artists if isinstance(sheet, Sheet) for word in sheet.words]
    return [text.replace(r"\$", "$") for text in (*sheets, *_texts(figure))]


def _texts(artist: Artist) -> Iterator[str]:
    """Yield the text of all artists that are drawn."""
    # findobj would descend into the axes' own ticks too, which are not drawn, and which matplotlib makes only then.
    if isinstance(artist, Text) and artist.get_text():
        yield artist.get_text()
    for child in artist.get_children():
        if child.get_visible():
            yield from _texts(child)


def points(axes: Axes, marker: str) -> tuple[list[Any], list[Any]]:
    """Return the x and y coordinates of all markers of one form."""
    (line,) = [line for line in axes.get_lines() if line.get_marker() == marker]
    x, y = (np.asarray(found).tolist() for found in line.get_data())
    return x, y


def heights(figure: Figure, colour: str) -> list[list[float]]:
    """Return the heights on the page of each bin of the histograms of one colour, in points."""
    (sheet,) = [artist for artist in figure.artists if isinstance(artist, Sheet)]
    (stroke,) = [stroke for stroke in sheet.strokes if stroke.colour == colour and not stroke.is_filled][-1:]
    starts = np.flatnonzero(stroke.codes == Path.MOVETO)
    return [part[::2, 1].tolist() for part in np.split(stroke.vertices, starts[1:])]


@attrs.define(eq=False, slots=False)
class StackOf:
    """The stack of a channel, drawn once."""

    channel: Channel
    options: PlotOptions = attrs.field(factory=PlotOptions)

    @cached_property
    def figure(self) -> Figure:
        with plot_style(self.options):
            return stack_figure(self.channel, self.options)

    @property
    def ratio(self) -> Axes:
        return self.figure.axes[0]

    @property
    def above(self) -> Axes:
        return self.figure.axes[1]

    @property
    def words(self) -> list[str]:
        return words(self.figure)

    @property
    def legend(self) -> dict[str, Any]:
        """Artists in the legend of the upper axes, by their text."""
        return {str(handle.get_label()): handle for handle in self.above.get_legend_handles_labels()[0]}
