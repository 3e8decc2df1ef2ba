"""Staging of files: they are written to hidden folders, and moved to their places when all are complete."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import tempfile
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import DeclarationError, DirectoryInUseError
from datacard_core.execution.progress import progress
from datacard_core.execution.signals import held
from datacard_core.execution.workers import results
from datacard_core.inputs.paths import expanded, path_text
from datacard_core.names import listing
from datacard_core.output.locks import PATIENCE, Lock, hold
from datacard_core.output.moves import Journal, Move, named, put_in_place, take_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datacard_core.execution.executors import ExecutorLike

# The modes that open() and a compiler ask for; the system takes the bits of the user's umask away.
MODE = 0o666
EXECUTABLE = 0o777

ZIPPED = ".gz"
"""End of the names of text files that are zipped, as Combine reads them."""


@attrs.define(eq=False, kw_only=True)
class Staging:
    """Files that are being written, and appear together when the `with` block of `staging` ends without an error."""

    directory: Path
    patience: float = PATIENCE
    """Seconds to wait for a process that writes other files to the same directory."""
    _moves: dict[Move, str] = attrs.field(factory=dict)
    """Paths of the files, relative to the directory as they were given, in the order in which they appear."""
    _locks: dict[Path, Lock] = attrs.field(factory=dict)
    """Lock of each directory that gets a file."""
    _made: list[Path] = attrs.field(factory=list)
    """Directories that staging has created, the deepest last."""
    _is_whole: bool = True
    """False while files are being moved: then the next process needs the journal."""

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the files, relative to the directory, in the order in which they appear."""
        return tuple(self._moves.values())

    def path(self, name: str | os.PathLike[str]) -> Path:
        """Return a temporary path to write a file to; files appear in the order of these calls.

        The temporary file has the same name, and is alone in its folder. Other files that are written beside it are
        removed.

        Args:
            name: path of the file, relative to the directory.

        Raises:
            DeclarationError: that file is being written already, or the system cannot make one of that name.
            DirectoryInUseError: another process is writing to its directory.
            IsADirectoryError: a directory is in its place.
            PermissionError: the earlier file is read-only.
        """
        name = path_text(name)
        # A rename would replace a symbolic link by a file. The file that the link points to is replaced instead.
        move = Move(Path(os.path.realpath(self.directory / name)))
        if move in self._moves:
            raise DeclarationError(f"two files would be written to {move.final}: give them different names")
        if problem := _problem_of_place(move.final):
            raise OSError(*problem, str(move.final))
        with named(move.final):
            if move.final.parent not in self._locks:
                self._make(move.final.parent)
                self._enter(move.final)
            self._locks[move.final.parent].renew()
            move.temporary.parent.mkdir(parents=True)
        self._moves[move] = name
        return move.temporary

    def problem(self, path: Path) -> str:
        """Return what is wrong with a file that a plugin was to write to a temporary path, or ""."""
        # A plugin may have taken the rights away that moving the file needs.
        with suppress(OSError):
            path.parent.chmod(0o700)
        if path.is_symlink():
            return f"left a symbolic link in place of the file {path.name!r}: write the file itself"
        if path.exists() and not path.is_file():
            return f"left no regular file {path.name!r}"
        if not path.is_file() or not path.stat().st_size:
            return f"left {'an empty' if path.is_file() else 'no'} file {path.name!r}"
        if not os.access(path, os.R_OK):
            return f"left a file {path.name!r} that cannot be read"
        if foreign := sorted(self._foreign()):
            return f"wrote {listing(map(repr, foreign))} outside of the folder of its file {path.name!r}"
        return ""

    def text(self, name: str | os.PathLike[str], text: str, *, executable: bool = False) -> None:
        """Stage a text file, in UTF-8 and with Unix line ends; one whose name ends in `.gz` is zipped."""
        content = text.encode()
        # Readers go by the name. The time in the file would make equal texts different files.
        is_zipped = path_text(name).endswith(ZIPPED)
        self.content(name, gzip.compress(content, mtime=0) if is_zipped else content, executable=executable)

    def content(self, name: str | os.PathLike[str], content: bytes, *, executable: bool = False) -> None:
        """Stage a file with a content."""
        path = self.path(name)
        # Path.write_bytes cannot set a mode, and a later chmod() would have to know the umask, which can only be read
        # by changing it for all threads.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with (
            named(Move.of(path).final),
            os.fdopen(os.open(path, flags, EXECUTABLE if executable else MODE), "wb") as file,
        ):
            file.write(content)

    def reference(self, name: str, *, within: str) -> str:
        """Return the path of a file of the directory, relative to the file `within` that refers to it."""
        name, within = path_text(name), path_text(within)
        if Path(name).is_absolute():
            return name
        return os.path.relpath(self.directory / name, (self.directory / within).parent)

    def _make(self, directory: Path) -> None:
        self._made += [path for path in reversed((directory, *directory.parents)) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)

    def _enter(self, final: Path) -> None:
        """Take the lock of a file's directory, and complete what a process has begun there and did not end."""
        entered: dict[Path, Lock] = {}
        directories = [final.parent]
        try:
            while directories:
                directory = directories.pop()
                if not directory.is_dir() or directory in self._locks or directory in entered:
                    continue
                entered[directory] = lock = hold(directory, final.name, self.patience)
                if not lock.is_new:
                    directories += Journal.of(directory).directories
            for directory, lock in entered.items():
                if not lock.is_new:
                    put_in_place(Journal.of(directory).moves)
        except BaseException as error:
            for lock in entered.values():
                lock.end(is_whole=lock.is_new)
                if not lock.is_new:
                    folder = str(lock.folder)
                    error.add_note(f"files of a build that was killed wait in {folder!r}; remove it to give them up")
            raise
        self._locks |= entered
        for lock in entered.values():
            lock.clear()

    def _foreign(self) -> Iterator[str]:
        """Yield what is in the hidden folders beside the folders of files."""
        expected = {move.temporary.parent for move in self._moves}
        for lock in self._locks.values():
            new = lock.folder / "new"
            for path in (*lock.folder.iterdir(), *new.iterdir()):
                is_folder = path.is_dir() and not path.is_symlink()
                if path != lock.entry and not (is_folder and path in {*expected, new}):
                    yield path.name

    def _publish(self) -> None:
        """Move all files to their places; if one move fails, take back the earlier ones."""
        moves = tuple(self._moves)
        for move in moves:
            with named(move.final):
                _finish(move)
        for directory, lock in self._locks.items():
            if not lock.is_held:
                message = f"another build is writing to {str(directory)!r}, since this one was silent for too long"
                raise DirectoryInUseError(f"{message}: no file was changed; run this build again")
        if not moves:
            return
        journal = Journal(tuple(self._locks), tuple(move.final for move in moves))
        # Renames are short: Ctrl-C waits for them.
        with held(), named(moves[0].final):
            journal.write()
            self._is_whole = False
            try:
                put_in_place(moves)
            except BaseException as error:
                self._take_back(journal, error)
                raise
            self._is_whole = True

    def _take_back(self, journal: Journal, error: BaseException) -> None:
        try:
            take_back(journal.moves)
            journal.remove()
        except OSError as failure:
            folders = listing(repr(str(lock.folder)) for lock in self._locks.values())
            error.add_note(
                f"the earlier files could not be restored ({failure}): they are in {folders}, with the new ones; the "
                "next build into this directory puts the new ones in their places"
            )
            return
        self._is_whole = True

    def _clear(self) -> None:
        for lock in self._locks.values():
            lock.end(is_whole=self._is_whole)

    def _unmake(self) -> None:
        for directory in reversed(self._made):
            with suppress(OSError):  # Another program may have put files into it.
                directory.rmdir()


@contextmanager
def staging(directory: str | os.PathLike[str], patience: float = PATIENCE) -> Iterator[Staging]:
    """Write several files to a directory: all of them, or none.

    A failure in the block, for example a full disk or a failing plugin, leaves the directory as it was. Only renames
    are done at its end. A process that is killed between two renames leaves some files missing, and the next one that
    writes to the directory puts them in their places first. Stage a file that refers to others behind them.

    Raises:
        DirectoryInUseError: another process is writing the same files, or does not end.
    """
    # Absolute, because code in the block may change the working directory.
    stage = Staging(directory=Path(expanded(directory)).absolute(), patience=patience)
    try:
        stage._make(stage.directory)
        yield stage
        stage._publish()  # noqa: SLF001 - private to this module: callers of a Staging must not end it
    except BaseException:
        with held():
            stage._clear()  # noqa: SLF001
            stage._unmake()  # noqa: SLF001
        raise
    with held():
        stage._clear()  # noqa: SLF001


def leaves_directory(name: str) -> bool:
    """Return whether the path of a file, relative to a directory, is or may be outside of the directory."""
    return Path(name).is_absolute() or ".." in Path(name).parts


def stage_calls(
    stage: Staging,
    function: Callable[..., object],
    calls: Mapping[str, tuple[Any, ...]],
    *,
    doing: str,
    executor: ExecutorLike | None,
    jobs: int,
) -> None:
    """Stage the files of many calls, made here or on workers; files appear in the order of the calls either way.

    Args:
        stage: where the files appear.
        function: stages the files of one call; it gets a Staging before the arguments of the call.
        calls: the arguments of each call, by its subject: the name that begins the errors of workers.
        doing: name of the work, which a progress bar shows.
        executor: what to make the calls on.
        jobs: number of processes if there is no executor.
    """
    with progress(doing, len(calls)) as advance:
        if executor is None and jobs == 1:
            for call in calls.values():
                function(stage, *call)
                advance()
            return
        # A script stands behind the files that it names, and which call ends first is chance: each call waits here for
        # those before it.
        waiting, arrived = deque(calls), dict[str, dict[str, bytes]]()
        work = {about: (function, *call) for about, call in calls.items()}
        for about, result in results(_contents, work, executor=executor, jobs=jobs):
            arrived[about] = result()
            advance()
            while waiting and waiting[0] in arrived:
                for name, content in arrived.pop(waiting.popleft()).items():
                    stage.content(name, content)


def _contents(function: Callable[..., object], *call: Any) -> dict[str, bytes]:
    """Return the contents of the files of a call by name: the work on a worker, whose disk may be another."""
    with tempfile.TemporaryDirectory() as directory:
        with staging(directory) as stage:
            function(stage, *call)
        return {name: Path(directory, name).read_bytes() for name in stage.names}


def _problem_of_place(final: Path) -> tuple[int, str] | None:
    """Return the code of the system and the reason if a file cannot be replaced."""
    if final.is_dir():
        return errno.EISDIR, os.strerror(errno.EISDIR)
    # The mode too: the rights of root do not depend on it.
    if final.exists() and not (os.access(final, os.W_OK) and final.stat().st_mode & 0o222):
        return errno.EACCES, "the file is read-only: make it writable, or write to another directory"
    return None


def _finish(move: Move) -> None:
    """Give a new file the mode of the earlier one, as if that had been overwritten, and write it to the disk."""
    if move.final.exists():
        new, earlier = (stat.S_IMODE(path.stat().st_mode) for path in (move.temporary, move.final))
        with suppress(OSError):  # Some network disks have no modes.
            move.temporary.chmod(earlier | new & EXECUTABLE & ~MODE)
    # Without fsync, a rename may reach the disk before the data, and a power cut leaves an empty file of that name.
    with move.temporary.open("rb") as file:
        os.fsync(file.fileno())
