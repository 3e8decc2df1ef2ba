"""Writing files all or nothing: in hidden directories first, and moved to their places only when all are complete."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODE = 0o666
EXECUTABLE = 0o777


@attrs.frozen
class _Staged:
    temporary: Path
    final: Path


@attrs.define(eq=False)
class Staging:
    """Files that are being written, and appear together when the `with` block of `staging` ends well."""

    directory: Path
    _staged: list[_Staged] = attrs.field(factory=list)
    _hidden: dict[Path, Path] = attrs.field(factory=dict)
    """By directory, the one in it where its new files are written: in the same file system, if not on the same disk."""
    _made: list[Path] = attrs.field(factory=list)
    """Directories that were not there before, the deepest last."""

    def path(self, name: str | os.PathLike[str]) -> Path:
        """A temporary path to write the file `name` of the directory to; files appear in the order of asking.

        It ends in the name of the file; what else is written beside it is removed.

        Raises:
            DeclarationError: that file is being written already.
            IsADirectoryError: a directory is in its place.
        """
        # A link stays a link: what it points to is replaced.
        final = Path(os.path.realpath(self.directory / name))
        if any(staged.final == final for staged in self._staged):
            raise DeclarationError(f"two files would be written to {final}: give them different names")
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(final))
        if final.parent not in self._hidden:
            self._make(final.parent)
            self._hidden[final.parent] = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=final.parent))
        staged = _Staged(self._hidden[final.parent] / final.name, final)
        self._staged.append(staged)
        return staged.temporary

    def text(self, name: str | os.PathLike[str], text: str, *, executable: bool = False) -> None:
        """Stage a text file, in UTF-8 and with Unix line ends."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        handle = os.open(self.path(name), flags, EXECUTABLE if executable else MODE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)

    def reference(self, name: str, *, within: str) -> str:
        """How one file of the directory calls another: by a path from where it is itself."""
        if Path(name).is_absolute():
            return name
        return os.path.relpath(self.directory / name, (self.directory / within).parent)

    def _make(self, directory: Path) -> None:
        self._made += [path for path in reversed((directory, *directory.parents)) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)

    def _publish(self) -> None:
        for staged in self._staged:
            with staged.temporary.open("rb") as file:
                os.fsync(file.fileno())
        before = {staged.final: _second(staged) for staged in self._staged if staged.final.exists()}
        try:
            for staged in self._staged:
                staged.temporary.replace(staged.final)
        except BaseException as error:
            self._take_back(before, error)
            raise

    def _take_back(self, before: Mapping[Path, Path], error: BaseException) -> None:
        """Put back what was there before, wherever a new file has been moved already."""
        for staged in reversed(self._staged):
            if staged.temporary.exists():
                continue
            try:
                if staged.final in before:
                    before[staged.final].replace(staged.final)
                else:
                    staged.final.unlink()
            except OSError as failure:
                kept = before.get(staged.final)
                error.add_note(f"{staged.final} is new ({failure}); before it was {kept or 'not there'}")
                self._hidden.pop(staged.final.parent, None)

    def _clear(self) -> None:
        for directory in self._hidden.values():
            _remove(directory)

    def _unmake(self) -> None:
        for directory in reversed(self._made):
            with suppress(OSError):  # somebody else's files may be in it by now
                directory.rmdir()


@contextmanager
def staging(directory: str | os.PathLike[str]) -> Iterator[Staging]:
    """Write several files to a directory, all or nothing.

    Whatever fails before the end, a full disk or a failing plugin among it, leaves what was there before. Only
    renames are left for the end; a process that is killed between two of them has put the first files there and
    not the last, so ask for the file that refers to the others last.
    """
    stage = Staging(Path(directory))
    try:
        stage._make(stage.directory)
        yield stage
        stage._publish()  # noqa: SLF001 - the two are one
    except BaseException:
        stage._clear()  # noqa: SLF001
        stage._unmake()  # noqa: SLF001
        raise
    stage._clear()  # noqa: SLF001


def _second(staged: _Staged) -> Path:
    """A second name for the file that is there, to get it back by."""
    second = Path(tempfile.mkdtemp(dir=staged.temporary.parent)) / staged.final.name
    try:
        os.link(staged.final, second)
    except OSError:  # a file system without hard links
        shutil.copy2(staged.final, second)
    return second


def _remove(path: Path) -> None:
    """Remove a file, or a directory with all that is in it; what cannot be removed stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                _remove(entry)
            path.rmdir()
        else:
            path.unlink()
