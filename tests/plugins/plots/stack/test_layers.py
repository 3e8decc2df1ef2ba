"""Layers of a stack: groups, order, colours and the smallest processes."""

from __future__ import annotations

import numpy as np
from datacard_plots.options import PlotOptions
from datacard_plots.stack.layers import OTHER, layers_of
from datacard_plots.style import COLOURS

from datacard_core import prefit
from tests.support.channels import channel_of


def drawn(options: PlotOptions, backgrounds: int = 5, signals: int = 1) -> list[tuple[str, float]]:
    """Return text and content of the first bin of the layers of backgrounds b0 = n, b1 = n - 1, …"""
    return [
        (layer.label, float(layer.values[0]))
        for layer in layers_of(prefit(channel_of(backgrounds, signals)).processes, options)[0]
    ]


def test_largest_at_the_top() -> None:
    """Without options the largest process is the top of the stack."""
    assert drawn(PlotOptions(), 3) == [("b0", 3), ("b1", 2), ("b2", 1)]


def test_groups() -> None:
    """A group is one layer with the sum of its processes; the first of two groups has a process of both."""
    options = PlotOptions(groups={"Top": ["b1", "b2"], "rest": "b[2-4]"})
    assert drawn(options) == [("Top", 4 + 3), ("b0", 5), ("rest", 2 + 1)]


def test_groups_of_signals() -> None:
    """Signals are never drawn among the backgrounds of a group."""
    backgrounds, signals = layers_of(prefit(channel_of(2, 2)).processes, PlotOptions(groups={"all": "*"}))
    assert [(layer.label, layer.values[0]) for layer in backgrounds] == [("all", 3)]
    assert [(layer.label, layer.values[0]) for layer in signals] == [("all", 3)]


def test_order() -> None:
    """Declared processes and groups come first in their order, and the others by size."""
    options = PlotOptions(groups={"Top": ["b1", "b2"]}, order=["b4", "T*"])
    assert drawn(options) == [("b4", 1), ("Top", 7), ("b0", 5), ("b3", 2)]


def test_labels() -> None:
    """A text of the options takes the place of a process's label."""
    assert drawn(PlotOptions(labels={"b1": r"$t\bar{t}$"}), 2) == [("b0", 2), (r"$t\bar{t}$", 1)]


def test_other() -> None:
    """The smallest of too many processes are one layer, but those that the options name stay."""
    cases: list[tuple[PlotOptions, list[tuple[str, float]]]] = [
        # 3 + 2 + 1
        (PlotOptions(layers=3), [("b0", 5), ("b1", 4), ("Other (3 processes)", 6)]),
        (PlotOptions(layers=5), [("b0", 5), ("b1", 4), ("b2", 3), ("b3", 2), ("b4", 1)]),
        (PlotOptions(layers=1), [("Other (5 processes)", 15)]),
        # Named ones stay, however small they are.
        (PlotOptions(layers=2, order=["b4"]), [("b4", 1), ("Other (4 processes)", 14)]),
        (PlotOptions(layers=1, groups={"g": ["b3", "b4"]}), [("g", 3), ("Other (3 processes)", 12)]),
    ]
    for options, expected in cases:
        assert drawn(options) == expected, options


def test_colours() -> None:
    """A process has the colour of its position, or the next free one: no two layers look alike."""
    backgrounds, signals = layers_of(prefit(channel_of(34, 2)).processes, PlotOptions())
    assert backgrounds[-1].colour == OTHER
    styles = [(layer.colour, layer.hatch) for layer in (*backgrounds, *signals)]
    assert len(set(styles)) == len(styles)
    # The signals s0 and s1 have the positions 0 and 1.
    assert [layer.colour for layer in backgrounds[:3]] == list(COLOURS[2:5])
    assert [layer.colour for layer in signals] == list(COLOURS[:2])


def test_sum_of_layers() -> None:
    """No event is lost or drawn twice with groups that overlap, an order and a limit."""
    options = PlotOptions(groups={"one": "b1*", "two": ["b*2"]}, order=["b20", "two"], layers=4)
    processes = prefit(channel_of(34)).processes
    total = np.sum([layer.values for layer in layers_of(processes, options)[0]], axis=0)
    assert total.tolist() == [34 * 35 / 2] * 2
