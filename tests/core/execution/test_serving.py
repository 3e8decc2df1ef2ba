"""Workers end with their parent, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import time
from functools import partial

import pytest

from datacard_core.execution import serving
from datacard_core.execution.calls import pack
from datacard_core.execution.processes import workers
from datacard_core.execution.serving import NO_MORE, encoded
from datacard_core.plugins.journal import journal
from tests.support.processes import start


def start_workers_and_wait(way: str, output: int, errors: int) -> None:
    """Start two workers that call for long, tell it, and wait; in a copy of this process."""
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for descriptor in (output, errors):
        os.close(descriptor)
    sys.stderr = os.fdopen(2, "w")
    # A shell that started the tests with nohup ignores SIGHUP, and so does what it starts.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if way == "watch":
        serving._killed_by_system = lambda: False
    with workers(2) as pool:
        for subject in ("a", "b"):
            worker = pool.free()
            assert worker is not None
            worker.give(subject, pack(subject, time.sleep, (600,)))
        time.sleep(0.2)  # The processes have begun.
        os.write(1, b"begun\n")
        time.sleep(600)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["system", "watch"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_parent_is_killed(way: str, number: int) -> None:
    """The workers of a killed parent end with it, so that its standard error is closed."""
    (reading, writing), (reading_errors, writing_errors) = os.pipe(), os.pipe()
    parent = start(partial(start_workers_and_wait, way, writing, writing_errors))
    os.close(writing)
    os.close(writing_errors)
    try:
        with os.fdopen(reading) as begun, os.fdopen(reading_errors) as errors:
            assert begun.readline() == "begun\n"
            os.kill(parent, number)
            # Both end when no process has the streams open any more.
            for stream in (begun, errors):
                assert select.select([stream], [], [], 20)[0]
                assert stream.read() == ""
    finally:
        os.kill(parent, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1])
    assert status == -number


@pytest.mark.slow
def test_parent_died_before_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose parent has died before the system was asked to watch it ends at once."""
    context = multiprocessing.get_context("fork")
    monkeypatch.setattr(os, "getppid", lambda: 1)
    process = context.Process(target=_end_with_parent_and_wait)
    process.start()
    process.join(20)
    assert process.exitcode == 1


def _end_with_parent_and_wait() -> None:
    serving._end_with_parent()
    time.sleep(60)


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["output.coffea", "größe", "\udcff"], ids=ascii)
def test_subjects(subject: str) -> None:
    """Each name of a file is sent as it is, also one whose bytes are no text."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=serving.serve, args=(theirs, ours, journal(), "/nowhere")
    )
    process.start()
    ours.send_bytes(b"no pickle")
    ours.send_bytes(encoded(subject))
    assert ours.recv_bytes() == serving.ERROR
    ours.recv_bytes()
    ours.send_bytes(NO_MORE)
    process.join(20)
    assert process.exitcode == 0
