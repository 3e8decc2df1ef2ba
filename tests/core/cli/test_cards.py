"""The commands that make cards: `datacard demo`, `datacard build` and `datacard convert`."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.cards import HEAD
from tests.support.cases import case
from tests.support.commands import SMALL, datacard, entries, failed, files_below, rates, write
from tests.support.paths import SHARED_DATA
from tests.support.processes import forked
from tests.support.programs import start

if TYPE_CHECKING:
    from click.testing import Result

    from datacard_core.testing.interpreters import Fork

CARDS = {
    "combine_datacards_run3.sh",
    *(f"datacard_{category}_run3.txt" for category in ("SR", "CR1", "CR2")),
    *(f"shapes_{category}_run3.root" for category in ("SR", "CR1", "CR2")),
}
PLOTS = """
from datacard_core import *

class Drawing(Plot):
    suffix = ".txt"

    def __init__(self, name):
        self.name = name

    def draw(self, channel, path):
        path.write_text(channel.bin)

class Own:
    @hookimpl
    def datacard_plots(self):
        return [Drawing("acme"), Drawing("other")]
"""
"""The head of an analysis script with two plots."""

READER = """
from pathlib import Path
from datacard_core import *

class Link(HistogramSource):
    name = "link"

    def read(self, path, variables):
        return load_output(Path(path.read_text()), variables=variables)

class Own:
    @hookimpl
    def datacard_histogram_sources(self):
        return [Link()]
"""
"""The head of an analysis script with a source for files that hold the path of another file."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder where `datacard demo` was run, and its result; no test may change it."""
    folder = tmp_path_factory.mktemp("demo")
    with contextlib.chdir(folder):
        return folder, datacard("demo")


def agrees(entry: str, rate: float) -> bool:
    """Return whether a yield with its uncertainties is a rate, to its statistical uncertainty."""
    value, _, stat, *_ = entry.split()
    return abs(float(value) - rate) < float(stat)


class TestDemo:
    @pytest.mark.slow
    def test_files(self, made: tuple[Path, Result]) -> None:
        """The output, the analysis and the cards are in one new folder."""
        folder, result = made
        assert result.exit_code == 0, result.stderr
        assert [path.name for path in folder.iterdir()] == ["datacard-demo"]
        expected = {"output_all.coffea", "analysis.py", "report.html", *(f"cards/{name}" for name in CARDS)}
        assert set(files_below(folder / "datacard-demo")) == expected

    @pytest.mark.slow
    def test_table(self, made: tuple[Path, Result]) -> None:
        """The table has the rates of the cards."""
        folder, result = made
        assert entries(result.stdout, "process") == ["process", "SR_run3", "CR1_run3", "CR2_run3"]
        for position, category in enumerate(("SR", "CR1", "CR2"), start=1):
            expected = rates(folder / "datacard-demo" / "cards" / f"datacard_{category}_run3.txt")
            for name, rate in expected.items():
                assert agrees(entries(result.stdout, name)[position], rate)
            background = sum(rate for name, rate in expected.items() if name != "signal")
            assert agrees(entries(result.stdout, "background")[position], background)

    @pytest.mark.slow
    def test_results(self, made: tuple[Path, Result]) -> None:
        """The report is written, and the expected limit and significance are those of a fit of the cards."""
        folder, result = made
        assert (folder / "datacard-demo" / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        found = datacard("limit", folder / "datacard-demo" / "cards", "--blind", "--significance", "--json")
        numbers = json.loads(found.stdout)
        assert f"expected r < {numbers['expected'][2]:.4g} " in result.stdout
        assert f"expected significance {numbers['significance']['expected']:.3g} " in result.stdout
        assert numbers["observed"] is None

    @pytest.mark.slow
    def test_next_commands(self, made: tuple[Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The commands that the demo shows can be run, and write the same cards, with plots."""
        folder, result = made
        shutil.copytree(folder / "datacard-demo", tmp_path / "datacard-demo")
        monkeypatch.chdir(tmp_path)
        (inspect, build, combine) = re.findall(
            r"^  (datacard inspect .*|datacard build .*|bash \S+)", result.stdout, re.MULTILINE
        )
        # One plot for each card, and not the pages of all variations.
        assert "--plots" in build
        for command in (inspect, build.replace("--plots", "--plot stack")):
            again = datacard(*shlex.split(command)[1:])
            assert again.exit_code == 0, again.stderr
        mine = files_below(tmp_path / "datacard-demo" / "mine")
        plots = {name for name in mine if name.startswith("plots/")}
        assert "plots/stack_SR_run3.pdf" in plots
        assert {name: mine[name] for name in set(mine) - plots} == files_below(tmp_path / "datacard-demo" / "cards")
        assert (tmp_path / shlex.split(combine)[1]).is_file()

    @pytest.mark.slow
    def test_second_run(self, made: tuple[Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A second run changes no file and shows the same, with paths that are quoted where the shell needs it.

        Where the report cannot be imported, that is told, and all else is as it is.
        """
        folder, first = made
        shutil.copytree(folder / "datacard-demo", tmp_path / "a b" / "c")
        before = files_below(tmp_path)
        monkeypatch.chdir(tmp_path)
        # Figures take most of the time of the demo.
        monkeypatch.setitem(sys.modules, "datacard_report.commands", None)
        result = datacard("demo", "a b/c")
        assert result.exit_code == 0, result.output
        expected = [
            re.sub(r"datacard-demo\S*", lambda path: shlex.quote(path[0].replace("datacard-demo", "a b/c")), line)
            if line.startswith("  ")
            else line.replace("datacard-demo", "a b/c")
            for line in first.stdout.splitlines()
            if not line.startswith("datacard-demo/report.html: ")
        ]
        assert result.stdout.splitlines() == expected
        assert len(expected) == len(first.stdout.splitlines()) - 1
        assert "no report: plugin 'report' (" in result.stderr
        assert files_below(tmp_path) == before

    @pytest.mark.slow
    def test_changed_files_stay(self, made: tuple[Path, Result], tmp_path: Path) -> None:
        """A changed file is an error that names it and the way out, and no file is written."""
        shutil.copy(made[0] / "datacard-demo" / "analysis.py", tmp_path)
        (tmp_path / "output_all.coffea").write_text("months of work")
        before = files_below(tmp_path)
        message = failed(datacard("demo", tmp_path))
        assert "output_all.coffea exists" in message
        assert "datacard demo DIRECTORY" in message
        assert files_below(tmp_path) == before


class TestBuild:
    @pytest.mark.slow
    def test_jobs(self, output: Path, script: Path) -> None:
        """Cards from several processes have the same bytes."""
        write(script)
        assert datacard("build", script, output, "-o", "one").exit_code == 0
        result = datacard("build", script, output, "-o", "two", "--jobs", 2)
        assert result.exit_code == 0, result.output
        assert "2 cards in two; combine them with: bash two/combine_datacards_2024.sh" in result.stdout
        assert files_below(Path("one")) == files_below(Path("two"))

    @pytest.mark.slow
    def test_without_data(self, output: Path, script: Path) -> None:
        """The table shows that there are no data."""
        result = datacard("build", write(script), output, "-o", "cards")
        assert entries(result.stdout, "data") == ["data", "none", "none"]

    @pytest.mark.slow
    def test_channel_masks(self, output: Path, script: Path) -> None:
        """The script has --channel-masks only with that option."""
        write(script, options="label='x'")
        for directory, *options in (["with", "--channel-masks"], ["without"]):
            assert datacard("build", script, output, "-o", directory, *options).exit_code == 0
            text = (Path(directory) / "combine_datacards_x.sh").read_text()
            assert ("--channel-masks" in text) == bool(options)

    @pytest.mark.slow
    def test_parts(self, output: Path, script: Path) -> None:
        """A dataset in two files is an error; with --parts it is summed."""
        copy = script.with_name("copy.coffea")
        copy.write_bytes(output.read_bytes())
        write(script)
        one, both = Path("one"), Path("both")
        message = failed(datacard("build", script, output, copy, "-o", both))
        assert "would count twice" in message
        assert all(name in message for name in ("dataset 'SignalSampleA_2024'", str(output), str(copy), "--parts"))
        assert not both.exists()
        assert datacard("build", script, output, copy, "-o", both, "--parts").exit_code == 0
        assert datacard("build", script, output, "-o", one).exit_code == 0
        single, double = (rates(directory / "datacard_SR_2024.txt") for directory in (one, both))
        assert double["ttbar"] == pytest.approx(2 * single["ttbar"])

    @pytest.mark.slow
    def test_several_files(self, script: Path) -> None:
        """Files of one dataset each give the yields of the merged file."""
        partial = sorted((SHARED_DATA / "partial").glob("*_2022_preEE*.coffea"))
        if not partial:
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        write(script, SMALL.replace('"2024"', '"2022_preEE"'))
        result = datacard("build", script, *partial, "-o", "cards")
        assert result.exit_code == 0, result.output
        whole = datacard("build", script, SHARED_DATA / "output_all.coffea", "-o", "whole")
        assert entries(result.stdout, "ttbar") == entries(whole.stdout, "ttbar")

    @pytest.mark.slow
    def test_problems_of_several_files(self, output: Path, script: Path) -> None:
        """The error has the problems of all files, and no card is written."""
        for name in ("a.coffea", "b.coffea"):
            Path(name).write_text("{}")
        message = failed(datacard("build", write(script), output, "a.coffea", "b.coffea", "-o", "cards"))
        assert "a.coffea is text" in message
        assert "b.coffea is text" in message
        assert not Path("cards").exists()

    @pytest.mark.slow
    def test_strict_analysis(self, output: Path, script: Path) -> None:
        """With strict=True, a warning is the error, and no card is written."""
        typo = "SystematicUncertainty('JERR', 'shape', ['ttbar'], ['2024'], 1.0)"
        write(script, SMALL.replace("Systematics([])", f"Systematics([{typo}])"), options="strict=True")
        message = failed(datacard("build", script, output, "-o", "cards"))
        assert "2 findings that strict refuses" in message
        assert "JER" in message
        assert not Path("cards").exists()

    @pytest.mark.slow
    def test_strict_options(self, output: Path, script: Path) -> None:
        """The options take the place of the script's strict, and add to what it accepts."""
        typo = "SystematicUncertainty('JERR', 'shape', ['ttbar'], ['2024'], 1.0)"
        cases: list[tuple[str, list[str], bool]] = [
            ("", ["--strict"], False),
            ("", ["--strict-on", "no-variation"], False),
            ("", ["--strict-on", "clipped"], True),
            ("", ["--strict-on", "clipped", "--strict-on", "no-variation"], False),
            ("", ["--strict", "--accept", "no-variation=made=later"], True),
            ("strict=True", ["--strict-on", "clipped"], True),
            ("strict=True", ["--accept", "no-variation=made=later"], True),
            ("strict=True, accept={'no-variation': 'x'}", ["--accept", "clipped=y"], True),
        ]
        for number, (in_script, options, made) in enumerate(cases):
            write(script, SMALL.replace("Systematics([])", f"Systematics([{typo}])"), options=in_script)
            result = datacard("build", script, output, "-o", f"cards{number}", *options)
            with case(in_script, *options):
                assert Path(f"cards{number}").exists() == made
                if made:
                    assert "warning [no-variation] " in result.stderr
                    assert ("(accepted: made=later)" in result.stderr) == ("no-variation=made=later" in options)
                else:
                    assert "[no-variation]" in failed(result)

    @pytest.mark.slow
    def test_wrong_strict_options(self, output: Path, script: Path) -> None:
        """Codes must be known, and accepted ones have reasons."""
        cases = [
            (["--strict", "--strict-on", "clipped"], "exclude each other"),
            (["--accept", "clipped"], "expected CODE=REASON"),
            (["--accept", "clipped= "], "expected CODE=REASON"),
            (["--accept", "clippd=few"], "did you mean 'clipped'"),
            (["--strict-on", "clippd"], "did you mean 'clipped'"),
        ]
        for options, said in cases:
            result = datacard("build", write(script), output, "-o", "cards", *options)
            with case(*options):
                assert result.exit_code != 0
                assert said in result.stderr
                assert not Path("cards").exists()

    @pytest.mark.slow
    def test_all_findings(self, output: Path, script: Path) -> None:
        """Findings keep their square brackets, and --all-findings shows every one."""
        names = [f"JER{number}" for number in range(12)]
        typos = ", ".join(f"SystematicUncertainty({name!r}, 'shape', ['ttbar'], ['2024'], 1.0)" for name in names)
        write(script, SMALL.replace("Systematics([])", f"Systematics([{typos}])"))
        few = datacard("build", script, output, "-o", "cards")
        every = datacard("build", script, output, "-o", "cards", "--all-findings")
        assert re.match(r"warning \[[a-z-]+\] SR_2024, ", few.stderr)
        assert "--all-findings" in few.stderr
        assert "--all-findings" not in every.stderr
        last = re.compile(r"^warning \[[a-z-]+\] SR_2024, CR1_2024, ttbar_2024, JER11", re.MULTILINE)
        assert last.search(every.stderr)
        assert not last.search(few.stderr)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "names"),
        [
            (["--plots"], {"acme", "other"}),
            (["--plot", "acme"], {"acme"}),
            (["--plot", "other", "--plot", "acme", "--plot", "other"], {"acme", "other"}),
            ([], set()),
        ],
    )
    def test_plots(self, options: list[str], names: set[str], output: Path, script: Path) -> None:
        """The requested plots are drawn beside the cards."""
        write(script, PLOTS + SMALL, "plugins=load_plugins('lnn', 'mcstats', 'combine', 'root', 'coffea', Own())")
        result = datacard("build", script, output, "-o", "cards", *options)
        assert result.exit_code == 0, result.output
        drawn = {path.name for path in Path("cards").glob("plots/*")}
        assert drawn == {f"{name}_{category}_2024.txt" for name in names for category in ("SR", "CR1")}
        assert (f"{len(drawn)} plots in cards/plots" in result.stdout) == bool(names)
        cards = {name for name in files_below(Path("cards")) if not name.startswith("plots")}
        assert len(cards) == 2 * 2 + 1

    @pytest.mark.slow
    def test_failing_plot(self, output: Path, script: Path) -> None:
        """The error names the plugin; the cards stay and there is no plot."""
        failing = PLOTS.replace("path.write_text(channel.bin)", "raise RuntimeError('out of ink')")
        write(script, failing + SMALL, "plugins=load_plugins('mcstats', 'combine', 'root', 'coffea', Own())")
        result = datacard("build", script, output, "-o", "cards", "--plots")
        assert result.exit_code == 1
        assert "plugin 'Own' (local): RuntimeError while drawing channel 'SR_2024' to '" in result.stderr
        assert "': out of ink" in result.stderr
        assert Path("cards", "datacard_SR_2024.txt").is_file()
        assert not Path("cards", "plots").exists()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--plot", "acne"], "no selected plugin provides the plot 'acne'.*did you mean 'acme'"),
            (["--source", "cofea"], "no selected plugin provides the histogram source 'cofea'.*did you mean 'coffea'"),
            (["--serializer", "rot"], "no selected plugin provides the template serializer 'rot'.*did you mean 'root'"),
            (["--writer", "combin"], "no selected plugin provides the card writer 'combin'.*did you mean 'combine'"),
        ],
    )
    def test_misspelt_name(self, options: list[str], message: str, script: Path) -> None:
        """The error of a misspelt name has the closest match, and comes before any file is read."""
        write(script, PLOTS + SMALL, "plugins=load_plugins('mcstats', 'combine', 'root', 'coffea', Own())")
        assert re.search(message, failed(datacard("build", script, "absent.coffea", "-o", "cards", *options)))

    @pytest.mark.slow
    def test_writer(self, output: Path, script: Path) -> None:
        """The card is the text of the named writer."""
        own = """
        from datacard_core import *

        class Bins(CardWriter):
            name = "bins"

            def render(self, card):
                return f"{card.channel.bin} {card.shapes_name}"

        class Own:
            @hookimpl
            def datacard_card_writers(self):
                return [Bins()]

        """
        write(script, textwrap.dedent(own) + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own())")
        result = datacard("build", script, output, "-o", "cards", "--writer", "bins")
        assert result.exit_code == 0, result.output
        assert Path("cards", "datacard_SR_2024.txt").read_text() == "SR_2024 shapes_SR_2024.root"
        assert list(Path("cards").glob("*.sh")) == []
        assert "there is no script to combine them: 'bins' writes no Combine cards" in result.stdout.replace("\n", " ")

    def test_no_plugin_with_plots(self, script: Path) -> None:
        """--plots is an error if no selected plugin has a plot."""
        write(script, options="plugins=load_plugins('mcstats', 'combine', 'root', 'coffea')")
        message = failed(datacard("build", script, "absent.coffea", "-o", "cards", "--plots"))
        assert "no selected plugin draws any" in message
        assert "'plots'" in message

    @pytest.mark.slow
    def test_source(self, output: Path, script: Path) -> None:
        """The named source reads the outputs."""
        write(script, READER + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own())")
        Path("link.txt").write_text(str(output))
        result = datacard("build", script, "link.txt", "-o", "cards", "--source", "link")
        assert result.exit_code == 0, result.output
        assert datacard("build", script, output, "-o", "usual").exit_code == 0
        assert rates(Path("cards", "datacard_SR_2024.txt")) == rates(Path("usual", "datacard_SR_2024.txt"))

    @pytest.mark.slow
    @pytest.mark.parametrize("directory", ["ana.py", "ana.py/below"])
    def test_file_in_place_of_the_directory(self, output: Path, script: Path, directory: str) -> None:
        """A file in the place of the directory is an error, and stays."""
        text = write(script).read_bytes()
        result = datacard("build", script, output, "-o", directory)
        assert result.exit_code in {1, 2}
        assert "ana.py" in failed(result, status=result.exit_code)
        assert script.read_bytes() == text

    @pytest.mark.slow  # a process
    @pytest.mark.skipif(sys.platform != "linux", reason="rights are dropped as Linux does it")
    def test_locked_directory(self, output: Path, script: Path) -> None:
        """The error names the directory that cannot be written, and no file is left."""
        locked = script.with_name("locked")
        locked.mkdir(mode=0o555)
        write(script)

        def build() -> None:
            drop_rights()
            results = [datacard("build", script, output, "-o", place) for place in (locked, locked / "below")]
            Path("results").write_text(json.dumps([[result.exit_code, result.stderr] for result in results]))

        assert forked(build) == 0
        results = json.loads(Path("results").read_text())
        assert len(results) == 2
        for status, message in results:
            assert status == 1
            assert re.fullmatch(r"Error: Permission denied: \S*locked\S*\n", message)
        assert list(locked.iterdir()) == []

    @pytest.mark.slow
    def test_read_only_card(self, output: Path, script: Path) -> None:
        """A card that is read-only is told with its path and the way out, and no file is new."""
        write(script)
        Path("cards").mkdir()
        Path("cards/datacard_SR_2024.txt").touch(0o444)
        told = failed(datacard("build", script, output, "-o", "cards"))
        path = Path("cards/datacard_SR_2024.txt").absolute()
        assert told == f"Error: the file is read-only: make it writable, or write to another directory: {path}\n"
        assert [file.name for file in Path("cards").iterdir()] == [path.name]

    @pytest.mark.slow  # a process
    def test_ctrl_c(self, output: Path, script: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Ctrl-C while cards are written leaves no file and no traceback, and tells which plugin was at work."""
        slow = """
        import time
        from pathlib import Path
        from datacard_core import *

        class Slow(TemplateSerializer):
            name = "root"

            def write(self, templates, path):
                Path("writing").touch()
                time.sleep(600)

        class Own:
            @hookimpl
            def datacard_template_serializers(self):
                return [Slow()]

        """
        write(script, textwrap.dedent(slow) + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own(), block={'root'})")
        folder = tmp_path_factory.mktemp("program")
        streams = {"stdin": os.devnull, "stdout": str(folder / "stdout"), "stderr": str(folder / "stderr")}
        for name in ("stdout", "stderr"):
            (folder / name).touch()
        arguments = ["build", str(script), str(output), "-o", "new/cards"]
        running = start({"arguments": arguments, "streams": streams}, folder, script.parent)
        wait_for(Path("writing"), running)
        os.kill(running.pid, signal.SIGINT)
        # A lost interrupt lasts longer than that; a busy machine does not.
        assert running.wait(90) == 1
        path = str(Path("new/cards/shapes_SR_2024.dat").absolute())
        told = f"interrupted: in plugin 'Own' (local), writing the templates of channel 'SR_2024' to {path!r}"
        assert (folder / "stdout").read_text() == ""
        assert (folder / "stderr").read_text().split("\n\n") == [told, "Aborted!\n"]
        assert not Path("new").exists()


class TestConvert:
    @pytest.fixture
    def card(self, tmp_path: Path) -> Path:
        path = tmp_path / "card.txt"
        path.write_text(f"{HEAD}bn lnU 1.02 1.02 1.02 1.02 1.02\n", encoding="utf-8")
        return path

    @pytest.mark.slow
    def test_losses(self, card: Path) -> None:
        """The paths are on standard output, and the losses on standard error."""
        result = datacard("convert", card, "-o", card.with_name("model.json"), "--to", "pyhf")
        assert result.exit_code == 0, result.output
        assert [line.rpartition("/")[2] for line in result.stdout.split()] == ["model.json_losses.txt", "model.json"]
        assert "[export.density]" in result.stderr
        assert json.loads(card.with_name("model.json").read_text(encoding="utf-8"))["version"] == "1.0.0"

    @pytest.mark.slow
    def test_strict(self, card: Path) -> None:
        """With --strict a loss is an error that names it."""
        result = datacard("convert", card, "-o", card.with_name("model.json"), "--to", "hs3", "--strict")
        assert "uniform between -1 and 1" in failed(result)

    @pytest.mark.slow
    def test_own_card(self, card: Path) -> None:
        """The card itself is not overwritten."""
        before = card.read_bytes()
        result = datacard("convert", card, "-o", card)
        assert result.exit_code == 2
        assert card.read_bytes() == before


def wait_for(path: Path, running: Fork) -> None:
    """Wait until a process has written a file."""
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.02)


def drop_rights() -> None:
    """Give up the special rights of the superuser, to write and to read where the mode of a file forbids it."""
    # The version of the structure and this process; then no rights of any kind.
    ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
