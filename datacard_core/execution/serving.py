"""The work of a process that makes calls for its parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from datacard_core.execution.calls import answer
from datacard_core.execution.signals import leave_to_parent
from datacard_core.plugins.journal import keep
from datacard_core.plugins.surroundings import end_threads

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from datacard_core.plugins.journal import Journal

NO_MORE = b""
"""Message in place of a call: none follows."""

RESULT, ERROR = b"result", b"error"
"""Messages before the content of an answer."""

# The name of a file may hold bytes that are no text, which Python keeps as lone surrogates.
_ENCODING = ("utf-8", "surrogatepass")
_PR_SET_PDEATHSIG = 1


def serve(calls: Connection, parents_end: Connection, journal: Journal, directory: str) -> None:
    """Make the calls that arrive on a pipe and send the answers back, until there are no more.

    Args:
        calls: the pipe.
        parents_end: its other end, which a forked process inherits; the pipe ends with the parent only if it is closed.
        journal: record of the calls of plugins.
        directory: directory for temporary files, which the parent removes.
    """
    leave_to_parent()
    _end_with_parent()
    parents_end.close()
    keep(journal)
    tempfile.tempdir = directory
    # The parent has ended if the pipe has.
    with suppress(EOFError, OSError):
        while (call := calls.recv_bytes()) != NO_MORE:
            given = answer(calls.recv_bytes().decode(*_ENCODING), call)
            _flush()
            calls.send_bytes(ERROR if given.failed else RESULT)
            calls.send_bytes(given.content)
    # A thread that a plugin left running, which its error names, would keep the process alive forever.
    end_threads()


def encoded(about: str) -> bytes:
    """Return the subject of a call as the message that follows the call."""
    return about.encode(*_ENCODING)


def _flush() -> None:
    # What a plugin has printed appears although the process may be killed later.
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _end_with_parent() -> None:
    """End this process when its parent ends, however that ends and whatever this process is doing then."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if not _killed_by_system():
        threading.Thread(target=_watch, args=(parent.sentinel,), name="watch of the parent", daemon=True).start()
    # The parent may have ended before the request to the system.
    forked = multiprocessing.get_start_method() == "fork"
    if not parent.is_alive() or (forked and os.getppid() != parent.pid):
        os._exit(1)


def _killed_by_system() -> bool:
    """Ask Linux to kill this process when the thread that has started it ends; return whether it will."""
    if sys.platform != "linux":
        return False
    with suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0)
    return False


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
