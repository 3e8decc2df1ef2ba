"""Bins that stay in their file until they are summed, and the second reading of the file, which hands them out."""

from __future__ import annotations

import functools
import itertools
import os
import zipfile
from typing import TYPE_CHECKING, BinaryIO, cast

import attrs

from datacard_core.errors import InputError, with_type
from datacard_core.inputs.compression import Pieces, decompressed, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from datacard_core.model.arrays import ComplexArray


@attrs.frozen(eq=False)
class FileAgain:
    """A file, or a member of an archive, that was read, and is read again in the same state."""

    path: Path
    state: tuple[int, int, int]
    member: str = ""

    @classmethod
    def of(cls, path: Path) -> FileAgain:
        """Note the state of a file before it is read for the first time."""
        return cls(path, _state(path))

    def of_member(self, name: str) -> FileAgain:
        """Return a member of this file, which is an archive."""
        return attrs.evolve(self, member=name)

    def opened(self, archive: Callable[[Path], zipfile.ZipFile] = zipfile.ZipFile) -> Pieces:
        """Open the content.

        Args:
            archive: function that opens the archive of a member, or returns it if it is open.

        Raises:
            InputError: it has an unknown form.
            OSError: the file cannot be read.
        """
        if not self.member:
            return opened(self.path)
        # The file of an archive stays open until its member is closed.
        return decompressed(cast("BinaryIO", archive(self.path).open(self.member)))

    def check(self) -> None:
        """Check that the file is what it was.

        Raises:
            InputError: it is not.
        """
        if _state(self.path) != self.state:
            raise InputError(f"{self.path} was changed while it was read: build the cards again")


def _state(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)  # noqa: PTH116 - a path of another kind of file system has no such method
    return found.st_ino, found.st_size, found.st_mtime_ns


@attrs.frozen(eq=False)
class UnreadBins:
    """Bins of a histogram that stay in their file until they are summed."""

    file: FileAgain
    start: int
    """Place of the first byte in the decompressed content."""
    size: int
    """Number of bytes."""
    made: Callable[[memoryview], ComplexArray]
    """Function that makes the contents of a histogram of these bytes, which they may share."""

    def then(self, change: Callable[[ComplexArray], ComplexArray]) -> UnreadBins:
        """Return the bins with a change that is made when they are read."""
        return attrs.evolve(self, made=lambda content: change(self.made(content)))

    def read(self) -> ComplexArray:
        """Read these bins alone, for which the file is decompressed up to them.

        Raises:
            InputError: the file has changed, or cannot be read any more.
        """
        return next(contents for _, contents in read_in_order([self]))


def read_in_order(bins: Sequence[UnreadBins]) -> Iterator[tuple[int, ComplexArray]]:
    """Read bins in the order of their files, each file once.

    Yields:
        The position of bins in `bins`, and their contents. The contents are valid until the next ones, in whose memory
        they are: fresh memory would take more time than reading into it.

    Raises:
        InputError: a file has changed, or cannot be read any more.
    """
    by_file: dict[FileAgain, list[int]] = {}
    for position, one in enumerate(bins):
        by_file.setdefault(one.file, []).append(position)
    # For members that follow each other: the list of members is as long as they are many, and is read to open one.
    archive = functools.lru_cache(maxsize=1)(zipfile.ZipFile)
    for file, positions in by_file.items():
        positions.sort(key=lambda position: bins[position].start)
        buffer = memoryview(bytearray(max(bins[position].size for position in positions)))
        with _reopened(file, archive) as stream:
            reached = 0
            # Bins that several histograms share stand in the file once.
            for start, sharing in itertools.groupby(positions, key=lambda position: bins[position].start):
                first, *others = sharing
                content = buffer[: bins[first].size]
                _read(file, stream, start - reached, content)
                reached = start + len(content)
                for position in (first, *others):
                    yield position, bins[position].made(content)
        file.check()


def _reopened(file: FileAgain, archive: Callable[[Path], zipfile.ZipFile]) -> Pieces:
    try:
        file.check()
        return file.opened(archive)
    except OSError as error:
        raise InputError(f"{file.path} cannot be read again: {error.strerror}") from error


def _read(file: FileAgain, stream: Pieces, skipped: int, content: memoryview) -> None:
    try:
        if stream.skip(skipped) == skipped and stream.fill(content) == len(content):
            return
        file.check()
    # As at the first reading, a decompressor may raise any exception.
    except Exception as error:
        file.check()
        raise InputError(f"{file.path} cannot be read again ({with_type(error)}): build the cards again") from error
    raise InputError(f"{file.path} ends earlier than when it was read first: build the cards again")
