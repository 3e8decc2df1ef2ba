"""Workers end with their parent, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from datacard_core.execution import serving
from datacard_core.execution.serving import NO_MORE, encoded
from datacard_core.plugins.journal import journal
from tests.support.paths import ROOT

PARENT = """
import signal, sys, time
from datacard_core.execution import serving
from datacard_core.execution.calls import pack
from datacard_core.execution.processes import workers

# A shell that started the tests with nohup ignores SIGHUP, and so does what it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if sys.argv[1] == "watch":
    serving._killed_by_system = lambda: False
with workers(2) as pool:
    for subject in ("a", "b"):
        pool.free().give(subject, pack(subject, time.sleep, (600,)))
    time.sleep(0.2)  # The processes have begun.
    print("begun", flush=True)
    time.sleep(600)
"""


@pytest.mark.slow  # a fresh interpreter
@pytest.mark.parametrize("way", ["system", "watch"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_parent_is_killed(way: str, number: int) -> None:
    """The workers of a killed parent end with it, so that its standard error is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, way], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "begun\n"
        parent.send_signal(number)
        try:
            # It waits until no process has the streams open any more.
            _, errors = parent.communicate(timeout=20)
        finally:
            parent.kill()
    assert (parent.returncode, errors) == (-number, "")


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
