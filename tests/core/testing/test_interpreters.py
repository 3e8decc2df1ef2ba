"""Tests of processes with other settings, which fork for each task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from datacard_core.testing import interpreters
from datacard_core.testing.interpreters import fork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

PARTS = """
import hashlib, json, os, sys
from pathlib import Path

calls, prepared = [], []

def prepare():
    prepared.append(1)

def facts():
    calls.append(1)
    print("not for the pipe")
    found = {"hash": hash("text"), "zone": os.environ["TZ"], "calls": len(calls), "folder": os.getcwd()}
    found["prepared"] = len(prepared)
    Path("facts").write_text(json.dumps(found | {"extra": os.environ.get("EXTRA", "")}))

def end():
    print("what went wrong", file=sys.stderr)
    sys.exit(7)

def fail():
    raise ValueError("in vain")

def wait():
    Path("begun").touch()
    import time
    time.sleep(600)
"""
SETTINGS = {"PYTHONHASHSEED": "1", "TZ": "AAA12"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The directory of a module with the functions above."""
    directory = tmp_path_factory.mktemp("library")
    (directory / "parts.py").write_text(PARTS)
    return str(directory)


@pytest.fixture
def parts(library: str, tmp_path: Path) -> Callable[[str], interpreters.Fork]:
    """A function that calls one of the functions above in another process, in the temporary directory."""
    return lambda name: fork("parts", name, tmp_path, [library, *sys.path], **SETTINGS)


def test_settings_and_state(
    parts: Callable[[str], interpreters.Fork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fork has the settings of its process, today's environment, what was prepared once, and no other state."""
    found = []
    for extra in ("one", "two"):
        monkeypatch.setenv("EXTRA", extra)
        assert parts("facts").wait(60) == 0
        found.append(json.loads((tmp_path / "facts").read_text()))
    expected = int(
        subprocess.run(
            [sys.executable, "-c", "print(hash('text'))"],
            env={**os.environ, **SETTINGS},
            capture_output=True,
            check=True,
        ).stdout
    )
    same = {"hash": expected, "zone": "AAA12", "calls": 1, "folder": str(tmp_path), "prepared": 1}
    assert found == [{**same, "extra": "one"}, {**same, "extra": "two"}]


def test_modules_of_one_process(
    parts: Callable[[str], interpreters.Fork], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One process serves for the modules of equal settings, also those of a folder that it did not know at first."""
    parts("facts").wait(60)
    process = interpreters._PROCESSES[os.getpid(), tuple(SETTINGS.items())]
    directory = tmp_path_factory.mktemp("another")
    (directory / "another.py").write_text("import os, sys\ndef end():\n    sys.exit(os.getppid() % 256)\n")
    assert fork("another", "end", tmp_path, [str(directory), *sys.path], **SETTINGS).wait(60) == process.pid % 256


@pytest.mark.parametrize(("name", "code", "told"), [("end", 7, "what went wrong"), ("fail", 1, "ValueError: in vain")])
def test_failures(parts: Callable[[str], interpreters.Fork], tmp_path: Path, name: str, code: int, told: str) -> None:
    """The exit code of a failure is returned, and what it wrote to standard error is in a file."""
    assert parts(name).wait(60) == code
    assert told in (tmp_path / "errors").read_text()


def test_kill(parts: Callable[[str], interpreters.Fork], tmp_path: Path) -> None:
    """A fork that takes too long is killed, and the process serves on."""
    working = parts("wait")
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    with pytest.raises(subprocess.TimeoutExpired):
        working.wait(0.01)
    working.kill()
    assert working.wait(0) == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(working.pid, 0)
    again = parts("wait")
    assert again.pid != working.pid
    again.kill()


def test_lost_process(parts: Callable[[str], interpreters.Fork]) -> None:
    """A process that was killed is started again for the next task."""
    assert parts("end").wait(60) == 7
    process = interpreters._PROCESSES[os.getpid(), tuple(SETTINGS.items())]
    process.kill()
    process.wait()
    assert parts("end").wait(60) == 7
