"""Moves of files from a hidden folder to their places, as one set that a kill at any step does not mix."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DatacardError
from datacard_core.output.locks import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_JOURNAL = "journal.json"


@attrs.frozen
class Move:
    """One file, which is complete in the hidden folder of its directory before it is moved.

    The folder is in the same directory, because a rename is atomic only within one file system, and a subdirectory may
    be mounted from another one.
    """

    final: Path

    @classmethod
    def of(cls, temporary: Path) -> Move:
        """Return the move of a file at its temporary path."""
        return cls(temporary.parents[3] / temporary.name)

    @cached_property
    def temporary(self) -> Path:
        """Path of the new file, alone in a folder of its own."""
        return self.final.parent / FOLDER / "new" / self.final.name / self.final.name

    @cached_property
    def earlier(self) -> Path:
        """Path of the earlier file while it is out of its place."""
        return self.final.parent / FOLDER / "old" / self.final.name


@attrs.frozen
class Journal:
    """Files that are being moved: written before the first of them is, and read by the process that comes after a kill.

    The first directory has the files, the others refer to it, so that one step makes and takes back the whole journal.
    """

    directories: tuple[Path, ...]
    files: tuple[Path, ...] = ()
    """Places of the files."""

    @property
    def moves(self) -> tuple[Move, ...]:
        """The moves of the files."""
        return tuple(map(Move, self.files))

    @classmethod
    def of(cls, directory: Path) -> Journal:
        """Return the journal in a directory; an empty one if there is none.

        Raises:
            DatacardError: it is damaged.
        """
        path = directory / FOLDER / _JOURNAL
        try:
            journal = json.loads(path.read_text(encoding="utf-8"))
            return cls(*(tuple(map(Path, journal[key])) for key in ("directories", "files")))
        except FileNotFoundError:
            return cls(())
        except (ValueError, TypeError, LookupError) as error:
            raise DatacardError(
                f"{str(path)!r} is damaged ({error}), and with it the list of files that a killed build was moving: "
                f"take what you need out of {str(path.parent)!r}, and remove it"
            ) from error

    def write(self) -> None:
        """Write the journal to all its directories, the first one last."""
        first, *others = self.directories
        for directory in others:
            _write(directory, Journal((first,)))
        _write(first, self)

    def remove(self) -> None:
        """Take the journal back."""
        with suppress(FileNotFoundError):
            (self.directories[0] / FOLDER / _JOURNAL).unlink()


def put_in_place(moves: Sequence[Move]) -> None:
    """Move new files to their places, also where an earlier call was killed.

    No system call renames several files at once. All earlier files go first, the last one at the beginning, and the new
    ones come in order. A file that refers to others comes behind them in that order: at each moment it is missing, or
    they are all of its own set.
    """
    for move in reversed(moves):
        # A directory that has taken the place since is not moved away: the rename below refuses it.
        if move.temporary.exists() and move.final.is_file():
            move.earlier.parent.mkdir(exist_ok=True)
            _rename(move.final, move.earlier, move)
    for move in moves:
        if move.temporary.exists():
            _rename(move.temporary, move.final, move)


def take_back(moves: Sequence[Move]) -> None:
    """Restore the earlier files, in the opposite order of `put_in_place`."""
    for move in reversed(moves):
        if not move.temporary.exists() and move.final.is_file():
            _rename(move.final, move.temporary, move)
    for move in moves:
        if move.earlier.exists():
            _rename(move.earlier, move.final, move)


@contextmanager
def named(final: Path) -> Iterator[None]:
    """Name the place of a file in the errors of the system on its way there: the user does not know the hidden path."""
    try:
        yield
    except OSError as error:
        # A full disk is told without a path.
        if error.errno is not None and (error.filename is None or FOLDER in str(error.filename)):
            error.filename = os.fspath(final)
        raise


def _rename(source: Path, target: Path, move: Move) -> None:
    try:
        source.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(move.final)) from error


def _write(directory: Path, journal: Journal) -> None:
    path = directory / FOLDER / _JOURNAL
    content = {
        "directories": [os.fspath(other) for other in journal.directories],
        "files": [os.fspath(path) for path in journal.files],
    }
    # Under another name first: a journal is complete, or there is none.
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
