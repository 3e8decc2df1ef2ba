"""Standard output and standard error of the commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hist
import lz4.frame
import pytest

from datacard_core.cli.terminal import program
from datacard_core.errors import InputError
from datacard_core.findings import notice, report
from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.histograms import stored
from tests.support.coffea_files import an_output, before_an_output, named, save, save_pickle
from tests.support.commands import DATACARD, SMALL, datacard, files_below, write
from tests.support.programs import BROKEN, CLOSED, command

if TYPE_CHECKING:
    from datacard_core.demo import DemoFiles

NAMES = """
from datacard_core import *

class Names(TemplateSerializer):
    name = "root"

    def write(self, templates, path):
        path.write_text(" ".join(templates.names))

class Own:
    @hookimpl
    def datacard_template_serializers(self):
        return [Names()]
"""
"""The head of an analysis script that writes names of templates, for which fresh processes import less."""


class TestProgram:
    """The command in the lines that a user may copy."""

    @pytest.fixture
    def installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A program of the name in a folder that is in the PATH."""
        found = tmp_path / "bin" / "datacard"
        found.parent.mkdir()
        found.touch(0o755)
        monkeypatch.setenv("PATH", str(found.parent))
        return found

    def test_program_of_the_path(self, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The name is enough where the shell finds this program by it."""
        monkeypatch.setattr(sys, "argv", [str(installed), "demo"])
        assert program() == "datacard"

    def test_other_programs(self, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The path is needed where the shell finds the program of another environment by the name, or none."""
        other = installed.parents[1] / "my env" / "datacard"
        other.parent.mkdir()
        other.touch(0o755)
        monkeypatch.setattr(sys, "argv", [str(other), "demo"])
        assert program() == f"'{other}'"
        installed.unlink()
        assert program() == f"'{other}'"

    @pytest.mark.usefixtures("installed")
    def test_scripts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A script that calls the command is not the command."""
        monkeypatch.setattr(sys, "argv", ["-c"])
        assert program() == "datacard"


class TestShow:
    @pytest.mark.slow
    def test_output_to_a_file(self, demo_files: DemoFiles, tmp_path: Path) -> None:
        """Output to a file has no escape codes and no folded lines."""
        result = command("build", demo_files.analysis, demo_files.output, "-o", "cards", cwd=tmp_path)
        assert "\x1b" not in result.stdout + result.stderr
        assert max(map(len, result.stdout.splitlines())) > 80
        assert all(line.startswith("notice [empty-dataset] ") for line in result.stderr.splitlines())

    @pytest.mark.slow
    @pytest.mark.parametrize("verb", ["inspect", "build"])
    def test_names_that_the_terminal_lacks(self, verb: str, output: Path, script: Path) -> None:
        """On an ASCII terminal, other characters are shown as escapes, and the command succeeds."""
        changed = lz4.frame.decompress(output.read_bytes()).replace(b"TTbar", "Zττ".encode())
        Path("ditau.coffea").write_bytes(lz4.frame.compress(changed))
        made = write(script)
        made.write_text(made.read_text(encoding="utf-8").replace("TTbar", "Zττ"), encoding="utf-8")
        arguments = {"inspect": ["ditau.coffea"], "build": [str(made), "ditau.coffea", "-o", "π"]}[verb]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        result = command(verb, *arguments, cwd=script.parent, environ=environment)
        assert (result.status, "Unicode" in result.stderr) == (0, False)
        assert result.stdout.isascii()
        assert {"inspect": r"Z\u03c4\u03c4", "build": r"cards in \u03c0"}[verb] in result.stdout

    @pytest.mark.slow
    @pytest.mark.parametrize("closed", [("stdout",), ("stdout", "stderr")])
    def test_closed_pipe(self, closed: tuple[str, ...], output: Path, script: Path) -> None:
        """When the reader closes the pipe, there is no message and the cards are complete."""
        broken = dict.fromkeys(closed, BROKEN)
        result = command("build", write(script), output, "-o", "cards", cwd=script.parent, streams=broken)
        assert "Broken" not in f"{result.stdout}{result.stderr}"
        assert "Traceback" not in f"{result.stdout}{result.stderr}"
        assert Path("cards", "datacard_SR_2024.txt").is_file()

    @pytest.mark.slow
    def test_streams_that_cannot_be_used(self, output: Path, script: Path) -> None:
        """The cards are those of a run with all streams, and the status is 0."""
        assert datacard("build", write(script), output, "-o", "expected").exit_code == 0
        unusable = {
            "no output": {"stdout": CLOSED},
            "no errors": {"stderr": CLOSED},
            "full disk for errors": {"stdout": os.devnull, "stderr": "/dev/full"},
        }
        for name, streams in unusable.items():
            done = command("build", script, output, "-j", "2", "-o", name, cwd=script.parent, streams=streams)
            assert (done.status, "Traceback" in done.stderr) == (0, False), name
            assert files_below(Path(name)) == files_below(Path("expected")), name

    @pytest.mark.slow  # a fresh interpreter
    def test_interpreter_without_streams(self, output: Path, script: Path) -> None:
        """An interpreter that starts without streams makes the same cards, and the status is 0."""
        write(script, NAMES + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own(), block={'root'})")
        line = [str(DATACARD), "build", str(script), str(output), "-j", "2", "-o"]
        assert datacard(*line[1:4], "-o", "expected").exit_code == 0
        shell = ["sh", "-c", f"{shlex.join([*line, 'cards'])} <&- >&- 2>&-"]
        assert subprocess.run(shell, check=False).returncode == 0
        assert files_below(Path("cards")) == files_below(Path("expected"))

    @pytest.mark.slow
    def test_script_prints_to_a_closed_pipe(self, output: Path, script: Path) -> None:
        """Lines of a script that cannot be written cost no cards, although processes are started after them."""
        write(script, f"{SMALL}\nprint('lines')\n")
        line = ["build", script, output, "-j", "2", "-o", "cards"]
        done = command(*line, cwd=script.parent, streams={"stdout": BROKEN})
        assert "Broken" not in done.stderr
        assert Path("cards", "datacard_SR_2024.txt").is_file()

    @pytest.mark.slow
    @pytest.mark.parametrize("argument", ["--help", "plugins"])
    def test_full_disk(self, argument: str, tmp_path: Path) -> None:
        """The answer that cannot be written is an error with the reason and without a traceback."""
        done = command(argument, cwd=tmp_path, streams={"stdout": "/dev/full"})
        assert done.status == 1
        assert done.stderr.startswith("Error: ")
        assert "No space left on device" in done.stderr
        assert done.stderr.count("\n") == 1


EVIL = "\x1b]52;c;ZXZpbA==\x07\x9b31m\u202e"
"""Fills the clipboard, writes in red, and turns the direction of writing."""


def evil_output() -> Any:
    """An output in which each name holds control characters."""
    evil: Any = hist.Hist(
        hist.axis.StrCategory(["SR", EVIL], name="cat"),
        hist.axis.StrCategory(["nominal", f"{EVIL}Up"], name="variation"),
        hist.axis.StrCategory([EVIL], name=f"x{EVIL}", label=EVIL),
        storage=hist.storage.Weight(),
    )
    evil.fill(["SR"], ["nominal"], [EVIL])
    content = an_output(f"a{EVIL}", sample=f"s{EVIL}", year=f"2022{EVIL}")
    content["variables"] = {f"m{EVIL}": {f"s{EVIL}": {f"a{EVIL}": evil}}, f"n{EVIL}": {f"s{EVIL}": 5}}
    return content


class TestNamesOfAFile:
    def test_inspect_shows_escapes(self, tmp_path: Path) -> None:
        """`datacard inspect` shows control characters of all names as escapes."""
        result = datacard("inspect", save(tmp_path / "a.coffea", evil_output()))
        assert result.exit_code == 0
        assert not set(result.output) & set("\x1b\x07\x9b\u202e")
        for name in ("m", "n", "s", "2022", "x"):
            assert f"{name}\\x1b]52" in result.output

    def test_errors_show_escapes(self, tmp_path: Path) -> None:
        """Errors of the command and of the library show control characters of names as escapes."""
        file = save_pickle(tmp_path / "a.coffea", before_an_output(named(EVIL, "system")))
        with pytest.raises(InputError) as caught:
            load_output(file)
        for shown in (str(caught.value), datacard("inspect", file).output):
            assert "\\x1b]52;c;ZXZpbA==\\x07\\x9b31m\\u202e.system" in shown
            assert not set(shown) & set("\x1b\x07\x9b\u202e")

    def test_findings_show_escapes(self) -> None:
        """Findings show control characters as escapes."""
        finding = notice("unused-variation", f"no systematic reads {EVIL}", channel=EVIL)
        assert str(finding).isprintable()
        assert report([finding]).isprintable()

    def test_axes_of_cards_have_escapes(self) -> None:
        """Name, label and categories of an axis reach cards and plots with escapes."""
        content = evil_output()["variables"][f"m{EVIL}"][f"s{EVIL}"][f"a{EVIL}"]
        axis = stored(content).axis
        assert axis.categories is not None
        assert "".join((axis.name, axis.label, *axis.categories)).isprintable()
