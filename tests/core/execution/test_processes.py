"""Processes that make calls, and that end or die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from datacard_core.execution.calls import pack, result
from datacard_core.execution.processes import Worker, Workers, workers


def number_and_place(number: int) -> tuple[int, int, str]:
    return number, os.getpid(), tempfile.gettempdir()


def large(number: int) -> bytes:
    """Return more than a pipe holds: the process waits in the middle of its message until that is read."""
    return bytes([number]) * (1 << 24)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def give(pool: Workers, function: object, *arguments: object) -> Worker:
    worker = pool.free()
    assert worker is not None
    worker.give("file", pack("file", function, arguments))  # type: ignore[arg-type]
    return worker


def interrupted(error: type[BaseException] | None, *calls: float) -> None:
    """Let calls sleep, and raise an error meanwhile, or send Ctrl-C to this process."""
    with workers(len(calls)) as pool:
        for seconds in calls:
            give(pool, sleep, seconds)
        if error:
            raise error
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        while not pool.ready():
            pass


def alive() -> set[int]:
    """Return the processes that this one has started and that run."""
    return {process.pid for process in multiprocessing.active_children() if process.pid}


@pytest.mark.slow
def test_processes_are_used_again() -> None:
    """A process that has answered gets the next call, and a second one is started for a call beside it."""
    with workers(2) as pool:
        first = give(pool, number_and_place, 1)
        assert pool.ready() == [first]
        about, answer = first.take()
        assert answer is not None
        number, process, _ = result(about, answer)
        assert (about, number, process) == ("file", 1, first.process.pid)
        assert give(pool, number_and_place, 2) is first
        assert give(pool, number_and_place, 3) is not first
        assert pool.free() is None
        assert len(pool.busy()) == 2
    assert not alive()


@pytest.mark.slow
def test_temporary_files_are_removed_with_the_processes() -> None:
    """A process makes its temporary files in a directory that is removed, although the process is killed."""
    with workers(1) as pool:
        worker = give(pool, number_and_place, 1)
        (worker,) = pool.ready()
        about, answer = worker.take()
        assert answer is not None
        *_, directory = result(about, answer)
        assert directory == pool.directory != tempfile.gettempdir()
        Path(directory, "left").touch()
        worker.process.kill()
    assert not Path(directory).exists()


@pytest.mark.slow
def test_death_while_it_works() -> None:
    """A process that dies in a call has no answer."""
    with workers(1) as pool:
        worker = give(pool, sleep, 60)
        worker.process.kill()
        assert pool.ready() == [worker]
        assert worker.take() == ("file", None)


@pytest.mark.slow
def test_death_in_the_middle_of_a_message() -> None:
    """A process that dies while it sends its answer has none, and nothing waits for the rest of the message."""
    with workers(1) as pool:
        worker = give(pool, large, 1)
        assert pool.ready() == [worker]
        worker.process.kill()
        worker.process.join()
        assert worker.take() == ("file", None)


@pytest.mark.slow
def test_death_while_it_waits() -> None:
    """A process that dies between two calls is replaced by another one."""
    with workers(1) as pool:
        worker = give(pool, number_and_place, 1)
        pool.ready()
        worker.take()
        worker.process.kill()
        worker.process.join()
        other = give(pool, number_and_place, 2)
        assert other is not worker
        assert pool.ready() == [other]
        assert other.take()[1] is not None


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_failing_block_ends_processes_at_once(error: type[BaseException]) -> None:
    """When the block fails, the processes end in the middle of their calls."""
    begin = time.monotonic()
    with pytest.raises(error):
        interrupted(error, 60, 60)
    assert time.monotonic() - begin < 20
    assert not alive()


@pytest.mark.slow
def test_ctrl_c_reaches_the_parent_alone() -> None:
    """A process goes on with its call when Ctrl-C arrives."""
    with workers(1) as pool:
        worker = give(pool, sleep, 0.3)
        time.sleep(0.1)
        assert worker.process.pid
        os.kill(worker.process.pid, signal.SIGINT)
        while not pool.ready():
            pass
        about, answer = worker.take()
        assert answer is not None
        assert result(about, answer) is None


@pytest.mark.slow
def test_interrupt_tells_what_it_waited_for() -> None:
    """Ctrl-C while calls are made has a note with their subjects."""
    # A shell ignores Ctrl-C in what it starts in the background, and programs inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt) as raised:
            interrupted(None, 60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert raised.value.__notes__ == ["waiting for file"]
