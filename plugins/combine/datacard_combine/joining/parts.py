"""Cards that are joined, and the columns that they bring."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import attrs

from datacard_combine.syntax.faults import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_combine.meaning.content import ColumnOfCard, Content
    from datacard_combine.syntax.faults import Reading


@attrs.frozen(eq=False, kw_only=True)
class Part:
    """One of the cards that are joined."""

    label: str
    """Name of the card in messages."""
    content: Content
    """Content with its edits kept."""
    names: Mapping[str, str]
    """New name of each channel, by its name in the card."""
    folder: str = ""
    """Directory of the card, relative to that of the joined one."""

    def path(self, file: str) -> str:
        """Return the path of a file of the card, relative to the joined one."""
        if not self.folder or PurePosixPath(file).is_absolute():
            return file
        return os.path.normpath(f"{self.folder}/{file}")

    def source(self, word: str) -> str:
        """Return `file.root:workspace` with the path relative to the joined card; other words unchanged."""
        file, colon, name = word.partition(":")
        return f"{self.path(file)}:{name}" if colon else word


@attrs.frozen(eq=False)
class JoinedColumn:
    """A column of the joined card."""

    part: Part
    place: int
    """Position of the column in its card."""

    @property
    def column(self) -> ColumnOfCard:
        """The column as its card has it."""
        return self.part.content.head.columns[self.place]

    @property
    def channel(self) -> str:
        """New name of the channel."""
        return self.part.names[self.column.channel]

    @property
    def process(self) -> str:
        """Process of the column."""
        return self.column.process


def columns_of(parts: Sequence[Part]) -> Reading[tuple[JoinedColumn, ...]]:
    """Return the columns of all cards, in their order."""
    yield from _channels(parts)
    columns = [JoinedColumn(part, place) for part in parts for place in _places(part.content)]
    first: dict[str, JoinedColumn] = {}
    for joined in columns:
        other = first.setdefault(joined.process, joined)
        if other.column.is_signal != joined.column.is_signal:
            what = {True: "a signal", False: "a background"}
            message = (
                f"process {joined.process!r} is {what[joined.column.is_signal]} in {joined.part.label} and "
                f"{what[other.column.is_signal]} in {other.part.label}"
            )
            yield refused("process.sign-clash", message)
    return tuple(columns)


def _channels(parts: Sequence[Part]) -> Reading[None]:
    first: dict[str, Part] = {}
    for part in parts:
        for name, new in part.names.items():
            if other := first.get(new):
                message = f"channel {name!r} of {part.label} would be called {new!r}, as one of {other.label} is"
                yield refused("combine.label-duplicate", f"{message}: give one of the cards another label")
            first[new] = part


def _places(content: Content) -> Iterator[int]:
    """Yield the positions of the columns; of repeated ones the last, which Combine takes."""
    yield from {(column.channel, column.process): at for at, column in enumerate(content.head.columns)}.values()


def ids_of(columns: Sequence[JoinedColumn]) -> list[int]:
    """Return the ids of the processes: those of the cards where they agree, and new ones where they do not."""
    # Combine takes only the sign of an id; other readers take the number for the process.
    by_process: dict[str, set[int]] = {}
    for joined in columns:
        by_process.setdefault(joined.process, set()).add(joined.column.id)
    stated = [ids for ids in by_process.values() if len(ids) == 1]
    # As many different ids as processes: each process has one, and no two share it.
    if len(set().union(*stated)) == len(by_process):
        return [joined.column.id for joined in columns]
    signs = {joined.process: joined.column.is_signal for joined in columns}
    signals = [process for process, is_signal in signs.items() if is_signal]
    backgrounds = [process for process, is_signal in signs.items() if not is_signal]
    new = {process: at - len(signals) + 1 for at, process in enumerate(signals)}
    new |= {process: at for at, process in enumerate(backgrounds, start=1)}
    return [new[joined.process] for joined in columns]
