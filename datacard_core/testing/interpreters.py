"""Python processes with other settings than this one, which fork once for each task.

A new Python takes most of a second to import the core. So a process imports it once, does no task itself, and forks for
each: the fork starts without state that an earlier task left, and has the hashes that the process was started with.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


# The number of this process belongs to the key, because its own forks cannot share the pipes.
_PROCESSES: dict[tuple[int, tuple[tuple[str, str], ...]], subprocess.Popen[bytes]] = {}
"""Processes that serve this one until it ends, by its number and the settings."""


@attrs.define(eq=False)
class Fork:
    """A process at work on one task."""

    answers: IO[bytes]
    pid: int
    code: int | None = None
    """Exit code, once it is known."""

    def wait(self, seconds: float) -> int:
        """Return the exit code of the process, or minus the number of the signal that ended it.

        Raises:
            TimeoutExpired: the process takes longer.
        """
        if self.code is None:
            if not select.select([self.answers], [], [], seconds)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)
            self.code = int(self.answers.readline())
        return self.code

    def kill(self) -> None:
        """End the process if it still works."""
        try:
            self.wait(0)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(10)


def fork(module: str, function: str, directory: Path, path: Sequence[str], **settings: str) -> Fork:
    """Call a function in another process, and return the process.

    Args:
        module: module of the function, which is imported before the fork, and once. Its `prepare`, if it has one, is
            called then.
        function: name of the function, which has no argument.
        directory: working directory of the process. Its standard error goes to the file `errors` there.
        path: directories that the process imports from.
        settings: environment variables of the process beside those of this one.
    """
    process = _process(path, settings)
    tasks, answers = process.stdin, process.stdout
    assert tasks is not None, "a pipe was asked for"  # noqa: S101 - for type checkers
    assert answers is not None, "a pipe was asked for"  # noqa: S101
    task = {
        "module": module,
        "function": function,
        "directory": str(directory),
        "path": list(path),
        "environ": {**os.environ, **settings},
    }
    tasks.write(json.dumps(task).encode() + b"\n")
    return Fork(answers, int(answers.readline()))


def _process(path: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Return the process that forks with these settings; the first call starts it."""
    key = (os.getpid(), tuple(settings.items()))
    process = _PROCESSES.get(key)
    # One that was started may have been killed since, for example because the memory was full.
    if process is None or process.poll() is not None:
        process = _PROCESSES[key] = subprocess.Popen(  # noqa: S603 - this Python, with this module
            [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
            # The working directory of a run is removed while the process still serves.
            cwd=os.sep,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Without a buffer: `select` does not see what a buffer holds.
            bufsize=0,
        )
        atexit.register(process.communicate)
    return process


def serve() -> None:
    """Fork for each task on standard input, and answer with the number and the exit code of the process."""
    # Ctrl-C is for the process that sends the tasks, whose end closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imported: dict[str, Mapping[str, Any]] = {}
    for line in sys.stdin.buffer:
        task = json.loads(line)
        if (name := task["module"]) not in imported:
            sys.path[:] = task["path"]
            imported[name] = _prepared(name)
        pid = os.fork()
        if not pid:
            _work(imported[name][task["function"]], task)
        os.write(1, b"%d\n" % pid)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _prepared(module: str) -> Mapping[str, Any]:
    """Import a module and return its content, for forks."""
    content = vars(importlib.import_module(module))
    if prepare := content.get("prepare"):
        prepare()
    # A search for garbage would copy the memory that forks share with this process.
    gc.freeze()
    return content


def _work(call: Callable[[], object], task: Mapping[str, Any]) -> NoReturn:
    """Call the function as the first thing in a process of its own, and end the process."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        directory = Path(task["directory"])
        nothing, errors = os.open(os.devnull, os.O_RDWR), os.open(directory / "errors", os.O_WRONLY | os.O_CREAT)
        for number, opened in enumerate((nothing, nothing, errors)):
            os.dup2(opened, number)
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(task["environ"])
        time.tzset()
        sys.path[:] = task["path"]
        call()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - it ends this process
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(code)
