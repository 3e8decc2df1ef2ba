"""Layers of a stack: processes and groups of them in their order, with their text and colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_plots.options import matching
from datacard_plots.style import COLOURS, colour, hatch
from datacard_plots.texts import process_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core import ExpectedProcess, FloatArray
    from datacard_plots.options import PlotOptions

MOST_SIGNALS = 6
"""Largest number of lines; the smallest signals share one line."""
LONGEST_NAME = 30
"""Most characters of a process in the legend."""
OTHER = "#dddddd"
"""Colour of the layer of the smallest processes."""


@attrs.frozen(eq=False)
class Layer:
    """One process, or the sum of several, with its appearance."""

    label: str
    values: FloatArray
    colour: str
    hatch: str


@attrs.frozen(eq=False)
class _Member:
    """A group, or a process that is in none."""

    name: str
    processes: tuple[ExpectedProcess, ...]
    is_chosen: bool
    """True if the options name it: then it is no part of Other."""
    rank: int
    """Place in the declared order, behind all of it for others."""

    @property
    def values(self) -> FloatArray:
        found: FloatArray = np.sum([process.values for process in self.processes], axis=0)
        return found

    @property
    def position(self) -> int:
        return min(process.position for process in self.processes)


def layers_of(processes: Sequence[ExpectedProcess], options: PlotOptions) -> tuple[list[Layer], list[Layer]]:
    """Return the layers of the backgrounds and those of the signals, from the top of the stack on."""
    texts = _texts(processes, options)
    backgrounds = _members([process for process in processes if not process.is_signal], options)
    signals = _members([process for process in processes if process.is_signal], options)
    taken: dict[tuple[str, str], None] = {}
    return (
        _layers(backgrounds, texts, options.layers, "Other ({} processes)", taken),
        _layers(signals, texts, MOST_SIGNALS, "sum of {} smaller signals", taken),
    )


def _texts(processes: Iterable[ExpectedProcess], options: PlotOptions) -> dict[str, str]:
    labels = {process.name: options.labels.get(process.name, process.label) for process in processes}
    return process_texts({**labels, **{title: title for title in options.groups}}, LONGEST_NAME)


def _members(processes: Sequence[ExpectedProcess], options: PlotOptions) -> list[_Member]:
    """Return groups and processes, the declared ones first and the others by size."""
    groups: dict[str, list[ExpectedProcess]] = {}
    for process in processes:
        # The first group that has it: a process must not be drawn twice.
        title = next((title for title, patterns in options.groups.items() if matching(patterns, [process.name])), None)
        groups.setdefault(process.name if title is None else title, []).append(process)
    members = []
    for name, inside in groups.items():
        # A pattern of the order may hold several processes, which then go by size.
        rank = next((at for at, one in enumerate(options.order) if matching([one], [name])), len(options.order))
        is_chosen = name in options.groups or rank < len(options.order)
        members.append(_Member(name, tuple(inside), is_chosen, rank))
    return sorted(members, key=lambda member: (member.rank, -float(member.values.sum())))


def _layers(
    members: Sequence[_Member], texts: dict[str, str], most: int, others: str, taken: dict[tuple[str, str], None]
) -> list[Layer]:
    """Return at most `most` layers, unless more are declared; the last one sums the smallest members beyond that."""
    rest: list[_Member] = []
    if len(members) > most:
        free = [member for member in members if not member.is_chosen]
        # The last place is kept for the sum of the rest.
        rest = free[max(0, most - 1 - (len(members) - len(free))) :]
    layers = []
    for member in members:
        if member not in rest:
            style = _free_style(member.position, taken)
            layers.append(Layer(texts[member.name], member.values, *style))
    if rest:
        values = np.sum([member.values for member in rest], axis=0)
        layers.append(Layer(others.format(sum(len(member.processes) for member in rest)), values, OTHER, ""))
    return layers


def _free_style(position: int, taken: dict[tuple[str, str], None]) -> tuple[str, str]:
    """Return the colour of a position or, if another layer has it, the next free one; with hatches if all are taken."""
    first = position % len(COLOURS)
    places = [*range(first, len(COLOURS)), *range(first), *range(len(COLOURS), 10 * len(COLOURS))]
    styles = [(colour(place), hatch(place)) for place in places]
    # A hundred styles: with more layers, some look alike.
    style = next((style for style in styles if style not in taken), styles[0])
    taken[style] = None
    return style
