"""The head of a card as a whole: channels, observation and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.content import ColumnOfCard, Head
from datacard_combine.syntax.faults import doubtful, mistaken, refused
from datacard_combine.syntax.head import is_id
from datacard_combine.syntax.numbers import whole
from datacard_combine.syntax.views import BinLine, Counts, ObservationLine, ProcessLine, RateLine, ShapesLine
from datacard_core import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import HeadView


@attrs.define(kw_only=True)
class Seen:
    """The meaning of the lines so far; Combine reads them in their order."""

    counts: dict[str, Counts] = attrs.field(factory=dict)
    shapes: list[ShapesLine] = attrs.field(factory=list)
    bins: BinLine | None = None
    """The last line of channels that no other line has used."""
    observation: ObservationLine | None = None
    observed: BinLine | None = None
    """Channels of the observation."""
    names: ProcessLine | None = None
    ids: ProcessLine | None = None
    table: BinLine | None = None
    """Channels of the columns."""
    rates: RateLine | None = None


def seen_of(views: Iterable[HeadView]) -> Reading[Seen]:
    """Return the lines of the head by their meaning."""
    seen = Seen()
    for view in views:
        yield from _take(seen, view)
    return seen


def head_of(views: Iterable[HeadView]) -> Reading[Head]:
    """Put the lines of the head together."""
    seen = yield from seen_of(views)
    if seen.names is None:
        yield mistaken("block.no-process", "the card has no process line: expected two, names and ids")
        return Head()
    if seen.ids is None:
        yield refused(
            "block.no-ids", "the line of ids is missing: expected two process lines, names and ids", seen.names.line
        )
        return Head()
    columns = yield from _columns(seen, seen.names, seen.ids)
    channels, observation = yield from _channels(seen, columns)
    yield from _undeclared(seen, columns, channels)
    yield from _counted(seen, channels, columns)
    rates = yield from _rates(seen, columns)
    kmax = seen.counts.get("kmax")
    return Head(
        channels=channels,
        observation=observation,
        columns=columns,
        rates=rates,
        shapes=tuple(seen.shapes),
        kmax=kmax.number if kmax else None,
    )


def _take(seen: Seen, view: HeadView) -> Reading[None]:
    if isinstance(view, Counts):
        seen.counts[view.keyword] = view
    elif isinstance(view, ShapesLine):
        yield from _shapes(seen, view)
    elif isinstance(view, BinLine):
        seen.bins = view
    elif isinstance(view, ObservationLine):
        if seen.observation is not None:
            message = f"a second observation, below line {seen.observation.line.number}: Combine takes the last one"
            yield mistaken("block.duplicate-observation", message, view.line)
        seen.observation, seen.observed, seen.bins = view, seen.bins, None
        if seen.observed is not None and len(seen.observed.names) != len(view.numbers):
            message = f"{len(view.numbers)} observations, expected {len(seen.observed.names)}, one for each channel"
            yield refused("columns.length", message, view.line)
    elif isinstance(view, ProcessLine):
        yield from _processes(seen, view)
    elif isinstance(view, RateLine) and seen.names is None:
        message = "a line that begins with the word rate is read as that of the rates, and no process line is above it"
        yield refused("text.keyword-in-title", f"{message}: begin a title with #", view.line)
    elif isinstance(view, RateLine):
        seen.rates = view


def _shapes(seen: Seen, view: ShapesLine) -> Reading[None]:
    same = [other for other in seen.shapes if (other.process, other.channel) == (view.process, view.channel)]
    if same:
        message = f"process {view.process!r} in channel {view.channel!r} has a line above, {same[0].line.number}"
        yield refused("shape.line-duplicate", message, view.line)
    else:
        seen.shapes.append(view)


def _processes(seen: Seen, view: ProcessLine) -> Reading[None]:
    if seen.names is None:
        seen.names, seen.table = view, seen.bins
        if seen.table is None:
            # A line that begins with the word, above the observation, is text that was not meant as one.
            code = "block.no-bin" if view.words and seen.observation else "text.keyword-in-title"
            message = "no bin line above the process lines: expected the channel of each column"
            yield refused(code, message, view.line)
        elif len(seen.table.names) != len(view.words):
            message = f"{len(view.words)} words, expected {len(seen.table.names)}, one for each name of the bin line"
            yield refused("columns.length", message, view.line)
    elif seen.ids is None:
        seen.ids = view
        # Combine tells ids and names apart by the first word of the two lines.
        if seen.names.words and view.words and is_id(seen.names.words[0]) and not is_id(view.words[0]):
            seen.names, seen.ids = seen.ids, seen.names
        if len(view.words) != len(seen.names.words if seen.ids is view else seen.ids.words):
            message = f"{len(view.words)} words, expected as many as in the other process line"
            yield refused("columns.length", message, view.line)
    else:
        yield refused("block.duplicate-process", "a third process line, expected two: names and ids", view.line)


def _columns(seen: Seen, names: ProcessLine, ids: ProcessLine) -> Reading[tuple[ColumnOfCard, ...]]:
    columns: list[ColumnOfCard] = []
    is_right = True
    bins = seen.table.names if seen.table else ()
    # Lines of different lengths have been told already; the columns that all three have are still looked at.
    for place, (channel, process, word) in enumerate(zip(bins, names.words, ids.words, strict=False), start=1):
        number = whole(word)
        if number is None:
            message = f"the id {word!r} of process {process!r} is not a whole number, expected 0 or less for a signal"
            yield refused("process.id-value", message, ids.line, place)
            number, is_right = 1, False
        columns.append(ColumnOfCard(channel, process, number <= 0, number))
    yield from _repeated(columns, names.line)
    if is_right:
        yield from _signs(columns, ids.line)
    return tuple(columns)


def _repeated(columns: Sequence[ColumnOfCard], line: Line) -> Reading[None]:
    seen: set[tuple[str, str]] = set()
    for place, column in enumerate(columns, start=1):
        key = (column.channel, column.process)
        if key in seen:
            message = f"a second column of process {column.process!r} in channel {column.channel!r} replaces the first"
            yield mistaken("process.duplicate", message, line, place)
        seen.add(key)


def _signs(columns: Sequence[ColumnOfCard], line: Line) -> Reading[None]:
    first: dict[str, ColumnOfCard] = {}
    names_of: dict[int, set[str]] = {}
    for place, column in enumerate(columns, start=1):
        # Combine takes only the sign of an id; other readers take the number for the process.
        other = first.setdefault(column.process, column)
        if other.is_signal != column.is_signal:
            what = {True: "a signal", False: "a background"}
            message = (
                f"process {column.process!r} is {what[column.is_signal]} in channel {column.channel!r} and "
                f"{what[other.is_signal]} in channel {other.channel!r}"
            )
            yield refused("process.sign-clash", message, line, place)
        elif other.id != column.id:
            message = (
                f"process {column.process!r} has the ids {other.id} and {column.id}, and a process should have one"
            )
            yield doubtful("process.id-changes", message, line, place)
        shared = names_of.setdefault(column.id, set())
        # min, as the order of a set of strings changes from run to run, and equal cards give equal messages.
        if column.process not in shared and shared:
            message = (
                f"{column.process!r} and {min(shared)!r} share the id {column.id}, which other readers tell them by"
            )
            yield doubtful("process.id-shared", message, line, place)
        shared.add(column.process)
    if columns and not any(column.is_signal for column in columns):
        yield refused("process.no-signal", "no process has an id of 0 or less, so that the card has no signal", line)


def _channels(seen: Seen, columns: Sequence[ColumnOfCard]) -> Reading[tuple[tuple[str, ...], dict[str, float]]]:
    of_columns = tuple(dict.fromkeys(column.channel for column in columns))
    if seen.observation is None:
        message = "the card has no observation, so that Combine makes a model without data"
        yield mistaken("block.no-observation", message)
        return of_columns, {}
    numbers = seen.observation.numbers
    # Without that line, Combine takes the order in which the columns name the channels.
    if seen.observed is None:
        message = "no bin line above the observation: its numbers go to the channels in the order of the columns"
        yield doubtful("block.no-observation-bin", message, seen.observation.line)
        if len(numbers) < len(of_columns):
            message = f"{len(numbers)} observations for {len(of_columns)} channels"
            yield refused("columns.length", message, seen.observation.line)
        return of_columns, dict(zip(of_columns, numbers, strict=False))
    channels = seen.observed.names
    for place, name in enumerate(channels, start=1):
        if name in channels[: place - 1]:
            message = f"channel {name!r} is named twice: Combine takes the last observation"
            yield mistaken("bin.duplicate", message, seen.observed.line, place)
    return channels, dict(zip(channels, numbers, strict=False))


def _undeclared(seen: Seen, columns: Sequence[ColumnOfCard], channels: Sequence[str]) -> Reading[None]:
    told: set[str] = set()
    for place, column in enumerate(columns, start=1):
        if column.channel not in channels and column.channel not in told and seen.table:
            told.add(column.channel)
            message = f"channel {column.channel!r} has columns and no observation{closest(column.channel, channels)}"
            yield refused("bin.undeclared", message, seen.table.line, place)


def _counted(seen: Seen, channels: Sequence[str], columns: Sequence[ColumnOfCard]) -> Reading[None]:
    # Combine compares jmax with the names of all channels together.
    processes = len({column.process for column in columns})
    for keyword, found, what in (("imax", len(channels), "channels"), ("jmax", processes - 1, "processes minus 1")):
        stated = seen.counts.get(keyword)
        if stated and stated.number is not None and stated.number != found:
            message = f"{keyword} is {stated.number}, and the card has {found} {what}: write that, or *"
            yield refused(f"counts.{keyword}", message, stated.line, 1)


def _rates(seen: Seen, columns: Sequence[ColumnOfCard]) -> Reading[tuple[float, ...]]:
    if seen.rates is None:
        yield refused("block.no-rate", "the card has no rate line, which ends the head: all nuisances are lost")
        return (0.0,) * len(columns)
    numbers = seen.rates.numbers
    if len(numbers) != len(columns):
        message = f"{len(numbers)} rates, expected {len(columns)}, one for each column"
        yield refused("columns.length", message, seen.rates.line)
        return (0.0,) * len(columns)
    return numbers
