"""The same once more: a second later, and in processes where sets have other orders and it is another day.

A process of its own begins with nothing kept, and one of them goes through everything in reverse, so that what a
plugin keeps between two calls shows.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.testing.cases import Case
    from datacard_core.testing.tasks import Task

A_SECOND = 1.05
"""More than the resolution of time stamps."""
LONGEST = 300
"""Seconds that another process may take."""
UNKNOWN = 3
"""How another process ends that cannot import the plugin."""
FORWARDS = {"PYTHONHASHSEED": "1", "TZ": "AAA12"}
BACKWARDS = {"PYTHONHASHSEED": "2", "TZ": "BBB-14"}
"""What is set in other processes: the one is 26 hours before the other."""


@contextmanager
def repeated(case: Case, task: Task, path: Sequence[str]) -> Iterator[None]:
    """See that everything is the same before and after what is done inside, and in other processes.

    Args:
        case: the plugin that is tried.
        task: what to make.
        path: where other processes import from.
    """
    first, begun = task.products(), time.monotonic()
    yield
    with _processes(task, path) as processes:
        for directory, process in processes:
            if made := _made(case, directory, process):
                where = "in other processes, where sets have other orders and it is another day"
                _compare(case, where, first, made)
    time.sleep(max(0.0, begun + A_SECOND - time.monotonic()))
    _compare(case, "a second later", first, task.products())


@contextmanager
def _processes(task: Task, path: Sequence[str]) -> Iterator[Sequence[tuple[Path, subprocess.Popen[bytes]]]]:
    """Processes that make it too, each with the directory where it works; none is left behind."""
    try:
        pickled = pickle.dumps(task)
    except Exception:  # noqa: BLE001 - whether it should be pickled is looked at elsewhere
        yield ()
        return
    places = ((task.scratch / "forwards", FORWARDS), (task.scratch / "backwards", BACKWARDS))
    processes = [(place, _process(pickled, place, path, settings)) for place, settings in places]
    try:
        yield processes
    finally:
        for _, process in processes:
            process.kill()
            process.wait()


def _process(
    pickled: bytes, directory: Path, path: Sequence[str], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    directory.mkdir()
    (directory / "task").write_bytes(pickled)
    with (directory / "errors").open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 - this Python, with this module
            [sys.executable, "-c", f"from {__name__} import make; make()"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), **settings},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


def make() -> None:
    """What another process does: make what the file `task` says, and leave it in `products`."""
    directory = Path.cwd()
    try:
        task: Task = pickle.loads((directory / "task").read_bytes())  # noqa: S301 - another process of ours wrote it
    except Exception:  # noqa: BLE001 - a module of tests, for example, is not everywhere
        sys.exit(UNKNOWN)
    made = attrs.evolve(task, scratch=directory).products(backwards=directory.name == "backwards")
    (directory / "products").write_bytes(pickle.dumps(made))


def _made(case: Case, directory: Path, process: subprocess.Popen[bytes]) -> dict[str, object]:
    """What another process has made; nothing if it cannot import the plugin."""
    code = process.wait(LONGEST)
    if code == UNKNOWN:
        return {}
    case.expect(not code, "that it works in another process", (directory / "errors").read_text(errors="replace"))
    made: dict[str, object] = pickle.loads((directory / "products").read_bytes())  # noqa: S301 - that process wrote it
    return made


def _compare(case: Case, where: str, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    for what, old in before.items():
        new = after[what]
        # The text of a card and its templates are told apart, so that what differs in them can be shown.
        pairs = zip(old, new, strict=True) if isinstance(old, tuple) and isinstance(new, tuple) else [(old, new)]
        for one, two in pairs:
            case.same(f"that {what} is the same {where}", one, two)
