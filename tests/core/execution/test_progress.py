"""The progress bar, on a terminal and without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import tempfile
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core.execution.progress import progress
from tests.support.programs import start

if TYPE_CHECKING:
    from datacard_core.demo import DemoFiles

PREFERENCES = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}


def on_terminal(cwd: Path, columns: int = 80, **program: Any) -> tuple[int, str]:
    """Run a program on a terminal, and return its status and all that it sent there.

    Args:
        cwd: its working directory.
        columns: width of the terminal.
        program: `arguments` of the command `datacard`, or the `code` of another program.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in PREFERENCES} | {"TERM": "xterm"}
    task = program | {"streams": dict.fromkeys(("stdin", "stdout", "stderr"), os.ttyname(terminal))}
    with tempfile.TemporaryDirectory() as folder:
        running = start(task, Path(folder), cwd, environment)
        sent = b""
        # The terminal stays open here, because one that no process has open yet sends nothing.
        waiting: list[Any] = [controller, running.answers]
        while select.select(waiting, [], [])[0] == [controller]:
            sent += os.read(controller, 1 << 16)
        status = running.wait(10)
    while select.select([controller], [], [], 0)[0]:
        sent += os.read(controller, 1 << 16)
    os.close(terminal)
    os.close(controller)
    return status, sent.decode("utf-8")


def screen(sent: str) -> str:
    """Return the text that stays visible, with the control codes that a progress bar uses."""
    lines, row, column = [""], 0, 0
    for code, number, plain in re.findall(r"\x1b\[\??([\d;]*)([A-Za-z])|([^\x1b])", sent):
        count = int(code) if code.isdigit() else 1
        if number == "A":
            row = max(0, row - count)
        elif number == "K":
            lines[row] = ""
        elif plain == "\r":
            column = 0
        elif plain == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif plain:
            line = lines[row].ljust(column)
            lines[row], column = line[:column] + plain + line[column + 1 :], column + 1
    return "\n".join(line.rstrip() for line in lines)


@pytest.fixture(scope="module")
def shown(demo_files: DemoFiles, tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that `datacard build` of the demo sends to a terminal."""
    arguments = ["build", str(demo_files.analysis), str(demo_files.output), "-o", "cards"]
    status, sent = on_terminal(tmp_path_factory.mktemp("demo"), arguments=arguments)
    assert status == 0, sent
    return sent


@pytest.mark.slow
def test_bar_of_each_stage(shown: str) -> None:
    """Each stage of the work has a bar, which is removed in the end."""
    for doing in ("reading files", "building cards", "writing cards"):
        assert re.search(rf"{doing}\x1b?.*100%", shown), doing
        assert doing not in screen(shown), doing
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 3  # the cursor is hidden, and shown again


@pytest.mark.slow
def test_table_stays(shown: str) -> None:
    """The table of yields stays on the terminal, and fits into its width."""
    lines = screen(shown).splitlines()
    heads = [line for line in lines if line.startswith("┃ process")]
    cells = [cell.strip() for head in heads for cell in head.strip("┃").split("┃")]
    assert [cell for cell in cells if cell != "process"] == ["SR_run3", "CR1_run3", "CR2_run3"]
    assert max(len(line) for line in lines if line.startswith(tuple("┃│"))) <= 80
    assert any(line.startswith("│ ttbar") for line in lines)
    assert "3 cards in cards; combine them with: bash cards/combine_datacards_run3.sh" in lines
    assert "\x1b[1m" in shown  # a terminal gets what a file does not


@pytest.mark.slow
def test_error_removes_the_bar(tmp_path: Path) -> None:
    """After an error, the bar is removed and the cursor is visible."""
    program = (
        "from datacard_core.execution.progress import progress\n"
        "with progress('looking', 3) as step:\n    step()\n    1 / 0\n"
    )
    status, sent = on_terminal(tmp_path, code=program)
    assert status == 1
    assert "looking" in sent
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")
    assert "looking" not in screen(sent).partition("Traceback")[0]


def test_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, there is no output."""
    with progress("looking", 2) as step:
        step()
        step()
        step()
    assert capfd.readouterr() == ("", "")
