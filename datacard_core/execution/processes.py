"""Processes of this machine that make calls, of which any may die at any moment.

Each has a pipe of its own: where all share one, as in `concurrent.futures`, a process that dies in the middle of a
message leaves the others and the reader waiting forever.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

import attrs

from datacard_core.execution.calls import Answer
from datacard_core.execution.serving import ERROR, NO_MORE, encoded, serve
from datacard_core.execution.signals import held
from datacard_core.names import listing
from datacard_core.plugins.journal import journal, last_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from datacard_core.plugins.journal import Journal

# A process that another thread starts at the same moment may hold the pipes of this one open, so that its death shows
# nowhere but in the system's table of processes.
LOOK_AGAIN = 1.0
"""Seconds after which the table of processes is read although no pipe shows anything."""

PATIENCE = 2.0
"""Seconds that processes have to end by themselves, and that the system has to end one."""


@attrs.define(eq=False)
class Worker:
    """A process that makes one call at a time."""

    process: BaseProcess
    pipe: Connection
    _journal: Journal
    about: str | None = None
    """Subject of the call that it makes; None if it waits for one."""

    @classmethod
    def start(cls, directory: str) -> Worker:
        """Return a new process that makes its temporary files in a directory."""
        ours, theirs = multiprocessing.Pipe()
        record = journal()
        process = multiprocessing.Process(target=serve, args=(theirs, ours, record, directory), name="datacard worker")
        try:
            process.start()
        finally:
            # The pipe ends with the process only if no one else has this end.
            theirs.close()
        return cls(process, ours, record)

    def signs(self) -> tuple[Connection, int]:
        """Return what `wait` tells of when it has answered, and when it has died."""
        return self.pipe, self.process.sentinel

    def give(self, about: str, call: bytes) -> None:
        """Give it a call; a process that has died meanwhile shows that when its answer is taken."""
        self.about = about
        with suppress(OSError):
            self.pipe.send_bytes(call)
            self.pipe.send_bytes(encoded(about))

    def take(self) -> tuple[str, Answer | None]:
        """Return the subject of its call, and the answer, or None if it has died."""
        about, self.about = str(self.about), None
        with suppress(EOFError, OSError):
            if self.pipe.poll():
                failed = self.pipe.recv_bytes() == ERROR
                return about, Answer(failed, self.pipe.recv_bytes())
        return about, None

    def last_call(self) -> str:
        """Return the call of a plugin that it was making when it died, or ""."""
        return last_call(self._journal)

    def dismiss(self) -> None:
        """Tell the process that no call follows."""
        with suppress(OSError):
            self.pipe.send_bytes(NO_MORE)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        # Not forever: a process that waits for a disk that does not answer ends only after that.
        self.process.join(PATIENCE)
        self.pipe.close()


@attrs.define(eq=False)
class Workers:
    """The processes that are running."""

    most: int
    """Number of processes, at most."""
    directory: str
    _running: list[Worker] = attrs.field(factory=list)

    def busy(self) -> list[Worker]:
        """Return those that make a call."""
        return [worker for worker in self._running if worker.about is not None]

    def free(self) -> Worker | None:
        """Return one that waits for a call, or a new one, or None if as many as allowed are busy."""
        for worker in [worker for worker in self._running if worker.about is None]:
            if worker.process.is_alive():
                return worker
            self.drop(worker)
        if len(self._running) < self.most:
            # Interrupted in between, the process would be unknown; and it begins with the handlers of its parent, of
            # which that for Ctrl-C would print a traceback.
            with held():
                self._running.append(Worker.start(self.directory))
            return self._running[-1]
        return None

    def ready(self) -> list[Worker]:
        """Wait, and return those that have an answer or have died."""
        busy = self.busy()
        try:
            found = set(wait([sign for worker in busy for sign in worker.signs()], LOOK_AGAIN))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(f"waiting for {listing([str(worker.about) for worker in busy], 6)}")
            raise
        # The end of a process shows at its pipes a moment before it shows in the table.
        return [worker for worker in busy if not found.isdisjoint(worker.signs()) or not worker.process.is_alive()]

    def drop(self, worker: Worker) -> None:
        """End one that has died, or that cannot be reached any more."""
        worker.kill()
        self._running.remove(worker)

    def end(self) -> None:
        """Let all of them end, which wait for calls."""
        for worker in self._running:
            worker.dismiss()
        end = time.monotonic() + PATIENCE
        for worker in self._running:
            worker.process.join(max(0.0, end - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """End all of them at once."""
        with held():
            for worker in self._running:
                worker.process.kill()
            while self._running:
                self.drop(self._running[-1])


@contextmanager
def workers(most: int) -> Iterator[Workers]:
    """Yield processes that end with the block, and at once if it fails.

    Args:
        most: number of processes, at most.
    """
    directories: list[str] = []
    try:
        with held():
            directories.append(tempfile.mkdtemp(prefix="datacard-"))
        started = Workers(most, directories[0])
        try:
            yield started
            started.end()
        except BaseException:
            started.kill()
            raise
    finally:
        with held():
            for directory in directories:
                shutil.rmtree(directory, ignore_errors=True)
