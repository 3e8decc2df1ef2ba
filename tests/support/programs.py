"""The command `datacard` as a program, without the time that a new interpreter takes to import it.

A process imports the command once and forks for each program, which gets arguments, streams and an environment as a
shell gives them, and flushes its streams at the end as an interpreter does.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from datacard_core import load_plugins
from datacard_core.cli.commands import main
from datacard_core.testing.interpreters import fork
from tests.support.processes import SERVER, SETTINGS, Done
from tests.support.processes import task as task  # noqa: PLC0414 - `elsewhere` calls it by the name of this module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core.testing.interpreters import Fork

CLOSED = "closed"
"""A stream that is not open, as after `>&-` in a shell."""
BROKEN = "broken"
"""A pipe whose reader has closed it."""

_IMPORTED = (
    "datacard_core.cli.cards",
    "datacard_core.cli.outputs",
    "datacard_core.execution.parallel",
    "datacard_core.inputs.coffea",
    "datacard_root.histograms",
    "rich.console",
    "rich.table",
    "tests.support.outputs",
    "uproot",
)
_STREAMS = ("stdin", "stdout", "stderr")
_KEPT: Mapping[str, str] = MappingProxyType({})


def command(
    *arguments: object, cwd: Path, streams: Mapping[str, str] = _KEPT, environ: Mapping[str, str] | None = None
) -> Done:
    """Run the command `datacard`, and return its end.

    Args:
        arguments: its arguments.
        cwd: its working directory.
        streams: by stdin, stdout and stderr the path of a file or terminal, `CLOSED` or `BROKEN`; others are kept.
        environ: its environment, if not that of this process.
    """
    with tempfile.TemporaryDirectory() as name:
        kept = {"stdin": os.devnull, "stdout": f"{name}/stdout", "stderr": f"{name}/stderr"}
        for path in set(kept.values()) - {os.devnull}:
            Path(path).touch()
        task = {"arguments": list(map(str, arguments)), "streams": {**kept, **streams}}
        status = start(task, Path(name), cwd, environ).wait(300)
        printed, errors = (Path(kept[name]).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return Done(status, printed, errors)


def start(task: dict[str, Any], folder: Path, cwd: Path, environ: Mapping[str, str] | None = None) -> Fork:
    """Start a program.

    Args:
        task: its `streams`, and its `arguments` or the `code` to run in place of the command.
        folder: directory of the task.
        cwd: working directory of the program.
        environ: its environment, if not that of this process.
    """
    task = task | {"cwd": str(cwd.absolute()), "environ": dict(os.environ if environ is None else environ)}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    found = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - "" is the working directory
    return fork(SERVER, program.__name__, folder, found, **SETTINGS)


def prepare() -> None:
    """Import the plugins, and what most programs would import anew, in the process that forks for each of them."""
    load_plugins()
    for name in _IMPORTED:
        importlib.import_module(name)


def program() -> None:
    """Run the program whose task is in the working directory."""
    task = json.loads(Path("task.json").read_text(encoding="utf-8"))
    os.chdir(task["cwd"])
    os.environ.clear()
    os.environ.update(task["environ"])
    time.tzset()
    _open_streams(task["streams"])
    if code := task.get("code"):
        exec(code, {"__name__": "__main__"})  # noqa: S102 - a program of the tests
    else:
        sys.argv = ["datacard", *task["arguments"]]
        _end(_status())


def _open_streams(streams: Mapping[str, str]) -> None:
    opened = [_opened(streams[name]) for name in _STREAMS]
    for number, descriptor in enumerate(opened):
        if descriptor is None:
            os.close(number)
        else:
            os.dup2(descriptor, number)
    for descriptor in filter(None, opened):
        os.close(descriptor)
    for number, name in enumerate(_STREAMS):
        stream = None if opened[number] is None else _text(number, "r" if name == "stdin" else "w")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _opened(where: str) -> int | None:
    """Return a descriptor, or None for a closed stream."""
    if where == CLOSED:
        return None
    if where == BROKEN:
        reading, writing = os.pipe()
        os.close(reading)
        return writing
    return os.open(where, os.O_RDWR | os.O_NOCTTY)


def _text(number: int, mode: str) -> IO[str]:
    """Open a stream as an interpreter does when it starts."""
    lines = number == 2 or os.isatty(number)
    encoding = os.environ.get("PYTHONIOENCODING") or "utf-8"
    return open(number, mode, buffering=1 if lines else -1, encoding=encoding, closefd=False)


def _status() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _end(status: int) -> None:
    """End the process with a status, or with that of an interpreter whose streams cannot be flushed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            traceback.print_exc()
            status = 120
    sys.exit(status)
