"""Ticks of axes: places, lengths and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from datacard_plots.axes.ticks import Ticks, draw_axis
from datacard_plots.options import PlotOptions
from datacard_plots.style import plot_style
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from datacard_core import FloatArray


@pytest.fixture
def axes() -> Iterator[Axes]:
    """Axes of 5 by 2 inches."""
    with plot_style(PlotOptions(style="plain")):
        yield Figure(figsize=(10, 4)).add_axes((0.25, 0.25, 0.5, 0.5))


def lines(axes: Axes) -> FloatArray:
    """Return both ends of each line of the ticks, shape (lines, 2, 2)."""
    (patch,) = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    return np.asarray(patch.get_path().vertices).reshape(-1, 2, 2)


def labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_visible()]


def test_places_and_lengths(axes: Axes) -> None:
    """Ticks stand on both sides, and have the length in points that is stated, the minor ones a shorter one."""
    Ticks.of(axes, "x").set([3.0], ["three"], [4.0])
    # 2 inches are 144 points.
    long, short = 3.5 / 144, 2 / 144
    expected = [[[3, 0], [3, long]], [[4, 0], [4, short]], [[3, 1], [3, 1 - long]], [[4, 1], [4, 1 - short]]]
    np.testing.assert_allclose(lines(axes), np.array(expected))
    assert labels(axes) == ["three"]


def test_new_places(axes: Axes) -> None:
    """Labels that were set before disappear when there are fewer, and come back."""
    ticks = Ticks.of(axes, "y", size=8)
    for count in (3, 1, 2):
        ticks.set(range(count), [f"{count}:{number}" for number in range(count)])
        assert labels(axes) == [f"{count}:{number}" for number in range(count)]
        assert len(lines(axes)) == 2 * count


def test_locators(axes: Axes) -> None:
    """Ticks stand where matplotlib's locator puts them inside the range, with its numbers and power of ten."""
    axes.set_ylim(0, 4.4e7)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    ticks = Ticks.of(axes, "y")
    ticks.set_by_locators()
    assert lines(axes)[:3, 0, 1].tolist() == [0, 1.5e7, 3e7]
    *numbers, power = labels(axes)
    assert numbers == ["0.0", "1.5", "3.0"]
    assert "10^{7}" in power
    axes.set_ylim(0, 5)
    ticks.set_by_locators()
    assert "10" not in "".join(labels(axes))


def test_axis_with_a_label(axes: Axes) -> None:
    """An axis that is drawn has its label beyond the labels of its ticks."""
    axes.set_ylim(0, 1)
    draw_axis(axes, "y", "events", size=10)
    *numbers, label = axes.texts
    assert [number.get_text() for number in numbers] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert (label.get_text(), label.get_position()[1]) == ("events", 1)
    # The axes are 5 inches wide, and 3 digits with their point less than 3 times as wide as their size.
    assert label.get_position()[0] <= numbers[0].get_position()[0] - 3 * 10 / 72 / 5


def test_without_labels(axes: Axes) -> None:
    """Axes above others have ticks and no labels."""
    axes.set_xlim(0, 1)
    Ticks.of(axes, "x", size=0).set_by_locators()
    assert len(lines(axes)) > 0
    assert labels(axes) == []
