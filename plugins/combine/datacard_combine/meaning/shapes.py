"""The `shapes` lines of a card: which of them holds for a process in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core import DATA, grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacard_combine.meaning.content import Head
    from datacard_combine.syntax.views import ShapesLine

TABLES = (".csv", ".json", ".html", ".pkl", ".xlsx", ".h5", ".parquet")
"""Ends of the names of files that Combine reads as tables."""


def _by_place(lines: Iterable[ShapesLine]) -> dict[tuple[str, str], ShapesLine]:
    return {(line.channel, line.process): line for line in lines}


@attrs.frozen
class ShapesLines:
    """All `shapes` lines of a card, by channel and process, which may be `*`."""

    by_place: Mapping[tuple[str, str], ShapesLine] = attrs.field(converter=_by_place)

    def matching(self, channel: str, process: str) -> list[ShapesLine]:
        """Return all lines that match a process in a channel, the one that Combine takes first.

        Lines of the channel come before those of all channels, and among them the line of the process first.
        """
        keys = [(where, what) for where in (channel, grammar.ANY) for what in (process, grammar.ANY)]
        return [self.by_place[key] for key in keys if key in self.by_place]

    def of(self, channel: str, process: str) -> ShapesLine | None:
        """Return the line that Combine takes for a process in a channel, or None."""
        return next(iter(self.matching(channel, process)), None)

    def counting(self, head: Head) -> set[str]:
        """Return the channels without templates."""
        processes: dict[str, set[str]] = {channel: {DATA} for channel in head.channels}
        for column in head.columns:
            processes.setdefault(column.channel, {DATA}).add(column.process)
        return {channel for channel, names in processes.items() if all(self._is_fake(channel, name) for name in names)}

    def _is_fake(self, channel: str, process: str) -> bool:
        line = self.of(channel, process)
        return line is None or line.is_fake

    @property
    def has_workspace(self) -> bool:
        """True if a line names an object of a workspace, which may bring parameters."""
        return any(
            ":" in field
            for line in self.by_place.values()
            if not line.fields[0].endswith(TABLES)
            for field in line.fields[1:]
        )
