"""A card from its lines: views of each line, and the content of all of them together."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.columns import head_of
from datacard_combine.meaning.content import Content, RowOfCard
from datacard_combine.meaning.edits import carry_out
from datacard_combine.meaning.state import OpenRow, State, has_effect
from datacard_combine.syntax.body import body_view
from datacard_combine.syntax.faults import collected, mistaken, noted, refused
from datacard_combine.syntax.head import head_view
from datacard_combine.syntax.rows import values
from datacard_combine.syntax.views import GroupLine, HeadView, McStats, Parameter, RateParam, Row
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import BodyView, EditLine, View


_TABLE = ("block.", "columns.")
"""Beginnings of the codes of faults that leave no table of columns."""


def views_of(lines: Iterable[Line]) -> Reading[tuple[View, ...]]:
    """Read each line; those that Combine passes over have no view."""
    views: list[View] = []
    lines = [line for line in lines if line.words]
    end = _end_of_head(lines)
    for place, line in enumerate(lines):
        view = yield from (head_view(line) if place <= end else body_view(line))
        if view is not None:
            views.append(view)
    return tuple(views)


def _end_of_head(lines: Sequence[Line]) -> int:
    """Return the place of the line of rates, which ends the head, or of the last line without one."""
    has_names = False
    for place, line in enumerate(lines):
        has_names = has_names or line.words[0] == "process"
        # A title that begins with the word is a fault, and not the end.
        if line.words[0] == "rate" and has_names:
            return place
    return len(lines)


def content_of(views: Sequence[View], *, keep_edits: bool = False) -> Reading[Content]:
    """Put all lines of a card together.

    Args:
        views: lines with their meaning, in their order.
        keep_edits: whether `nuisance edit` lines are kept in place of being carried out, as for joining cards.
    """
    head, faults = collected(head_of([view for view in views if isinstance(view, HeadView)]))
    yield from faults
    state = State.of(head)
    state.written = frozenset(view.name for view in views if isinstance(view, Row | Parameter))
    # Without a table that can be relied on, each row would repeat its faults.
    if not any(fault.code.startswith(_TABLE) and not fault.is_taken for fault in faults):
        for view in views:
            if not isinstance(view, HeadView):
                yield from _take(state, view, keep_edits=keep_edits)
    if all(fault.is_taken for fault in faults):
        yield from _yields(state)
    return _closed(state)


def _take(state: State, view: BodyView, *, keep_edits: bool) -> Reading[None]:
    if isinstance(view, Row):
        yield from _row(state, view)
    elif isinstance(view, RateParam):
        yield from _rate_param(state, view)
    elif isinstance(view, Parameter):
        _parameter(state, view)
    elif isinstance(view, GroupLine):
        yield from _group(state, view)
    elif isinstance(view, McStats):
        yield from _mc_stats(state, view)
    else:
        state.edits.append(view)
        if not keep_edits:
            yield from carry_out(state, view)


def _row(state: State, view: Row) -> Reading[None]:
    yield from _kind_clash(state, view)
    found = list((yield from values(view, len(state.rates), state.numbers)))
    # Combine keeps a number for each channel and process: the last of repeated columns counts for all.
    if state.is_repeated:
        found = [found[state.places[column.channel][column.process]] for column in state.head.columns]
    if view.kind == "gmN":
        for place, value in enumerate(found):
            # A control region without events gives a rate of 0, which would drop the process.
            if state.rates[place] == 0 and value != 0:
                column = state.head.columns[place]
                message = f"{view.name!r} gives {column.process!r} in channel {column.channel!r}, of rate 0, a yield"
                yield noted("gmN.zero", message, view.line, view.first + place)
                # The number that Combine's parser puts in its place.
                state.rates[place] = 1e-6
    state.add(
        OpenRow(name=view.name, nofloat=view.nofloat, kind=view.kind, arguments=view.arguments, values=found, view=view)
    )


def _kind_clash(state: State, view: Row) -> Reading[None]:
    # Combine compares whole words: shapeN beside lnN passes its parser.
    others = {row.kind for row in state.by_name.get(view.name, ())}
    both = {grammar.SHAPE, grammar.LN_N}
    if view.kind in both and (both - {view.kind}) & others:
        message = f"{view.name!r} is shape and lnN: write one row of the kind {grammar.row_keyword(both)}"
        yield refused("row.kind-clash", message, view.line)


def _rate_param(state: State, view: RateParam) -> Reading[None]:
    head = state.head
    # Combine takes words for patterns only if one of them has a *: a ? or [ alone is part of a name.
    if grammar.ANY in view.channel + view.process:
        # By process first: the order of the factors of a column is that of the lines all the same.
        pairs = [
            (channel, process)
            for process in head.processes
            for channel in head.channels
            if fnmatch(process, view.process) and fnmatch(channel, view.channel)
        ]
        if not pairs:
            message = f"rateParam {view.name!r}: no process {view.process!r} in channels {view.channel!r}"
            yield refused("rateparam.unknown", message, view.line, 2)
    elif view.channel not in head.channels or view.process not in head.processes:
        is_channel = view.channel not in head.channels
        what, name = ("channel", view.channel) if is_channel else ("process", view.process)
        known = head.channels if is_channel else head.processes
        message = f"rateParam {view.name!r}: no {what} {name!r}{closest(name, known)}"
        yield refused("rateparam.unknown", message, view.line, 2 if is_channel else 3)
        return
    else:
        pairs = [(view.channel, view.process)]
    found = [state.places.get(channel, {}).get(process) for channel, process in pairs]
    for (channel, process), place in zip(pairs, found, strict=True):
        if place is None:
            state.unattached.append((channel, process, view))
        else:
            state.rate_params.append((place, view))
    if pairs and not any(place is not None for place in found):
        message = f"rateParam {view.name!r} changes nothing: {view.process!r} is not in channel {view.channel!r}"
        yield mistaken("rateparam.no-column", message, view.line, 2)


def _parameter(state: State, view: Parameter) -> None:
    if view.kind in grammar.CONSTRAINED_KEYWORDS:
        state.add(OpenRow(name=view.name, nofloat=view.nofloat, kind=view.kind, arguments=(), values=[], view=view))
    elif view.kind == "flatParam":
        state.flat[view.name] = view
    elif view.kind == "extArg":
        state.external[view.name] = view
    else:
        state.discrete.append(view.name)


def _group(state: State, view: GroupLine) -> Reading[None]:
    # In the order of the lines, as Combine reads them.
    if view.is_addition and view.name not in state.groups:
        message = f"group {view.name!r} has no members to add to{closest(view.name, state.groups)}: begin it with ="
        yield refused("group.append", message, view.line, 2)
        return
    if not view.is_addition and view.name in state.groups:
        message = f"group {view.name!r} is defined above: write += to add members"
        yield refused("group.duplicate", message, view.line, 2)
        return
    state.groups.setdefault(view.name, set()).update(view.members)


def _mc_stats(state: State, view: McStats) -> Reading[None]:
    channels = state.head.channels
    if grammar.ANY not in view.channel and view.channel not in channels:
        message = f"autoMCStats: no channel {view.channel!r}{closest(view.channel, channels)}"
        yield refused("mcstats.unknown-bin", message, view.line, 0)
        return
    is_pattern = grammar.ANY in view.channel
    found = [name for name in channels if fnmatch(name, view.channel)] if is_pattern else [view.channel]
    if not found:
        message = f"autoMCStats: no channel is like {view.channel!r}, so that no parameter is made"
        yield mistaken("mcstats.no-match", message, view.line, 0)
    for name in found:
        if above := state.mc_stats.get(name):
            message = f"channel {name!r} has an autoMCStats line above, {above.line.number}: Combine takes the last one"
            yield mistaken("mcstats.duplicate", message, view.line, 0)
            break
    state.mc_stats.update(dict.fromkeys(found, view))


def _yields(state: State) -> Reading[None]:
    for channel in state.head.channels:
        columns = [
            (state.rates[place], state.head.columns[place].is_signal) for place in state.places[channel].values()
        ]
        # A rate of -1 counts as other than 0: Combine makes this test before it looks for templates.
        if not any(rate != 0 for rate, _ in columns):
            yield refused("process.no-background", f"channel {channel!r} has no process with a rate other than 0")
        elif not any(rate != 0 and not is_signal for rate, is_signal in columns):
            yield refused("process.no-background", f"channel {channel!r} has no background with a rate other than 0")
        elif not any(rate != 0 and is_signal for rate, is_signal in columns):
            message = f"channel {channel!r} has no signal with a rate other than 0, as control regions have"
            yield noted("process.bin-no-signal", message)


def _closed(state: State) -> Content:
    rows: list[RowOfCard | Parameter] = []
    dropped = []
    for row in state.rows:
        if isinstance(row.view, Parameter):
            # An edit may have renamed the line.
            rows.append(attrs.evolve(row.view, name=row.name))
        elif has_effect(row.kind, row.values, state.rates):
            rows.append(_row_of_card(row, row.view))
        else:
            dropped.append(_row_of_card(row, row.view))
    return Content(
        head=state.head,
        rates=tuple(state.rates),
        rows=tuple(rows),
        rate_params=tuple(state.rate_params),
        unattached=tuple(state.unattached),
        flat=state.flat,
        external=state.external,
        discrete=tuple(state.discrete),
        groups={name: frozenset(members) for name, members in state.groups.items()},
        mc_stats=state.mc_stats,
        edits=tuple(state.edits),
        frozen=frozenset(state.frozen),
        old_names=state.old_names,
        old_parameters=state.old_parameters,
        dropped=tuple(dropped),
    )


def _row_of_card(row: OpenRow, view: Row | EditLine) -> RowOfCard:
    return RowOfCard(
        name=row.name,
        nofloat=row.nofloat,
        kind=row.kind,
        arguments=row.arguments,
        values=tuple(row.values),
        view=view,
    )
