"""Locks of directories: a hidden folder in each, which holds an entry with the process that writes there.

They rely on two steps that are atomic on local disks, NFS, AFS and EOS: no rename replaces a folder that is not empty,
and of several renames of one entry a single one succeeds. flock() is not used: on network disks it may lock nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

import attrs

from datacard_core.errors import DirectoryInUseError

FOLDER = ".datacard_core.part"
"""Name of the hidden folder. It is hidden so that no listing and no pattern such as `*/*.txt` finds half a file."""

PATIENCE = 60.0
"""Seconds that a build waits for another one that writes other files to the same directory."""

_PAUSE = 0.05

# Far above the time that the slowest file takes: an owner renews its entry at each file.
_SILENCE = 3600.0
"""Seconds without a renewal after which a process of another machine counts as dead."""

_UNKNOWN = "unknown"
_ENDED = "ended"
_ENTRY = re.compile(r"owner\+([\w.-]+)\+([1-9]\d{0,9})\+(\w+)\+(\d{1,10})\+(\w+)\+(\w+)", re.ASCII)


@attrs.frozen(kw_only=True)
class Owner:
    """A process, as the name of an entry tells it: a rename changes the owner in one step."""

    host: str
    pid: int
    started: str
    """Start of the process in ticks since the boot: a later process may have the same number."""
    since: int
    """When it took the lock, in seconds since 1970."""
    machine: str
    """Boot and process namespace: two containers may have one host name, but not see each other's processes."""
    token: str
    """Difference between several locks of one process."""

    @classmethod
    def current(cls) -> Owner:
        """Return this process."""
        return cls(
            host=re.sub(r"[^\w.-]", "_", platform.node(), flags=re.ASCII)[:64] or _UNKNOWN,
            pid=os.getpid(),
            started=_started(os.getpid()),
            since=int(time.time()),
            machine=_machine(),
            token=secrets.token_hex(4),
        )

    @classmethod
    def of(cls, name: str) -> Owner | None:
        """Return the owner that the name of an entry, or of a folder beside the lock, tells."""
        if (found := _ENTRY.search(name)) is None:
            return None
        host, pid, started, since, machine, token = found.groups()
        return cls(host=host, pid=int(pid), started=started, since=int(since), machine=machine, token=token)

    @property
    def entry(self) -> str:
        """Name of the entry."""
        return f"owner+{self.host}+{self.pid}+{self.started}+{self.since}+{self.machine}+{self.token}"

    @property
    def aside(self) -> str:
        """Name of its folder before it is the lock, and after."""
        return f".datacard_core.{self.entry}.part"

    @property
    def is_visible(self) -> bool:
        """True if this process can see whether the owner still runs."""
        return self.machine in (_machine(), _ENDED)

    def is_dead(self, entry: Path) -> bool:
        """Return whether the owner has ended, or for a process of another machine whether it has been silent long."""
        if not self.is_visible:
            return time.time() - max(self.since, _changed(entry)) > _SILENCE
        return self.machine == _ENDED or not _runs(self.pid, self.started)

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on host {self.host} since {since}"


@attrs.frozen
class Lock:
    """The hidden folder of a directory, while this process owns it."""

    folder: Path
    owner: Owner
    is_new: bool
    """False if it was taken from a process that has ended, with what that has left in the folder."""

    @property
    def entry(self) -> Path:
        """Path of the entry of its owner."""
        return self.folder / self.owner.entry

    @property
    def is_held(self) -> bool:
        """True if no other process has taken the lock, which it may do after a long silence."""
        return self.entry.exists()

    def renew(self) -> None:
        """Show processes on other machines that this one still runs."""
        with suppress(OSError):
            os.utime(self.entry)

    def clear(self) -> None:
        """Remove what an earlier owner has left in the folder, and the folders beside it of processes that ended."""
        for path in self.folder.iterdir():
            if path != self.entry:
                remove(path)
        for path in self.folder.parent.glob(".datacard_core.*.part"):
            owner = Owner.of(path.name)
            if owner is not None and owner.is_dead(path):
                remove(path)

    def end(self, *, is_whole: bool) -> None:
        """Give the directory free.

        Args:
            is_whole: whether the folder is removed; otherwise it is kept for the next owner, who completes what its
                journal tells.
        """
        if is_whole and self.is_held:
            # Renamed first: another process never finds a lock that is half removed.
            aside = self.folder.with_name(self.owner.aside)
            with suppress(OSError):
                self.folder.rename(aside)
                remove(aside)
                return
        with suppress(OSError):
            self.entry.rename(self.folder / attrs.evolve(self.owner, machine=_ENDED).entry)


def hold(directory: Path, name: str, patience: float = PATIENCE) -> Lock:
    """Take the lock of a directory, from a process that has ended too.

    A process that writes the same file is not waited for: the later set of files would replace the earlier one.

    Args:
        directory: the directory; it is made again if a process that fails removes it meanwhile.
        name: the file that is to be written.
        patience: time in s to wait for a process that writes other files.

    Raises:
        DirectoryInUseError: another process is writing that file, or does not end.
    """
    folder, owner = directory / FOLDER, Owner.current()
    deadline = time.monotonic() + patience
    while True:
        others = _owners(folder)
        if not others and _made(folder, owner):
            return Lock(folder, owner, is_new=True)
        living = [other for other in others if not other.is_dead(folder / other.entry)]
        if not living and any(_taken(folder, other, owner) for other in others):
            return Lock(folder, owner, is_new=False)
        if (living and (folder / "new" / name).exists()) or time.monotonic() > deadline:
            raise DirectoryInUseError(_in_use(directory, living or others))
        time.sleep(_PAUSE)


def remove(path: Path) -> None:
    """Remove a file, or a directory with its contents; what cannot be removed stays, without an error."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                remove(entry)
            path.rmdir()
        else:
            path.unlink()


def _made(folder: Path, owner: Owner) -> bool:
    """Make the lock, complete with its entry; False if there is one."""
    aside = folder.with_name(owner.aside)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        aside.mkdir()
        (aside / owner.entry).touch()
        aside.rename(folder)
    except BaseException as error:
        remove(aside)
        if isinstance(error, OSError) and error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOENT):
            return False
        raise
    return True


def _taken(folder: Path, dead: Owner, owner: Owner) -> bool:
    """Take the lock of a process that has ended; False if another process was faster."""
    try:
        (folder / dead.entry).rename(folder / owner.entry)
    except FileNotFoundError:
        return False
    with suppress(OSError):
        os.utime(folder / owner.entry)
    return True


def _owners(folder: Path) -> list[Owner]:
    """Return the owner of a lock; none if it is free or changes hands, perhaps two at that moment."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    return [owner for name in names if (owner := Owner.of(name)) is not None]


def _in_use(directory: Path, owners: list[Owner]) -> str:
    folder = str(directory / FOLDER)
    if not owners and not os.access(folder, os.R_OK | os.X_OK):
        return f"another user is writing to {str(directory)!r}, or was until a kill: only that user can read {folder!r}"
    if not owners:
        return f"{folder!r} is in the way, and names no process that has made it: remove it"
    owner = owners[0]
    way_out = "wait until it has ended, or choose another directory"
    if not owner.is_visible:
        way_out += f"; if it has been killed, remove {folder!r}, since this host cannot see its processes"
    return f"another build, {owner}, is writing to {str(directory)!r}: {way_out}"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _machine() -> str:
    """Return a word that is equal for processes that can see each other."""
    known = [platform.node()]
    with suppress(OSError):
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        known.append(os.fspath(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("".join(known).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _runs(pid: int, started: str) -> bool:
    """Return whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except PermissionError:  # It runs, for another user.
        pass
    except (ProcessLookupError, OverflowError):
        return False
    return _UNKNOWN in (started, now := _started(pid)) or now == started


def _started(pid: int) -> str:
    """Return the start of a process in ticks since the boot, or a word for ended and for unknown."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # macOS has no such file, and some hosts hide it from other users.
        return _UNKNOWN
    # The name of the command, in parentheses, may hold blanks. A zombie has ended, though its parent has not asked yet.
    state, *others = status.rpartition(")")[2].split()
    return _ENDED if state in ("Z", "X") else others[18]
