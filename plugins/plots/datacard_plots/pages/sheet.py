"""A page of many small plots as one artist.

Axes of matplotlib consist of dozens of artists, and a page of nine processes has 18 of them. A sheet has one path for
all lines of a kind, and writes its words with the renderer itself: that takes a small part of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.backend_bases import RendererBase

    from datacard_core import FloatArray

CENTRE = 0.36
"""Half the height of digits, in units of the size of the letters."""


@attrs.frozen(eq=False, kw_only=True)
class Stroke:
    """Lines, or areas, of one appearance."""

    vertices: Any
    """Points from the lower left corner of the page, shape (vertices, 2), in units of 1/72 inch."""
    codes: Any
    colour: str = "black"
    width: float = 0.8
    dashes: tuple[float, ...] | None = None
    is_filled: bool = False


@attrs.frozen(kw_only=True)
class Word:
    """A text, with its place on the page in points."""

    x: float
    y: float
    """Place of the baseline."""
    text: str
    size: float
    align: float = 0.0
    """Part of the width that stands left of the place: 0, 0.5 or 1."""
    colour: str = "black"
    is_upright: bool = False
    is_outline: bool = False
    """True for a label of a tick, which a reader of the file need not find as text."""


class Sheet(Artist):
    """Strokes and words, which each page replaces."""

    def __init__(self) -> None:
        super().__init__()
        self.strokes: Sequence[Stroke] = ()
        self.words: Sequence[Word] = ()
        self._widths: dict[tuple[str, float], float] = {}
        self._paths: dict[tuple[str, float], tuple[Path, float]] = {}
        self._properties: dict[tuple[float, bool], FontProperties] = {}
        self._family = mpl.rcParams["font.family"]
        self._characters = frozenset(map(chr, get_font(findfont(FontProperties(family=self._family[0]))).get_charmap()))

    def draw(self, renderer: RendererBase) -> None:
        """Draw the strokes in their order, and the words over them."""
        figure: Any = self.get_figure()
        scale = figure.dpi / 72
        transform = Affine2D().scale(scale)
        for stroke in self.strokes:
            gc = renderer.new_gc()
            gc.set_foreground(stroke.colour)
            # A filled path with a line would be wider than its bins.
            gc.set_linewidth(0 if stroke.is_filled else stroke.width * scale)
            # Round corners would make steps look like a curve.
            gc.set_joinstyle("miter")
            if stroke.dashes:
                gc.set_dashes(0, [dash * scale for dash in stroke.dashes])
            path = Path(stroke.vertices, stroke.codes)
            # A path of many lines is no single curve, of which points could be left out.
            path.should_simplify = False
            renderer.draw_path(gc, path, transform, mpl.colors.to_rgba(stroke.colour) if stroke.is_filled else None)
            gc.restore()
        # Some renderers count heights of texts from above.
        height = figure.bbox.height if renderer.flipy() else None
        # Labels of ticks are most of the words. As outlines they are one path, which is drawn much faster than texts.
        outlines = [self._outline(word) for word in self.words if word.is_outline and not word.is_upright]
        if outlines:
            gc = renderer.new_gc()
            gc.set_linewidth(0)
            path = Path(np.concatenate([one[0] for one in outlines]), np.concatenate([one[1] for one in outlines]))
            renderer.draw_path(gc, path, transform, mpl.colors.to_rgba("black"))
            gc.restore()
        for word in self.words:
            if not word.is_outline or word.is_upright:
                self._write(renderer, word, scale, height)

    def _outline(self, word: Word) -> tuple[FloatArray, Any]:
        """Return vertices and codes of a word at its place."""
        path, width = self._path(word)
        return np.asarray(path.vertices) + np.array([word.x - word.align * width, word.y]), path.codes

    def _path(self, word: Word) -> tuple[Path, float]:
        """Return the outlines of a word at the origin, and its width."""
        key = (word.text, word.size)
        if key not in self._paths:
            path = TextPath((0, 0), word.text, prop=FontProperties(family=self._family, size=word.size))
            self._paths[key] = path, path.get_extents().x1
        return self._paths[key]

    def _write(self, renderer: RendererBase, word: Word, scale: float, height: float | None) -> None:
        if is_math_text(word.text):
            self._draw_formula(renderer, word, scale)
            return
        text = word.text.replace(r"\$", "$")
        properties = self._font(word.size, text)
        away = word.align * self._width(renderer, text, properties) if word.align else 0.0
        x, y = scale * word.x, scale * word.y
        x, y = (x, y - away) if word.is_upright else (x - away, y)
        gc = renderer.new_gc()
        gc.set_foreground(word.colour)
        renderer.draw_text(
            gc, x, y if height is None else height - y, text, properties, 90.0 if word.is_upright else 0.0
        )
        gc.restore()

    def _draw_formula(self, renderer: RendererBase, word: Word, scale: float) -> None:
        """Draw outlines: a renderer would parse the formula again on each page, which takes as long as all else."""
        path, width = self._path(word)
        gc = renderer.new_gc()
        gc.set_linewidth(0)
        # The outlines are cached at the origin, for all places of one text.
        place = Affine2D().translate(word.x - word.align * width, word.y).scale(scale)
        renderer.draw_path(gc, path, place, mpl.colors.to_rgba(word.colour))
        gc.restore()

    def _width(self, renderer: RendererBase, text: str, properties: FontProperties) -> float:
        key = (text, properties.get_size_in_points())
        if key not in self._widths:
            # Few texts, such as the labels of ticks, stand on many pages.
            self._widths[key] = renderer.get_text_width_height_descent(text, properties, False)[0]
        return self._widths[key]

    def _font(self, size: float, text: str) -> FontProperties:
        # matplotlib looks up each family for each text, and most texts need the first one only.
        is_plain = self._characters.issuperset(text)
        key = (size, is_plain)
        if key not in self._properties:
            family = self._family[:1] if is_plain else self._family
            self._properties[key] = FontProperties(family=family, size=size)
        return self._properties[key]
