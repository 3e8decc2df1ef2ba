"""Writing files all or nothing: under temporary names first, and moved to their own only when all are complete."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def path(self, name: str | os.PathLike[str], *, executable: bool = False) -> Path:
        """A temporary path to write the file `name` of the directory to; files appear in the order of asking.

        Raises:
            DeclarationError: that file is being written already.
        """
        # A link stays a link: what it points to is replaced.
        final = Path(os.path.realpath(self.directory / name))
        if any(staged.final == final for staged in self._staged):
            raise DeclarationError(f"two files would be written to {final}: give them different names")
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent)
        self._staged.append(_Staged(Path(temporary), final))
        # mkstemp makes files that only their owner may read.
        os.chmod(handle, (EXECUTABLE if executable else MODE) & ~_umask())  # noqa: PTH101 - it is a file descriptor
        os.close(handle)
        return Path(temporary)

    def text(self, name: str | os.PathLike[str], text: str, *, executable: bool = False) -> None:
        """Stage a text file, in UTF-8 and with Unix line ends."""
        self.path(name, executable=executable).write_text(text, encoding="utf-8", newline="\n")

    def _publish(self) -> None:
        for staged in self._staged:
            with staged.temporary.open("rb") as file:
                os.fsync(file.fileno())
        kept: list[_Staged] = []
        published: list[Path] = []
        try:
            for staged in self._staged:
                if staged.final.exists():
                    kept.append(_Staged(_linked(staged.final), staged.final))
                staged.temporary.replace(staged.final)
                published.append(staged.final)
        except BaseException:
            for path in published:
                path.unlink(missing_ok=True)
            for old in kept:
                old.temporary.replace(old.final)
            raise
        for old in kept:
            old.temporary.unlink()

    def _discard(self) -> None:
        for staged in self._staged:
            staged.temporary.unlink(missing_ok=True)


@contextmanager
def staging(directory: str | os.PathLike[str]) -> Iterator[Staging]:
    """Write several files to a directory, all or nothing.

    Whatever fails before the end, a full disk or a failing plugin among it, leaves what was there before. Only
    renames are left for the end; a process that is killed between two of them has put the first files there and
    not the last, so ask for the file that refers to the others last.
    """
    target = Path(directory)
    made = _make(target)
    stage = Staging(target)
    try:
        yield stage
        stage._publish()  # noqa: SLF001 - the two are one
    except BaseException:
        stage._discard()  # noqa: SLF001
        for path in made:
            _remove_if_empty(path)
        raise


def _make(directory: Path) -> list[Path]:
    """Make a directory, and tell which ones were new, the deepest first."""
    new = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    return new


def _remove_if_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return


def _linked(path: Path) -> Path:
    """A second name for a file, to get it back by."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent)
    os.close(handle)
    kept = Path(name)
    kept.unlink()
    try:
        os.link(path, kept)
    except OSError:  # a file system without hard links
        kept.write_bytes(path.read_bytes())
    return kept


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
