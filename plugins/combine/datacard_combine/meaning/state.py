"""Rows of a card while Combine reads it: later lines change earlier rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.content import Head
    from datacard_combine.syntax.rows import Value
    from datacard_combine.syntax.views import EditLine, McStats, Parameter, RateParam, Row

NOTHING = (0.0, 1.0)
"""Values that Combine's edits take for no effect."""


@attrs.define(eq=False, kw_only=True)
class OpenRow:
    """A row that edits may change. It has no values if it is a line of `param` or `constr`."""

    name: str
    nofloat: bool
    kind: str
    arguments: tuple[float, ...]
    values: list[Value]
    view: Row | Parameter | EditLine


@attrs.define(eq=False, kw_only=True)
class State:
    """All that the lines so far say."""

    head: Head
    places: dict[str, dict[str, int]]
    """Position of the column of each process, by channel, in the order of the columns."""
    is_repeated: bool
    """True if a process has several columns in a channel, of which the last counts."""
    rates: list[float]
    written: frozenset[str] = frozenset()
    """Names of all rows and parameters of the card, also of those below."""
    numbers: dict[str, Value] = attrs.field(factory=lambda: {"-": 0.0})
    """Cells of rows that are right in a row of any kind."""
    rows: list[OpenRow] = attrs.field(factory=list)
    by_name: dict[str, list[OpenRow]] = attrs.field(factory=dict)
    """Rows that a later line can change under a name."""
    rate_params: list[tuple[int, RateParam]] = attrs.field(factory=list)
    unattached: list[tuple[str, str, RateParam]] = attrs.field(factory=list)
    flat: dict[str, Parameter] = attrs.field(factory=dict)
    external: dict[str, Parameter] = attrs.field(factory=dict)
    discrete: list[str] = attrs.field(factory=list)
    groups: dict[str, set[str]] = attrs.field(factory=dict)
    mc_stats: dict[str, McStats] = attrs.field(factory=dict)
    edits: list[EditLine] = attrs.field(factory=list)
    frozen: set[str] = attrs.field(factory=set)
    old_names: dict[tuple[str, str, str], str] = attrs.field(factory=dict)
    old_parameters: dict[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(cls, head: Head) -> State:
        """Return the state below the rates."""
        # Channels without columns too: patterns of edits look at them.
        places: dict[str, dict[str, int]] = {channel: {} for channel in head.channels}
        for place, column in enumerate(head.columns):
            places.setdefault(column.channel, {})[column.process] = place
        is_repeated = sum(map(len, places.values())) < len(head.columns)
        return cls(head=head, places=places, is_repeated=is_repeated, rates=list(head.rates))

    def add(self, row: OpenRow, *, is_named: bool = True) -> None:
        """Add a row; one that is not named can be changed by edits that look at all rows alone."""
        self.rows.append(row)
        if is_named:
            self.by_name.setdefault(row.name, []).append(row)

    def matching(self, channel: str, process: str) -> Iterator[tuple[str, str, int]]:
        """Yield channel, process and position of the columns that the patterns of an edit match.

        Raises:
            re.error: a pattern is none.
        """
        # Combine escapes a + in the pattern of channels, and leaves that of processes as it is written.
        channels = None if channel == grammar.ANY else re.compile(channel.replace("+", r"\+"))
        processes = None if process == grammar.ANY else re.compile(process)
        for name, places in self.places.items():
            if channels is None or matches(channels, name):
                for other, place in places.items():
                    if processes is None or matches(processes, other):
                        yield name, other, place


def matches(pattern: re.Pattern[str], text: str) -> bool:
    """Return whether the first match of a pattern is the whole text, which is what Combine asks for."""
    found = pattern.match(text)
    return found is not None and found.end() == len(text)


def has_effect(kind: str, values: Sequence[Value], rates: Sequence[float]) -> bool:
    """Return whether Combine keeps a row: it has an effect on a column whose rate is not 0."""
    # A factor of 1 is no effect in rows of lnN; in those of all other kinds Combine drops 0 alone.
    nothing = NOTHING if kind == grammar.LN_N else NOTHING[:1]
    # Most cards have no rate of 0, and the values of a row are few different ones.
    if 0 not in rates:
        return not set(values).issubset(nothing)
    return any(value not in nothing and rate != 0 for value, rate in zip(values, rates, strict=True))
