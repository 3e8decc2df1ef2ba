"""Staging of files: they are written to hidden directories, and moved to their places when all are complete."""

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
from datacard_core.inputs.paths import expanded
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# The modes that open() and a compiler ask for; the system takes the bits of the user's umask away.
MODE = 0o666
EXECUTABLE = 0o777


@attrs.frozen
class _Staged:
    """One file, at its temporary path until it is moved to its final one."""

    temporary: Path
    final: Path
    name: str
    """Path relative to the directory, as it was given."""


@attrs.define(eq=False)
class Staging:
    """Files that are being written, and appear together when the `with` block of `staging` ends without an error."""

    directory: Path
    _staged: list[_Staged] = attrs.field(factory=list)
    _hidden: dict[Path, Path] = attrs.field(factory=dict)
    """Hidden directory for the new files of each directory, with a folder for each file.

    There is one in each, because a rename is atomic only within one file system, and a subdirectory may be mounted from
    another one. It is hidden so that no listing and no pattern such as `*/*.txt` finds half a file.
    """
    _made: list[Path] = attrs.field(factory=list)
    """Directories that staging has created, the deepest last."""

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the files, relative to the directory, in the order in which they appear."""
        return tuple(staged.name for staged in self._staged)

    def path(self, name: str | os.PathLike[str]) -> Path:
        """Return a temporary path to write a file to; files appear in the order of these calls.

        The temporary file has the same name, and is alone in its folder. Other files that are written beside it are
        removed.

        Args:
            name: path of the file, relative to the directory.

        Raises:
            DeclarationError: that file is being written already.
            IsADirectoryError: a directory is in its place.
        """
        # A rename would replace a symbolic link by a file. The file that the link points to is replaced instead.
        final = Path(os.path.realpath(self.directory / name))
        if any(staged.final == final for staged in self._staged):
            raise DeclarationError(f"two files would be written to {final}: give them different names")
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(final))
        if final.parent not in self._hidden:
            self._make(final.parent)
            self._hidden[final.parent] = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=final.parent))
        # The number is that of the file among all, so that two files of one name in different directories differ too.
        folder = self._hidden[final.parent] / str(len(self._staged))
        folder.mkdir()
        staged = _Staged(folder / final.name, final, os.fspath(name))
        self._staged.append(staged)
        return staged.temporary

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
        folders = {staged.temporary.parent for staged in self._staged}
        foreign = sorted(
            str(entry.relative_to(hidden)) for hidden in self._hidden.values() for entry in _foreign(hidden, folders)
        )
        if foreign:
            return f"wrote {listing(map(repr, foreign))} outside of the folder of its file {path.name!r}"
        return ""

    def text(self, name: str | os.PathLike[str], text: str, *, executable: bool = False) -> None:
        """Stage a text file, in UTF-8 and with Unix line ends."""
        # Path.write_text cannot set a mode, and a later chmod() would have to know the umask, which can only be read by
        # changing it for all threads.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        handle = os.open(self.path(name), flags, EXECUTABLE if executable else MODE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)

    def reference(self, name: str, *, within: str) -> str:
        """Return the path of a file of the directory, relative to the file `within` that refers to it."""
        if Path(name).is_absolute():
            return name
        return os.path.relpath(self.directory / name, (self.directory / within).parent)

    def _make(self, directory: Path) -> None:
        self._made += [path for path in reversed((directory, *directory.parents)) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)

    def _publish(self) -> None:
        """Move all files to their final paths, in order; if one move fails, undo the earlier ones."""
        # Without fsync, a rename may reach the disk before the data, and a power cut leaves an empty file of that name.
        for staged in self._staged:
            with staged.temporary.open("rb") as file:
                os.fsync(file.fileno())
        before = {staged.final: _second(staged) for staged in self._staged if staged.final.exists()}
        try:
            # No system call renames several files at once: a kill between two renames leaves the first files new.
            for staged in self._staged:
                staged.temporary.replace(staged.final)
        except BaseException as error:
            self._take_back(before, error)
            raise

    def _take_back(self, before: Mapping[Path, Path], error: BaseException) -> None:
        """Restore the earlier files in the places of the new ones that have been moved already."""
        for staged in reversed(self._staged):
            if staged.temporary.exists():  # It has not been moved.
                continue
            try:
                if staged.final in before:
                    before[staged.final].replace(staged.final)
                else:
                    staged.final.unlink()
            except OSError as failure:
                kept = before.get(staged.final)
                error.add_note(f"{staged.final} is new ({failure}); before it was {kept or 'not there'}")
                # The hidden directory holds the only copy of the earlier file: it is not removed.
                self._hidden.pop(staged.final.parent, None)

    def _clear(self) -> None:
        for directory in self._hidden.values():
            _remove(directory)

    def _unmake(self) -> None:
        for directory in reversed(self._made):
            with suppress(OSError):  # Another program may have put files into it.
                directory.rmdir()


@contextmanager
def staging(directory: str | os.PathLike[str]) -> Iterator[Staging]:
    """Write several files to a directory: all of them, or none.

    A failure in the block, for example a full disk or a failing plugin, leaves the directory as it was. Only renames
    are done at its end. A process that is killed between two renames leaves the first files new and the last ones old:
    stage the file that refers to all other files last.
    """
    # Absolute, because code in the block may change the working directory.
    stage = Staging(Path(expanded(directory)).absolute())
    try:
        stage._make(stage.directory)
        yield stage
        stage._publish()  # noqa: SLF001 - private to this module: callers of a Staging must not end it
    except BaseException:
        stage._clear()  # noqa: SLF001
        stage._unmake()  # noqa: SLF001
        raise
    stage._clear()  # noqa: SLF001


def _foreign(hidden: Path, folders: Collection[Path]) -> Iterator[Path]:
    """Yield the entries of a hidden directory that are none of the folders of files, and no longer folders."""
    for entry in hidden.iterdir():
        if entry not in folders or entry.is_symlink() or not entry.is_dir():
            yield entry


def _second(staged: _Staged) -> Path:
    """Give the earlier file a second name, from which it can be restored, and return that."""
    second = Path(tempfile.mkdtemp(dir=staged.temporary.parent.parent)) / staged.final.name
    try:
        os.link(staged.final, second)
    except OSError:  # The file system has no hard links.
        shutil.copy2(staged.final, second)
    return second


def _remove(path: Path) -> None:
    """Remove a file, or a directory with its contents; what cannot be removed stays, without an error."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                _remove(entry)
            path.rmdir()
        else:
            path.unlink()
