"""Runs of the command `datacard`, and analysis scripts for it."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.testing import CliRunner

from datacard_core.cli.commands import main

if TYPE_CHECKING:
    from click.testing import Result

DATACARD = Path(sysconfig.get_path("scripts")) / "datacard"

SMALL = """
from datacard_core import *

analysis = Analysis(
    years=["2024"],
    mc_processes=MCProcesses(
        [
            MCProcess(name="signal", samples=["SignalSampleA"], years=["2024"], is_signal=True),
            MCProcess(name="ttbar", samples=["TTbar"], years=["2024"], is_signal=False),
        ]
    ),
    systematics=Systematics([]),
    categories={"SR": Category("discriminant"), "CR1": Category("control_var_1")},
    **OPTIONS,
)
"""
"""An analysis of the demo output, without data."""


def verbs() -> dict[str, click.Command]:
    """Return the verbs of the command by name, those that plugins of the project add too."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def datacard(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def process(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a process."""
    return subprocess.run(
        [str(DATACARD), *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, **options
    )


def failed(result: Result, status: int = 1) -> str:
    """Return the single message of a command that failed without a traceback and without output."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert len(re.findall(r"^Error: ", result.stderr, re.MULTILINE)) == 1
    return result.stderr


def entries(text: str, first: str) -> list[str]:
    """Return the entries of the single row of a table that begins with one."""
    (line,) = [line for line in text.splitlines() if re.match(rf"[│┃] {re.escape(first)} +[│┃]", line)]
    return [entry.strip() for entry in line.strip("│┃").split(line[0])]


def files_below(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory, hidden ones too."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def rates(card: Path) -> Counter[str]:
    """Return the rates of a card's processes, summed over years."""
    lines = [line.split() for line in card.read_text(encoding="utf-8").splitlines() if line]
    columns = next(line[1:] for line in lines if line[0] == "process")
    values = next(line[1:] for line in lines if line[0] == "rate")
    sums: Counter[str] = Counter()
    for column, value in zip(columns, values, strict=True):
        sums[column.partition("_20")[0]] += float(value)  # type: ignore[assignment]
    return sums


def write(script: Path, text: str = SMALL, options: str = "") -> Path:
    """Write an analysis script, with arguments for its `Analysis`."""
    script.write_text(textwrap.dedent(text).replace("**OPTIONS,", options), encoding="utf-8")
    return script
