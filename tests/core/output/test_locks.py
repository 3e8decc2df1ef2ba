"""Locks of directories: who holds one, when it is taken over, and what the message tells."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from datacard_core import DirectoryInUseError
from datacard_core.output.locks import FOLDER, Owner, hold
from datacard_core.output.staging import staging
from tests.support.processes import start

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_PROCESS = 4_194_305
"""A number above the largest that Linux gives to a process."""


@attrs.frozen
class Writer:
    """Another process, which writes card.txt to a directory until it is told to end."""

    pid: int
    orders: int
    """Descriptor of the pipe that ends the process."""

    @classmethod
    def start(cls, folder: Path) -> Writer:
        """Start the process, and return when it has begun to write."""
        (heard, told), (obeyed, orders) = os.pipe(), os.pipe()

        def write_until_told() -> None:
            with staging(folder) as stage:
                stage.path("card.txt").write_text("theirs")
                os.write(told, b"writing")
                os.read(obeyed, 1)

        pid = start(write_until_told)
        os.close(told)
        assert os.read(heard, 10) == b"writing"
        os.close(heard)
        os.close(obeyed)
        return cls(pid, orders)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    """A process that writes to the directory of the test."""
    started = Writer.start(tmp_path)
    yield started
    os.close(started.orders)
    with suppress(ProcessLookupError):
        os.kill(started.pid, signal.SIGKILL)
        os.waitpid(started.pid, 0)


def entry_of(folder: Path, owner: Owner) -> Path:
    """Leave a lock of another process, with a file that it had begun."""
    (folder / FOLDER / "new" / "card.txt").mkdir(parents=True)
    (folder / FOLDER / owner.entry).touch()
    return folder / FOLDER / owner.entry


def write(folder: Path, patience: float = 0.0) -> list[str]:
    """Write card.txt, and return the names in the folder."""
    with staging(folder, patience) as stage:
        stage.text("card.txt", "ours")
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_file_of_another_process(writer: Writer, tmp_path: Path) -> None:
    """Two processes that write one file: the later one is told who the earlier one is, and changes nothing."""
    told = rf"another build, process {writer.pid} on host \S+ since 20\d\d-\S+ \S+, is writing to '{tmp_path}'"
    with pytest.raises(DirectoryInUseError, match=told) as raised:
        write(tmp_path, patience=60)
    assert FOLDER not in str(raised.value), "the hidden folder must stay: that process runs"
    os.write(writer.orders, b"x")
    assert os.waitpid(writer.pid, 0) == (writer.pid, 0)
    assert (tmp_path / "card.txt").read_text() == "theirs"
    assert write(tmp_path) == ["card.txt"]


@pytest.mark.slow
def test_process_that_was_killed(writer: Writer, tmp_path: Path) -> None:
    """The remains of a killed process are removed, though its parent has not asked for its status yet."""
    os.kill(writer.pid, signal.SIGKILL)
    while "State:\tZ" not in Path(f"/proc/{writer.pid}/status").read_text(encoding="utf-8"):
        time.sleep(0.01)
    assert (tmp_path / FOLDER).exists()
    assert write(tmp_path) == ["card.txt"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"started": "1"}, id="the number belongs to a later process"),
        pytest.param({"pid": NO_PROCESS}, id="no process has the number"),
        pytest.param({"pid": 9_999_999_999}, id="the number is too large for the system"),
        pytest.param({"machine": "another", "since": 0}, id="another machine, silent for long"),
    ],
)
def test_owners_that_have_ended(change: dict[str, int | str], tmp_path: Path) -> None:
    """The lock of a process that has ended is taken, and what it has left is removed."""
    entry = entry_of(tmp_path, attrs.evolve(Owner.current(), **change))  # type: ignore[arg-type]
    os.utime(entry, (0, 0))
    assert write(tmp_path) == ["card.txt"]


def test_owner_on_another_machine(tmp_path: Path) -> None:
    """A process that cannot be seen is left alone, and the message tells how to go on if it has been killed."""
    entry_of(tmp_path, attrs.evolve(Owner.current(), host="lxplus801.cern.ch", pid=4711, machine="another"))
    with pytest.raises(DirectoryInUseError, match=r"process 4711 on host lxplus801\.cern\.ch") as raised:
        write(tmp_path)
    assert f"remove {str(tmp_path / FOLDER)!r}" in str(raised.value)


def test_sign_of_life(tmp_path: Path) -> None:
    """A process of another machine that began long ago is left alone while it renews its entry."""
    entry_of(tmp_path, attrs.evolve(Owner.current(), machine="another", since=0))
    with pytest.raises(DirectoryInUseError, match="1970"):
        write(tmp_path)


def test_other_files(tmp_path: Path) -> None:
    """Builds that write different files to one directory wait for each other."""
    begun, done = threading.Event(), threading.Event()

    def other() -> None:
        with staging(tmp_path) as stage:
            stage.text("other.txt", "theirs")
            begun.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(30)
    threading.Timer(0.2, done.set).start()
    write(tmp_path, patience=30)
    thread.join()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.txt", "other.txt"]


def test_patience(tmp_path: Path) -> None:
    """A build that waits for another one gives up after a time, and tells for which."""
    with staging(tmp_path) as stage:
        stage.text("other.txt", "theirs")
        with pytest.raises(DirectoryInUseError, match=f"process {os.getpid()} "):
            write(tmp_path, patience=0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.txt"]


def test_folder_without_owner(tmp_path: Path) -> None:
    """A folder that is in the way and names no process is told with its path."""
    (tmp_path / FOLDER / "new").mkdir(parents=True)
    with pytest.raises(DirectoryInUseError, match=re.escape(f"{str(tmp_path / FOLDER)!r} is in the way")):
        write(tmp_path)


def test_folders_beside_the_lock(tmp_path: Path) -> None:
    """Folders of processes that were killed before or behind their lock go, those of running ones stay."""
    dead, living = attrs.evolve(Owner.current(), pid=NO_PROCESS), Owner.current()
    for owner in (dead, living):
        (tmp_path / owner.aside).mkdir()
        (tmp_path / owner.aside / "shapes.root").touch()
    (tmp_path / ".mine.part").mkdir()
    assert write(tmp_path) == sorted([".mine.part", living.aside, "card.txt"])


def test_one_taker(tmp_path: Path) -> None:
    """Of many threads that find the lock of a dead process, one takes it and the others are told."""
    entry_of(tmp_path, attrs.evolve(Owner.current(), pid=NO_PROCESS))
    barrier = threading.Barrier(8)
    outcomes: list[str] = []

    def take() -> None:
        barrier.wait()
        try:
            hold(tmp_path, "card.txt", patience=0.0)
        except DirectoryInUseError:
            outcomes.append("told")
        else:
            outcomes.append("taken")

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["taken", *["told"] * 7]


def test_lock_that_was_lost(tmp_path: Path) -> None:
    """A process whose lock another one has taken moves no file."""
    (tmp_path / "card.txt").write_text("theirs")

    def overtaken() -> None:
        with staging(tmp_path) as stage:
            stage.text("card.txt", "ours")
            (entry,) = (tmp_path / FOLDER).glob("owner+*")
            entry.rename(entry.with_name(Owner.current().entry))

    with pytest.raises(DirectoryInUseError, match="silent for too long"):
        overtaken()
    assert (tmp_path / "card.txt").read_text() == "theirs"
