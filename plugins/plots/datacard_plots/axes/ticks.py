"""Ticks of axes: one path for all lines of an axis, and one text for each label.

matplotlib makes five artists of each tick, and drawing them takes most of the time of a page. Here its locators and
formatters choose places and labels, and its own axis is not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from matplotlib import rcParams
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import ScalarFormatter

from datacard_plots.style import font_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    from datacard_core import FloatArray

__all__ = ["Ticks", "draw_axis"]

PAD = 3.5
"""Distance of labels from the axes in points."""


@attrs.define(eq=False, kw_only=True)
class Ticks:
    """Ticks on two opposite sides of axes, which `set` moves to other places."""

    axes: Axes
    axis: Axis
    size: float
    """Size of the labels in points, 0 without labels."""
    rotation: float
    long: float
    short: float
    """Lengths of major and minor ticks in points."""
    _lines: PathPatch
    _texts: list[Text] = attrs.field(factory=list)
    _power: Text | None = None
    """The power of ten that the labels are multiplied with."""

    @classmethod
    def of(
        cls,
        axes: Axes,
        direction: str,
        *,
        size: float | None = None,
        rotation: float = 0,
        long: float | None = None,
    ) -> Ticks:
        """Return the ticks of an axis in place of its own, without any until they are set.

        Args:
            axes: the axes, at their final place in the figure.
            direction: "x" or "y".
            size: size of the labels in points, 0 without labels; that of the style if not given.
            rotation: angle of the labels in degrees.
            long: length of major ticks in points; that of the style if not given.
        """
        axis: Axis = getattr(axes, f"{direction}axis")
        axis.set_visible(False)
        along_x = direction == "x"
        transform = axes.get_xaxis_transform() if along_x else axes.get_yaxis_transform()
        settings: Any = rcParams
        lines = PathPatch(
            _path(np.empty((0, 2, 2))),
            linewidth=settings[f"{direction}tick.major.width"],
            fill=False,
            transform=transform,
            clip_on=False,
            zorder=2.1,
        )
        axes.add_artist(lines)
        return cls(
            axes=axes,
            axis=axis,
            size=font_size(f"{direction}tick.labelsize") if size is None else size,
            rotation=rotation,
            long=settings[f"{direction}tick.major.size"] if long is None else long,
            short=settings[f"{direction}tick.minor.size"],
            lines=lines,
        )

    @property
    def _along_x(self) -> bool:
        return self.axis is self.axes.xaxis

    def set_by_locators(self) -> None:
        """Put ticks and labels where the locators of the axis choose them for its range."""
        major = self._inside(self.axis.get_majorticklocs())
        formatter: Any = self.axis.get_major_formatter()
        if isinstance(formatter, ScalarFormatter):
            # Plain numbers need no formula, which takes long to parse; a power of ten does.
            formatter.set_useMathText(False)
        self.set(major, formatter.format_ticks(major), self._inside(self.axis.get_minorticklocs()))
        if isinstance(formatter, ScalarFormatter):
            formatter.set_useMathText(True)
        if self.size:
            self._set_power(formatter.get_offset())

    def set(self, places: Sequence[float], labels: Sequence[str], minor: Sequence[float] = ()) -> None:
        """Put ticks and labels at these places, and ticks without labels at the minor ones."""
        lengths = np.repeat([self.share(self.long), self.share(self.short)], [len(places), len(minor)])
        near, far = np.zeros(len(lengths)), np.ones(len(lengths))
        starts, ends = np.concatenate([near, far]), np.concatenate([near + lengths, far - lengths])
        along = np.tile(np.concatenate([places, minor]), 2)
        across = np.stack([starts, ends], axis=1)
        both = (along[:, np.newaxis] + 0 * across, across)
        self._lines.set_path(_path(np.stack(both if self._along_x else both[::-1], axis=2)))
        self._set_labels(places, labels if self.size else ())

    def _set_labels(self, places: Sequence[float], labels: Sequence[str]) -> None:
        while len(self._texts) < len(labels):
            self._texts.append(self._text())
        for text in self._texts[len(labels) :]:
            text.set_visible(False)
        away = -self.share(PAD)
        for text, place, label in zip(self._texts, places, labels, strict=False):
            text.set_visible(True)
            text.set_text(label)
            text.set_position((place, away) if self._along_x else (away, place))

    def _set_power(self, power: str) -> None:
        if self._power is None:
            if not power:
                return
            # Left of the words above the axes, and below the labels of the x axis at its start: its own label stands
            # at the end.
            y = -self.share(2 * PAD + 1.2 * self.size) if self._along_x else 1 + self.share(PAD, along=True)
            align: Any = {"va": "top"} if self._along_x else {"va": "bottom", "ha": "right"}
            self._power = self.axes.text(0, y, "", transform=self.axes.transAxes, size=self.size, **align)
        self._power.set_text(power)

    def _text(self) -> Text:
        align: Any = {"ha": "center", "va": "top"} if self._along_x else {"ha": "right", "va": "center_baseline"}
        transform = self._lines.get_transform()
        return self.axes.text(0, 0, "", transform=transform, size=self.size, rotation=self.rotation, **align)

    def share(self, points: float, *, along: bool = False) -> float:
        """Return a length in points as a fraction of the axes across the ticks' direction, or along it."""
        box = self.axes.bbox
        across = box.height if self._along_x else box.width
        return points / 72 * self.axes.figure.dpi / (box.height if along else across)

    def _inside(self, places: Any) -> Any:
        low, high = sorted(self.axis.get_view_interval())
        # Locators choose places a little outside too, and the ends themselves up to rounding.
        room = 1e-9 * (high - low)
        return [float(place) for place in places if low - room <= place <= high + room]


def draw_axis(axes: Axes, direction: str, label: str = "", *, size: float | None = None, rotation: float = 0) -> None:
    """Draw one axis of finished axes, with its label at its end, in place of matplotlib's.

    Args:
        axes: the axes, at their final place and with their final range.
        direction: "x" or "y".
        label: text of the axis; it is a formula between two $.
        size: size of the labels of ticks in points; that of the style if not given.
        rotation: angle of these labels in degrees.
    """
    ticks = Ticks.of(axes, direction, size=size, rotation=rotation)
    ticks.set_by_locators()
    if label:
        place: Any = {"transform": axes.transAxes, "ha": "right", "va": "top", "size": font_size("axes.labelsize")}
        # Below the labels of ticks, and left of those of numbers.
        if direction == "x":
            axes.text(1, -ticks.share(1.3 * ticks.size + 2 * PAD), label, **place)
        else:
            axes.text(-ticks.share(3.2 * ticks.size + PAD), 1, label, rotation=90, rotation_mode="default", **place)


def _path(lines: FloatArray) -> Path:
    """Return one path of lines, shape (lines, 2 ends, x and y)."""
    return Path(lines.reshape(-1, 2), np.tile(np.array([Path.MOVETO, Path.LINETO], np.uint8), len(lines)))
