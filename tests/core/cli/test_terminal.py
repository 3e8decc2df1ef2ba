"""Standard output and standard error of the commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lz4.frame
import pytest

from tests.support.commands import DATACARD, write

if TYPE_CHECKING:
    from tests.core.cli.conftest import Made


class TestShow:
    def test_output_to_a_file(self, made: Made) -> None:
        """Output to a file has no escape codes and no folded lines."""
        _, result = made
        assert "\x1b" not in result.stdout + result.stderr
        assert max(map(len, result.stdout.splitlines())) > 80
        assert all(line.startswith("notice [empty-dataset] ") for line in result.stderr.splitlines())

    @pytest.mark.slow  # a fresh interpreter
    @pytest.mark.parametrize("verb", ["inspect", "build"])
    def test_names_that_the_terminal_lacks(self, verb: str, output: Path, script: Path) -> None:
        """On an ASCII terminal, other characters are shown as escapes, and the command succeeds."""
        changed = lz4.frame.decompress(output.read_bytes()).replace(b"TTbar", "Zττ".encode())
        Path("ditau.coffea").write_bytes(lz4.frame.compress(changed))
        made = write(script)
        made.write_text(made.read_text(encoding="utf-8").replace("TTbar", "Zττ"), encoding="utf-8")
        arguments = {"inspect": ["ditau.coffea"], "build": [str(made), "ditau.coffea", "-o", "π"]}[verb]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        result = subprocess.run([str(DATACARD), verb, *arguments], env=environment, capture_output=True, check=False)
        assert (result.returncode, b"Unicode" in result.stderr) == (0, False)
        shown = result.stdout.decode("ascii")
        assert {"inspect": r"Z\u03c4\u03c4", "build": r"cards in \u03c0"}[verb] in shown

    @pytest.mark.slow  # a fresh interpreter
    @pytest.mark.parametrize("closed", [("stdout",), ("stdout", "stderr")])
    def test_closed_pipe(self, closed: tuple[str, ...], output: Path, script: Path) -> None:
        """When the reader closes the pipe, there is no message and the cards are complete."""
        reading, writing = os.pipe()
        os.close(reading)
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [str(DATACARD), "build", str(write(script)), str(output), "-o", "cards"]
        result = subprocess.run(command, check=False, text=True, **(streams | dict.fromkeys(closed, writing)))
        os.close(writing)
        assert "Broken" not in f"{result.stdout}{result.stderr}"
        assert "Traceback" not in f"{result.stdout}{result.stderr}"
        assert Path("cards", "datacard_SR_2024.txt").is_file()
