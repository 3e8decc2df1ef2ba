"""Rates and observations, and what they are without templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.meaning.shapes import ShapesLines
from datacard_combine.syntax.faults import doubtful, mistaken, noted
from datacard_combine.syntax.views import McStats, ObservationLine, RateLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.views import View

TINY = 1e-6
"""Rate below which a process is as good as absent."""
_MODES = (1, 2)


def yield_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of numbers of events."""
    counting = ShapesLines(content.head.shapes).counting(content.head)
    yield from _rates(views, content, counting)
    yield from _observations(views, content, counting)
    signals = [rate for column, rate in zip(content.head.columns, content.rates, strict=True) if column.is_signal]
    if signals and not any(signals):
        message = "the rate of the signal is 0 in all channels, so that the signal strength changes nothing"
        yield mistaken("process.no-signal-yield", message)
    yield from _statistics(views, content, counting)


def _rates(views: Sequence[View], content: Content, counting: set[str]) -> Iterator[Fault]:
    line = next((view.line for view in views if isinstance(view, RateLine)), None)
    # The rates as written: in content.rates a gmN row has replaced those of 0.
    for place, (column, rate) in enumerate(zip(content.head.columns, content.head.rates, strict=True), start=1):
        where = f"process {column.process!r} in channel {column.channel!r}"
        if rate == -1 and column.channel in counting:
            message = f"{where} has the rate -1, the integral of its template, and the channel has no templates"
            yield mistaken("value.rate-minus-one", message, line, place)
        elif rate < 0 and rate != -1:
            yield mistaken("value.rate-negative", f"{where} has the rate {rate:g}, which is below 0", line, place)
        elif 0 < rate < TINY:
            yield doubtful("value.rate-tiny", f"{where} has the rate {rate:g}, as good as none", line, place)


def _observations(views: Sequence[View], content: Content, counting: set[str]) -> Iterator[Fault]:
    # Of several lines Combine takes the last.
    line = next((view.line for view in reversed(views) if isinstance(view, ObservationLine)), None)
    for place, (channel, events) in enumerate(content.head.observation.items(), start=1):
        where = f"channel {channel!r}"
        if events == -1 and channel in counting:
            message = f"{where} has the observation -1, the integral of data_obs, and it has no templates"
            yield mistaken("value.observation-minus-one", message, line, place)
        elif events < 0 and events != -1:
            yield mistaken("value.observation-negative", f"{where} has the observation {events:g}", line, place)
        elif channel in counting and events % 1:
            message = f"{where} has the observation {events:g}: data are whole numbers, Asimov data need not be"
            yield doubtful("value.observation-float", message, line, place)


def _statistics(views: Sequence[View], content: Content, counting: set[str]) -> Iterator[Fault]:
    for view in (view for view in views if isinstance(view, McStats)):
        if view.threshold < 0:
            message = f"autoMCStats of {view.channel!r} has a threshold below 0, so that it makes no parameters"
            yield doubtful("mcstats.threshold-negative", message, view.line, 2)
        if view.hist_mode not in _MODES:
            message = (
                f"autoMCStats of {view.channel!r} has the mode {view.hist_mode}, expected 1 or 2: Up and Down are lost"
            )
            yield mistaken("mcstats.mode", message, view.line, 4)
        elif view.hist_mode != 1:
            message = f"with mode 2 of autoMCStats, the yields of {view.channel!r} are morphed as the bins are"
            yield noted("mcstats.mode", message, view.line, 4)
    for name in (name for name in content.mc_stats if name in counting):
        message = f"autoMCStats of channel {name!r} does nothing: the channel has no templates"
        yield doubtful("mcstats.counting", message, content.mc_stats[name].line, 0)
