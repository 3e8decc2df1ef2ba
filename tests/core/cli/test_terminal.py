"""Standard output and standard error of the commands."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lz4.frame
import pytest

from tests.support.commands import DATACARD, files_below, write

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

    @pytest.mark.slow  # a fresh interpreter
    @pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/null 2>/dev/full"])
    def test_streams_that_cannot_be_used(self, streams: str, output: Path, script: Path) -> None:
        """The cards are those of a run with all streams, and the status is 0."""
        command = [str(DATACARD), "build", str(write(script)), str(output), "-j", "2", "-o"]
        subprocess.run([*command, "expected"], check=True, capture_output=True)
        shell = ["sh", "-c", f"{shlex.join([*command, 'cards'])} {streams}"]
        done = subprocess.run(shell, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
        assert files_below(Path("cards")) == files_below(Path("expected"))

    @pytest.mark.slow  # a fresh interpreter
    def test_script_prints_to_a_closed_pipe(self, output: Path, script: Path) -> None:
        """Lines of a script that cannot be written cost no cards, although processes are started after them."""
        write(script).write_text(script.read_text(encoding="utf-8") + "print('lines')\n", encoding="utf-8")
        reading, writing = os.pipe()
        os.close(reading)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        command = [str(DATACARD), "build", str(script), str(output), "-j", "2", "-o", "cards"]
        done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE, text=True, env=environment)
        os.close(writing)
        assert "Broken" not in done.stderr
        assert Path("cards", "datacard_SR_2024.txt").is_file()

    @pytest.mark.slow  # a fresh interpreter
    @pytest.mark.parametrize("arguments", [["--help"], ["plugins"]])
    def test_full_disk(self, arguments: list[str]) -> None:
        """The answer that cannot be written is an error with the reason and without a traceback."""
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [str(DATACARD), *arguments], check=False, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert "No space left on device" in done.stderr
        assert done.stderr.count("\n") == 1
