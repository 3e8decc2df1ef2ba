"""The command `datacard`, as somebody types it: what it shows, what it leaves, and how it says what is wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from datacard_core import API_VERSION, DEFAULT_PLUGINS, __version__
from datacard_core.cli import commands as cli
from datacard_core.demo import write_demo
from datacard_core.execution import dask as clusters
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from click.testing import Result

    from tests.conftest import Install

DATACARD = Path(sysconfig.get_path("scripts")) / "datacard"
REAL = SHARED_DATA
DROP_RIGHTS = """
import ctypes, os, sys
for capability in (1, 2):  # to write and to read where the mode of a file forbids it
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Run a program without what the superuser may do beyond others."""

CARDS = {
    "combine_datacards_run3.sh",
    *(f"datacard_{category}_run3.txt" for category in ("SR", "CR1", "CR2")),
    *(f"shapes_{category}_run3.root" for category in ("SR", "CR1", "CR2")),
}
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
"""What comes before an analysis with plots of its own."""

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
"""What comes before an analysis with a source of its own: of files that name another."""


def datacard(*arguments: object) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def process(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DATACARD), *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, **options
    )


def failed(result: Result, status: int = 1) -> str:
    """The one message of a command that failed as it should."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert len(re.findall(r"^Error: ", result.stderr, re.MULTILINE)) == 1
    return result.stderr


def cells(text: str, first: str) -> list[str]:
    """The cells of the row of a table that starts so."""
    (line,) = [line for line in text.splitlines() if re.match(rf"[│┃] {re.escape(first)} +[│┃]", line)]
    return [cell.strip() for cell in line.strip("│┃").split(line[0])]


def contents_of(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, hidden ones too."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def rates(card: Path) -> Counter[str]:
    """The sum over years of each process, as its card has it."""
    lines = [line.split() for line in card.read_text(encoding="utf-8").splitlines() if line]
    columns = next(line[1:] for line in lines if line[0] == "process")
    values = next(line[1:] for line in lines if line[0] == "rate")
    sums: Counter[str] = Counter()
    for column, value in zip(columns, values, strict=True):
        sums[column.partition("_20")[0]] += float(value)  # type: ignore[assignment]
    return sums


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder where `datacard demo` was run, and what it said; nobody may change it."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, process("demo", cwd=folder)


@pytest.fixture(scope="module")
def output(made: tuple[Path, object]) -> Path:
    return made[0] / "datacard-demo" / "output_all.coffea"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an analysis script goes; relative paths are those of its folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ana.py"


def write(script: Path, text: str = SMALL, options: str = "") -> Path:
    script.write_text(textwrap.dedent(text).replace("**OPTIONS,", options), encoding="utf-8")
    return script


class TestHelp:
    @pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
    def test_is_shown_without_a_command_too(self, arguments: list[str]) -> None:
        result = datacard(*arguments)
        assert result.exit_code == 0
        assert "datacard demo" in result.stdout
        assert all(re.search(rf"^  {command} +\w.*\.$", result.stdout, re.MULTILINE) for command in cli.main.commands)

    @pytest.mark.parametrize("command", sorted(cli.main.commands))
    def test_of_every_command_has_an_example(self, command: str) -> None:
        result = datacard(command, "-h")
        assert result.exit_code == 0
        assert re.search(rf"^  Examples?:\n    datacard {command}", result.stdout, re.MULTILINE)

    def test_the_version_is_the_packages(self) -> None:
        assert datacard("--version").stdout == f"datacard, version {__version__}\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["biuld"], "No such command 'biuld'. Did you mean 'build'?"),
            (["inspect"], "Missing argument 'OUTPUT...'"),
            (["build", __file__, "-o", "cards"], "Missing argument 'OUTPUT...'"),
            (["build", __file__, "all.coffea"], "Missing option '-o' / '--directory'"),
            (["build", "absent.py", "all.coffea", "-o", "cards"], "'absent.py' does not exist"),
            (["build", __file__, "all.coffea", "-o", __file__], "is a file"),
            (["build", __file__, "all.coffea", "-o", "cards", "-j", "0"], "0 is not in the range"),
            (["build", __file__, "a.coffea", "-o", "c", "-j", "2", "--scheduler", "tcp://h:1"], "exclude each other"),
            (["build", __file__, "a.coffea", "-o", "c", "--plots", "--plot", "stack"], "exclude each other"),
            (["new-plugin"], "Missing argument 'NAME'"),
            (["plugins", "absent.py"], "'absent.py' does not exist"),
            (["demo", __file__], "is a file"),
        ],
    )
    def test_wrong_usage_is_told_with_status_2(self, arguments: list[str], message: str) -> None:
        assert message in failed(datacard(*arguments), status=2)


class TestDemo:
    def test_makes_its_files_and_the_cards_in_a_folder_of_its_own(
        self, made: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        folder, result = made
        assert result.returncode == 0, result.stderr
        assert [path.name for path in folder.iterdir()] == ["datacard-demo"]
        expected = {"output_all.coffea", "analysis.py", *(f"cards/{name}" for name in CARDS)}
        assert set(contents_of(folder / "datacard-demo")) == expected

    def test_shows_the_rates_of_the_cards(self, made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        folder, result = made
        assert cells(result.stdout, "process") == ["process", "SR", "CR1", "CR2"]
        for position, category in enumerate(("SR", "CR1", "CR2"), start=1):
            expected = rates(folder / "datacard-demo" / "cards" / f"datacard_{category}_run3.txt")
            for name, rate in expected.items():
                assert cells(result.stdout, name)[position] == f"{rate:.2f}"
            background = sum(rate for name, rate in expected.items() if name != "signal")
            assert cells(result.stdout, "background")[position] == f"{background:.2f}"

    def test_what_it_says_to_run_next_works(self, made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
        folder, result = made
        (inspect, build, combine) = re.findall(
            r"^  (datacard inspect .*|datacard build .*|bash \S+)", result.stdout, re.MULTILINE
        )
        for command in (inspect, build):
            again = process(*shlex.split(command)[1:], cwd=folder)
            assert again.returncode == 0, again.stderr
        mine = contents_of(folder / "datacard-demo" / "mine")
        assert mine == contents_of(folder / "datacard-demo" / "cards")
        assert (folder / shlex.split(combine)[1]).is_file()

    def test_its_output_has_no_escape_codes_and_no_folded_lines_where_it_goes_to_a_file(
        self, made: tuple[Path, subprocess.CompletedProcess[str]]
    ) -> None:
        _, result = made
        assert "\x1b" not in result.stdout + result.stderr
        assert max(map(len, result.stdout.splitlines())) > 80
        assert all(line.startswith("notice [empty-dataset] ") for line in result.stderr.splitlines())

    def test_a_second_time_it_changes_nothing(self, tmp_path: Path) -> None:
        first = datacard("demo", tmp_path / "a b" / "c")
        before = contents_of(tmp_path)
        assert datacard("demo", tmp_path / "a b" / "c").stdout == first.stdout
        assert contents_of(tmp_path) == before

    @pytest.mark.parametrize("name", ["analysis.py", "output_all.coffea"])
    def test_files_that_were_changed_stay_and_another_folder_is_the_way_out(self, tmp_path: Path, name: str) -> None:
        write_demo(tmp_path)
        (tmp_path / name).write_text("months of work")
        before = contents_of(tmp_path)
        message = failed(datacard("demo", tmp_path))
        assert f"{name} exists" in message
        assert "datacard demo DIRECTORY" in message
        assert contents_of(tmp_path) == before


class TestBuild:
    def test_the_bytes_are_the_same_in_several_processes(self, output: Path, script: Path) -> None:
        write(script)
        assert datacard("build", script, output, "-o", "one").exit_code == 0
        result = datacard("build", script, output, "-o", "two", "--jobs", 2)
        assert result.exit_code == 0, result.output
        assert "2 cards in two; combine them with: bash two/combine_datacards_2024.sh" in result.stdout
        assert contents_of(Path("one")) == contents_of(Path("two"))

    def test_without_data_the_table_says_so(self, output: Path, script: Path) -> None:
        result = datacard("build", write(script), output, "-o", "cards")
        assert cells(result.stdout, "data") == ["data", "none", "none"]

    def test_masks_reach_the_script_only_when_asked_for(self, output: Path, script: Path) -> None:
        write(script, options="label='x'")
        for directory, *options in (["with", "--channel-masks"], ["without"]):
            assert datacard("build", script, output, "-o", directory, *options).exit_code == 0
            text = (Path(directory) / "combine_datacards_x.sh").read_text()
            assert ("--channel-masks" in text) == bool(options)

    def test_a_dataset_in_two_files_is_an_error_unless_they_are_parts(self, output: Path, script: Path) -> None:
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

    def test_takes_all_files_that_make_one_output(self, script: Path) -> None:
        partial = sorted((REAL / "partial").glob("*_2022_preEE*.coffea"))
        if not partial:
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        write(script, SMALL.replace('"2024"', '"2022_preEE"'))
        result = datacard("build", script, *partial, "-o", "cards")
        assert result.exit_code == 0, result.output
        whole = datacard("build", script, REAL / "output_all.coffea", "-o", "whole")
        assert cells(result.stdout, "ttbar") == cells(whole.stdout, "ttbar")

    def test_all_that_is_wrong_with_several_files_is_told_at_once(self, output: Path, script: Path) -> None:
        for name in ("a.coffea", "b.coffea"):
            Path(name).write_text("{}")
        message = failed(datacard("build", write(script), output, "a.coffea", "b.coffea", "-o", "cards"))
        assert "a.coffea is text" in message
        assert "b.coffea is text" in message
        assert not Path("cards").exists()

    def test_in_a_strict_analysis_warnings_are_the_error(self, output: Path, script: Path) -> None:
        typo = "SystematicUncertainty('JERR', 'shape', ['ttbar'], ['2024'], 1.0)"
        write(script, SMALL.replace("Systematics([])", f"Systematics([{typo}])"), options="strict=True")
        message = failed(datacard("build", script, output, "-o", "cards"))
        assert "strict=True" in message
        assert "JER" in message
        assert not Path("cards").exists()

    def test_findings_keep_their_square_brackets_and_all_are_shown_when_asked_for(
        self, output: Path, script: Path
    ) -> None:
        names = [f"JER{number}" for number in range(6)]
        typos = ", ".join(f"SystematicUncertainty({name!r}, 'shape', ['ttbar'], ['2024'], 1.0)" for name in names)
        write(script, SMALL.replace("Systematics([])", f"Systematics([{typos}])"))
        few = datacard("build", script, output, "-o", "cards")
        every = datacard("build", script, output, "-o", "cards", "--all-findings")
        assert re.match(r"warning \[[a-z-]+\] SR_2024, ", few.stderr)
        assert "--all-findings" in few.stderr
        assert "--all-findings" not in every.stderr
        last = re.compile(r"^warning \[[a-z-]+\] CR1_2024, ttbar_2024, JER5", re.MULTILINE)
        assert last.search(every.stderr)
        assert not last.search(few.stderr)

    @pytest.mark.parametrize(
        ("options", "names"),
        [
            (["--plots"], {"acme", "other"}),
            (["--plot", "acme"], {"acme"}),
            (["--plot", "other", "--plot", "acme", "--plot", "other"], {"acme", "other"}),
            ([], set()),
        ],
    )
    def test_draws_the_plots_that_are_asked_for_beside_the_same_cards(
        self, options: list[str], names: set[str], output: Path, script: Path
    ) -> None:
        write(script, PLOTS + SMALL, "plugins=load_plugins('lnn', 'mcstats', 'combine', 'root', 'coffea', Own())")
        result = datacard("build", script, output, "-o", "cards", *options)
        assert result.exit_code == 0, result.output
        drawn = {path.name for path in Path("cards").glob("plots/*")}
        assert drawn == {f"{name}_{category}_2024.txt" for name in names for category in ("SR", "CR1")}
        assert (f"{len(drawn)} plots in cards/plots" in result.stdout) == bool(names)
        cards = {name for name in contents_of(Path("cards")) if not name.startswith("plots")}
        assert len(cards) == 2 * 2 + 1

    def test_a_plot_that_fails_leaves_the_cards_and_no_plot(self, output: Path, script: Path) -> None:
        failing = PLOTS.replace("path.write_text(channel.bin)", "raise RuntimeError('out of ink')")
        write(script, failing + SMALL, "plugins=load_plugins('mcstats', 'combine', 'root', 'coffea', Own())")
        result = datacard("build", script, output, "-o", "cards", "--plots")
        assert result.exit_code == 1
        assert "plugin 'Own' (local): RuntimeError while drawing channel 'SR_2024': out of ink" in result.stderr
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
    def test_a_misspelt_name_is_told_before_anything_is_done(
        self, options: list[str], message: str, script: Path
    ) -> None:
        write(script, PLOTS + SMALL, "plugins=load_plugins('mcstats', 'combine', 'root', 'coffea', Own())")
        assert re.search(message, failed(datacard("build", script, "absent.coffea", "-o", "cards", *options)))

    def test_writes_cards_with_the_writer_that_is_named(self, output: Path, script: Path) -> None:
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

    def test_without_a_plugin_that_draws_plots_are_an_error(self, script: Path) -> None:
        write(script, options="plugins=load_plugins('mcstats', 'combine', 'root', 'coffea')")
        message = failed(datacard("build", script, "absent.coffea", "-o", "cards", "--plots"))
        assert "no selected plugin draws any" in message
        assert "'plots'" in message

    def test_reads_outputs_with_the_source_that_is_named(self, output: Path, script: Path) -> None:
        write(script, READER + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own())")
        Path("link.txt").write_text(str(output))
        result = datacard("build", script, "link.txt", "-o", "cards", "--source", "link")
        assert result.exit_code == 0, result.output
        assert datacard("build", script, output, "-o", "usual").exit_code == 0
        assert rates(Path("cards", "datacard_SR_2024.txt")) == rates(Path("usual", "datacard_SR_2024.txt"))

    @pytest.mark.parametrize("directory", ["ana.py", "ana.py/below"])
    def test_a_file_where_the_directory_should_be_stays(self, output: Path, script: Path, directory: str) -> None:
        text = write(script).read_bytes()
        result = datacard("build", script, output, "-o", directory)
        assert result.exit_code in {1, 2}
        assert "ana.py" in failed(result, status=result.exit_code)
        assert script.read_bytes() == text

    @pytest.mark.skipif(sys.platform != "linux", reason="rights are dropped as Linux does it")
    def test_a_directory_that_cannot_be_written_is_named(self, output: Path, script: Path) -> None:
        locked = script.with_name("locked")
        locked.mkdir(mode=0o555)
        command = [sys.executable, "-c", DROP_RIGHTS, str(DATACARD), "build", str(write(script)), str(output)]
        for directory in ("locked", "locked/below"):
            result = subprocess.run([*command, "-o", directory], capture_output=True, text=True, check=False)
            assert result.returncode == 1
            assert re.fullmatch(r"Error: Permission denied: \S*locked\S*\n", result.stderr)
        assert list(locked.iterdir()) == []

    def test_no_scheduler_at_the_address_is_told_soon(
        self, output: Path, script: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("distributed")
        monkeypatch.setattr(clusters, "SCHEDULER_TIMEOUT", 0.5)
        for address in ("tcp://127.0.0.1:1", "nonsense", "smtp://127.0.0.1:1"):
            message = failed(datacard("build", write(script), output, "-o", "cards", "--scheduler", address))
            assert f"no Dask scheduler answers at '{address}'" in message
            assert "tcp://host:8786" in message
        assert not Path("cards").exists()

    def test_on_a_cluster_the_bytes_are_the_same_and_paths_need_not_be_absolute(
        self, output: Path, script: Path
    ) -> None:
        distributed = pytest.importorskip("distributed")
        options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
        with distributed.LocalCluster(**options) as cluster:
            elsewhere = script.with_name("elsewhere")
            elsewhere.mkdir()
            os.chdir(elsewhere)
            relative = os.path.relpath(output)
            result = datacard("build", write(script), relative, "-o", "a", "--scheduler", cluster.scheduler_address)
            assert result.exit_code == 0, result.output
        datacard("build", script, output, "-o", "b")
        assert contents_of(Path("a")) == contents_of(Path("b"))


class TestScript:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x = 1\ny = (", r"ana\.py, line 2: SyntaxError: '\(' was never closed$"),
            ("x = 1\n\nx / 0", r"ana\.py, line 3: ZeroDivisionError: division by zero$"),
            ("assert False", r"ana\.py, line 1: AssertionError$"),
            ("import sys\nsys.exit('enough')", r"ana\.py, line 2: it ends with sys\.exit\('enough'\)$"),
            ("import no_such_module", r"ana\.py, line 1: ModuleNotFoundError: No module named 'no_such_module'$"),
            ("open('absent.txt')", r"ana\.py, line 1: FileNotFoundError: .*'absent\.txt'$"),
            ("years = 2022", r"ana\.py: it defines no 'analysis', expected analysis = Analysis\(\.\.\.\)"),
            ("analysis = {'SR': 1}", r"ana\.py: its 'analysis' is a dict, expected analysis = Analysis\(\.\.\.\)"),
            (
                SMALL.replace("analysis =", "mine ="),
                r"it defines no 'analysis'.*; it has 'mine': call that 'analysis'$",
            ),
            ("from datacard_core import Datacard", r"; a script that makes its cards itself is run by Python: python "),
            ("\n\nfrom datacard_core import *\nMCProcesses([1])", r"(?s)MCProcess.*\n  \(.*ana\.py, line 4\)$"),
        ],
    )
    def test_what_is_wrong_with_it_is_told_with_the_line(
        self, text: str, message: str, output: Path, script: Path
    ) -> None:
        found = failed(datacard("build", write(script, text, "label='x'"), output, "-o", "cards"))
        assert re.search(message, found.rstrip())
        assert not Path("cards").exists()

    def test_what_is_wrong_in_a_module_beside_it_is_told_there(self, output: Path, script: Path) -> None:
        script.with_name("ana_broken.py").write_text("x = (\n")
        message = failed(datacard("build", write(script, "import ana_broken"), output, "-o", "cards"))
        assert re.search(r"ana_broken\.py, line 1: SyntaxError", message)

    def test_arguments_in_the_wrong_order_are_recognised(self, output: Path, script: Path) -> None:
        message = failed(datacard("build", output, write(script), "-o", "cards"))
        assert "output_all.coffea is no Python script: ANALYSIS.py comes first" in message

    def test_may_import_what_is_beside_it_wherever_it_is_called_from(
        self, output: Path, script: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        script.with_name("ana_helper.py").write_text("label = 'from_beside'\n")
        write(script, "from ana_helper import label\n" + SMALL, "label=label")
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        result = process("build", script, output, "-o", "cards", cwd=elsewhere)
        assert result.returncode == 0, result.stderr
        assert (elsewhere / "cards" / "datacard_SR_from_beside.txt").is_file()

    def test_sees_no_arguments_of_ours_and_the_current_directory(self, output: Path, script: Path) -> None:
        Path("label.txt").write_text("from_file")
        head = "import argparse, pathlib\nargparse.ArgumentParser().parse_args()\n"
        write(script, head + SMALL, "label=pathlib.Path('label.txt').read_text()")
        arguments, path, modules = list(sys.argv), list(sys.path), set(sys.modules)
        assert datacard("build", script, output, "-o", "cards").exit_code == 0
        assert Path("cards", "datacard_SR_from_file.txt").is_file()
        assert (sys.argv, sys.path) == (arguments, path)
        assert "datacard_analysis" not in set(sys.modules) - modules

    def test_may_have_plugins_of_its_own_that_import_late_and_work_in_other_processes(
        self, output: Path, script: Path
    ) -> None:
        script.with_name("ana_late.py").write_text("message = 'imported at last'\n")
        own = """
        from datacard_core import *

        class Late(Check):
            name = "late"

            def run(self, channel):
                from ana_late import message
                yield warning("late", message)

        class Own:
            @hookimpl
            def datacard_checks(self):
                return [Late()]

        """
        write(script, textwrap.dedent(own) + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own())")
        for jobs in (1, 2):
            result = datacard("build", script, output, "-o", "cards", "-j", jobs)
            assert result.exit_code == 0, result.output
            assert "warning [late] SR_2024: imported at last" in result.stderr


class TestErrors:
    @pytest.mark.parametrize("arguments", [["--debug", "inspect", "absent"], ["inspect", "--debug", "absent"]])
    def test_have_a_traceback_only_when_asked_for(self, arguments: list[str]) -> None:
        result = datacard(*arguments)
        assert result.exit_code == 1
        assert "Traceback (most recent call last):" in result.stderr
        assert result.stderr.rstrip().endswith("InputError: absent does not exist")
        assert failed(datacard("inspect", "absent")) == "Error: absent does not exist\n"

    def test_with_debug_the_line_of_the_script_is_in_the_traceback(self, output: Path, script: Path) -> None:
        result = datacard("build", "--debug", write(script, "\n1 / 0"), output, "-o", "cards")
        assert re.search(r'File ".*ana\.py", line 2', result.stderr)

    def test_that_nobody_expected_say_how_to_see_more(self, output: Path, script: Path) -> None:
        write(script, SMALL + "\nobject.__setattr__(analysis, 'categories', 1)")
        message = failed(datacard("build", script, output, "-o", "cards"))
        assert message.endswith("This is unexpected; run again with --debug to see where.\n")

    def test_of_a_plugin_name_it(self, output: Path, script: Path, install: Install) -> None:
        install(
            "acme",
            """
            from datacard_core import Check, hookimpl

            class Acme(Check):
                name = "acme"
                def run(self, channel):
                    raise RuntimeError("[bold] out of order :warning:")

            @hookimpl
            def datacard_checks():
                return [Acme()]
            """,
        )
        write(script, options="plugins=load_plugins(*DEFAULT_PLUGINS, 'acme')")
        message = failed(datacard("build", script, output, "-o", "cards"))
        assert "plugin 'acme' (acme 1.0): RuntimeError" in message
        assert "[bold] out of order :warning:" in message

    @pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal to one process there")
    def test_ctrl_c_while_writing_leaves_no_file_and_no_traceback(self, output: Path, script: Path) -> None:
        slow = """
        import time
        from pathlib import Path
        from datacard_core import *

        class Slow(TemplateSerializer):
            name = "root"

            def write(self, templates, path):
                Path("writing").touch()
                time.sleep(60)

        class Own:
            @hookimpl
            def datacard_template_serializers(self):
                return [Slow()]

        """
        write(script, textwrap.dedent(slow) + SMALL, "plugins=load_plugins(*DEFAULT_PLUGINS, Own(), block={'root'})")
        command = [str(DATACARD), "build", str(script), str(output), "-o", "new/cards"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            wait_for(Path("writing"), running)
            running.send_signal(signal.SIGINT)
            stdout, stderr = running.communicate(timeout=10)
        assert (running.returncode, stdout, stderr.strip()) == (1, "", "Aborted!")
        assert not Path("new").exists()

    @pytest.mark.parametrize("closed", [("stdout",), ("stdout", "stderr")])
    def test_a_reader_that_has_seen_enough_is_none(self, closed: tuple[str, ...], output: Path, script: Path) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [str(DATACARD), "build", str(write(script)), str(output), "-o", "cards"]
        result = subprocess.run(command, check=False, text=True, **(streams | dict.fromkeys(closed, writing)))
        os.close(writing)
        assert "Broken" not in f"{result.stdout}{result.stderr}"
        assert "Traceback" not in f"{result.stdout}{result.stderr}"
        assert Path("cards", "datacard_SR_2024.txt").is_file()


def wait_for(path: Path, running: subprocess.Popen[str]) -> None:
    """Wait until a process has made a file."""
    end = time.monotonic() + 20
    while not path.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


class TestInspect:
    def test_lists_what_the_demo_has(self, output: Path) -> None:
        result = datacard("inspect", output)
        assert result.exit_code == 0
        assert result.stderr == ""
        assert cells(result.stdout, "nJets") == ["nJets", "events.nJets", "8", "4 to 12", "CR1, CR2, SR"]
        assert re.search(r"│ TTbar +(│ 2 +){5}│", result.stdout)
        assert re.search(r"│ DATA_EGamma +(│ 1 +){5}│", result.stdout)
        assert re.search(r"│ DATA_EGamma +│ none +│", result.stdout)
        assert re.search(r"│ VV +│ JER, JES_Absolute, .*, sf_mu_id +│", result.stdout)

    def test_lists_the_real_output_with_a_variable_that_no_card_can_use(self) -> None:
        if not (REAL / "output_all.coffea").exists():
            pytest.skip("the real output of PocketCoffea is not in this checkout")
        result = datacard("inspect", REAL / "output_all.coffea")
        assert result.exit_code == 0, result.output
        assert cells(result.stdout, "control_var_1")[-1] == "CR1, CR2, SR"
        assert cells(result.stdout, "discriminant")[-1] == "CR1, CR2, SR, inclusive"
        assert cells(result.stdout, "disc_vs_nJets")[1] == "not for a card"
        assert "disc_vs_nJets: it has 2 variable axes" in result.stdout
        assert "sf_vjets_hf" in result.stdout
        assert re.search(r"│ Vjets__hf +│ 2 +│ 2 +│ 2 +│", result.stdout)

    @pytest.mark.parametrize("year", ["2022_preEE", "2023_preBPix"])
    def test_a_file_without_histograms_is_told_to_have_none(self, year: str) -> None:
        file = REAL / "partial" / f"output_VV_ZZ_{year}.coffea"
        if not file.exists():
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        result = datacard("inspect", file)
        assert result.exit_code == 0, result.output
        assert cells(result.stdout, "discriminant")[1] == "no histogram"
        assert re.search(r"│ VV +│ 1 +│", result.stdout)
        assert re.search(r"│ VV +│ no histogram +│", result.stdout)

    def test_several_files_are_one_output(self) -> None:
        files = sorted((REAL / "partial").glob("*TTbar*.coffea"))
        if not files:
            pytest.skip("the real outputs of PocketCoffea are not in this checkout")
        result = datacard("inspect", *files)
        assert re.search(r"│ TTbar +│ 2 +│ 2 +│ 2 +│", result.stdout)

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.coffea", b"", "a.coffea is empty"),
            ("a.json", b'{"a": 1}', "a.json is text, such as JSON"),
            ("a.root", b"root\0\0", "a.root is a ROOT file"),
            ("a.coffea", b"\x04\x22\x4d\x18 and no more", "a.coffea"),
        ],
    )
    def test_a_file_that_is_no_output_is_told_for_what_it_is(
        self, name: str, content: bytes, message: str, tmp_path: Path
    ) -> None:
        (tmp_path / name).write_bytes(content)
        assert message in failed(datacard("inspect", tmp_path / name))


KIND = """
from datacard_core import SystematicKind, hookimpl

class Gamma(SystematicKind):
    typ = "gmN[7]"
    def effects(self, target):
        return ()

@hookimpl
def datacard_systematic_kinds():
    return [Gamma()]
"""


class TestPlugins:
    def test_the_built_in_ones_are_selected_and_work(self) -> None:
        result = datacard("plugins")
        assert result.exit_code == 0
        for name in DEFAULT_PLUGINS:
            row = cells(result.stdout, name)
            assert (row[1:4], row[5]) == (["datacard-core", __version__, "yes"], "ok")
        assert cells(result.stdout, "lnn")[4] == "kinds: lnN"

    def test_one_that_works_is_listed_with_what_it_brings_when_it_is_checked(self, install: Install) -> None:
        install("acme_gmn", KIND, distribution="acme-gmn", version="2.3")
        assert cells(datacard("plugins").stdout, "acme_gmn")[3:] == ["no", "", "not looked into"]
        row = cells(datacard("plugins", "--check").stdout, "acme_gmn")
        assert row == ["acme_gmn", "acme-gmn", "2.3", "no", "kinds: gmN[7]", "ok"]

    def test_nothing_is_imported_that_is_not_selected(self, install: Install) -> None:
        install("acme_unseen", "raise RuntimeError('imported')")
        for options in ([], ["--json"]):
            assert datacard("plugins", *options).exit_code == 0
        assert "acme_unseen" not in sys.modules

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("raise RuntimeError('[red] out of order :warning:')", "RuntimeError: [red] out of order :warning:"),
            ("import sys\nsys.exit(3)", "SystemExit: 3"),
            ("raise BaseException('enough')", "BaseException: enough"),
            ("import no_such_module", "No module named 'no_such_module'"),
            ("def (", "SyntaxError"),
            ("x = 1", "implements none of the hooks"),
            (KIND.replace("return [Gamma()]", "raise SystemExit(3)"), "SystemExit while contributing"),
        ],
    )
    def test_a_broken_one_is_told_with_the_reason_after_all_are_shown(
        self, source: str, reason: str, install: Install
    ) -> None:
        install("acme", source)
        assert datacard("plugins").exit_code == 0
        result = datacard("plugins", "--check")
        assert result.exit_code == 1
        assert cells(result.stdout, "acme") == ["acme", "acme", "1.0", "no", "", "broken"]
        (line,) = [line for line in result.stdout.splitlines() if line.startswith("plugin 'acme' (acme 1.0): ")]
        assert reason in line
        assert cells(result.stdout, "lnn")[-1] == "ok"
        assert result.stderr == ""

    def test_what_is_broken_without_being_imported_is_told_without_checking(self, install: Install) -> None:
        install("one", entry_points={"acme": "one"})
        install("two", entry_points={"acme": "two"})
        install("unreadable", entry_points_text="[datacard_core.plugins]\nacme\n", version="0.3")
        result = datacard("plugins")
        assert result.exit_code == 0
        assert len(re.findall(r"^│ acme +│ (?:one|two) +│ 1\.0 .*│ broken │$", result.stdout, re.MULTILINE)) == 2
        assert len(re.findall(r"^plugin 'acme' comes from several", result.stdout, re.MULTILINE)) == 1
        assert cells(result.stdout, "?") == ["?", "unreadable", "0.3", "no", "", "broken"]
        assert "unreadable 0.3: the entry points in its metadata cannot be read" in result.stdout
        assert datacard("plugins", "--check").exit_code == 1

    def test_with_json_there_is_one_document_whatever_plugins_print(self, install: Install, tmp_path: Path) -> None:
        folder = install(
            "acme",
            """
            import os, subprocess, sys
            print("one")
            print("two", file=sys.__stdout__)
            os.write(1, b"three")
            subprocess.run([sys.executable, "-c", "print('four')"], check=True)
            """
            + KIND.replace("return [Gamma()]", 'print("five")\n    return [Gamma()]').replace("\n", "\n" + " " * 12),
        )
        path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": ""}
        result = process("plugins", "--check", "--json", cwd=tmp_path, env=environment)
        (acme,) = [plugin for plugin in json.loads(result.stdout)["plugins"] if plugin["name"] == "acme"]
        assert acme["status"] == "ok"
        assert acme["provides"]["kinds"] == {"gmN[7]": {"options": {}}}
        assert all(word in result.stderr for word in ("one", "two", "three", "four", "five"))

    def test_the_json_is_the_same_each_time_and_sorted(self, install: Install) -> None:
        install("acme", "raise RuntimeError('\\udcff')")
        first, second = (datacard("plugins", "--check", "--json") for _ in range(2))
        assert (first.exit_code, second.exit_code) == (1, 1)
        assert first.stdout == second.stdout
        document = json.loads(first.stdout)
        assert first.stdout == json.dumps(document, indent=2, sort_keys=True) + "\n"
        assert document["api"] == API_VERSION
        assert [plugin["name"] for plugin in document["plugins"] if plugin["status"] == "broken"] == ["acme"]

    def test_of_an_analysis_those_that_it_selects_are_told_and_those_that_it_brings(
        self, script: Path, install: Install
    ) -> None:
        install("acme", KIND)
        script.with_name("ana_own.py").write_text(KIND.replace("gmN[7]", "ownKind"))
        head = "import ana_own\nprint('hello')\n"
        write(script, head + SMALL, "plugins=load_plugins('acme', 'lnn', ana_own)")
        result = datacard("plugins", script)
        assert result.exit_code == 0, result.output
        assert cells(result.stdout, "acme")[3:] == ["yes", "kinds: gmN[7]", "ok"]
        assert cells(result.stdout, "ana_own") == ["ana_own", "local", "-", "yes", "kinds: ownKind", "ok"]
        assert cells(result.stdout, "checks")[3:] == ["no", "", "not looked into"]
        assert "hello" not in result.stdout
        assert json.loads(datacard("plugins", script, "--json").stdout)["plugins"][0]["name"] == "acme"

    def test_that_an_analysis_cannot_select_together_are_its_error(self, script: Path, install: Install) -> None:
        for name in ("one", "two"):
            install(name, KIND)
        write(script, options="plugins=load_plugins('one', 'two')")
        message = failed(datacard("plugins", script))
        assert "plugin 'two' (two 1.0): SystematicKind 'gmN[7]' is also provided by plugin 'one' (one 1.0)" in message
        assert "ana.py, line " in message


class TestNewPlugin:
    def test_what_it_says_to_do_next_names_what_it_has_written(self, script: Path) -> None:
        result = datacard("new-plugin", "Acme.GMN", "--directory", "a b")
        assert result.exit_code == 0, result.output
        folder = script.parent / "a b" / "datacard-acme-gmn"
        assert folder.is_dir()
        install, test = re.findall(r"^  python -m (.*)$", result.stdout, re.MULTILINE)
        assert shlex.split(install) == ["pip", "install", "-e", "a b/datacard-acme-gmn[test]"]
        assert shlex.split(test) == ["pytest", "a b/datacard-acme-gmn"]
        assert 'load_plugins(*DEFAULT_PLUGINS, "acme_gmn")' in result.stdout

    def test_a_second_time_it_changes_nothing(self, script: Path) -> None:
        assert datacard("new-plugin", "acme-gmn").exit_code == 0
        before = contents_of(script.parent)
        assert "datacard-acme-gmn exists" in failed(datacard("new-plugin", "acme_gmn"))
        assert contents_of(script.parent) == before


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wish of whoever runs the tests about colours or widths is in their way."""
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
