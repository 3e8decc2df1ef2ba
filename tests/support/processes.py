"""Programs in other processes, without the time that a new interpreter takes to import the core.

`elsewhere` runs a program where sets have other orders than here, in another time zone and language. `forked` calls a
function in a copy of this process, which may be killed or change the state of the process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from datacard_core.testing.interpreters import fork
from datacard_core.testing.repetition import FORWARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SETTINGS = FORWARDS
"""Environment of the process, which serves the conformance kit too; the hash seed here is another, chosen at random."""
SERVER = "tests.support.programs"
"""Module that the process imports."""


@attrs.frozen
class Done:
    """End of a program."""

    status: int
    stdout: str
    stderr: str


def elsewhere(code: str, *arguments: object, directory: Path, path: Sequence[str] = ()) -> Done:
    """Run a program in a process with other settings.

    Args:
        code: source of the program.
        arguments: its `sys.argv[1:]`.
        directory: its working directory.
        path: directories that it imports from, if not those of this process.
    """
    (directory / "task.json").write_text(json.dumps([code, ["-c", *map(str, arguments)]]), encoding="utf-8")
    (directory / "errors").unlink(missing_ok=True)
    found = [os.path.abspath(entry) for entry in path or sys.path]  # noqa: PTH100 - "" is the working directory
    status = fork(SERVER, "task", directory, found, **SETTINGS).wait(300)
    printed, errors = ((directory / name).read_text(encoding="utf-8") for name in ("printed", "errors"))
    for name in ("task.json", "printed", "errors"):
        (directory / name).unlink()
    return Done(status, printed, errors)


def task() -> None:
    """Run the program whose source is in the working directory; `elsewhere` calls it in a process of its own."""
    code, sys.argv = json.loads(Path("task.json").read_text(encoding="utf-8"))
    with Path("printed").open("w", encoding="utf-8") as printed, contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "__main__"})  # noqa: S102 - a program of the tests


def here(code: str, *arguments: object) -> str:
    """Run a program in this process, and return what it prints."""
    before, sys.argv = sys.argv, ["-c", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, {"__name__": "__main__"})  # noqa: S102 - a program of the tests
    finally:
        sys.argv = before
    return printed.getvalue()


def start(call: Callable[[], object]) -> int:
    """Start to call a function in a copy of this process, and return its number; its exit code is 1 after an error."""
    with warnings.catch_warnings():
        # Python warns of other threads, which the copy does not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        call()
        code = 0
    finally:
        os._exit(code)


def forked(call: Callable[[], object]) -> int:
    """Call a function in a copy of this process and return its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(start(call), 0)[1])
