"""Analysis scripts: how they are run, and how their errors are located."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.cases import case
from tests.support.commands import SMALL, datacard, failed, write


class TestScript:
    def test_broken_script(self, output: Path, script: Path) -> None:
        """The error has its line in the script, or says what the script lacks."""
        cases = [
            ("x = 1\ny = (", r"ana\.py, line 2: SyntaxError: '\(' was never closed$"),
            ("x = 1\n\nx / 0", r"ana\.py, line 3: ZeroDivisionError: division by zero$"),
            ("assert False", r"ana\.py, line 1: AssertionError$"),
            ("import sys\nsys.exit('enough')", r"ana\.py, line 2: it ends with sys\.exit\('enough'\)$"),
            ("class Stop(BaseException): ...\nraise Stop('x')", r"ana\.py, line 2: Stop: x$"),
            ("raise GeneratorExit", r"ana\.py, line 1: GeneratorExit$"),
            ("import no_such_module", r"ana\.py, line 1: ModuleNotFoundError: No module named 'no_such_module'$"),
            ("open('absent.txt')", r"ana\.py, line 1: FileNotFoundError: .*'absent\.txt'$"),
            ("years = 2022", r"ana\.py: it defines no 'analysis', expected analysis = Analysis\(\.\.\.\)"),
            ("analysis = {'SR': 1}", r"ana\.py: its 'analysis' is a dict, expected analysis = Analysis\(\.\.\.\)"),
            (
                SMALL.replace("analysis =", "mine ="),
                r"it defines no 'analysis'.*; it has 'mine': rename it to 'analysis'$",
            ),
            ("from datacard_core import Datacard", r"; a script that makes its cards itself is run by Python: python "),
            ("\n\nfrom datacard_core import *\nMCProcesses([1])", r"(?s)MCProcess.*\n  \(.*ana\.py, line 4\)$"),
        ]
        for text, message in cases:
            with case(text):
                found = failed(datacard("build", write(script, text, "label='x'"), output, "-o", "cards"))
                assert re.search(message, found.rstrip())
                assert not Path("cards").exists()

    @pytest.mark.slow
    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without end is needed")
    def test_device(self, output: Path, script: Path) -> None:
        """A device, which may have no end, is no script and no output."""
        message = "/dev/zero is a device or a pipe, expected a file on disk"
        assert message in failed(datacard("build", "/dev/zero", output, "-o", "cards"))
        assert message in failed(datacard("build", write(script), "/dev/zero", "-o", "cards"))
        assert message in failed(datacard("inspect", "/dev/zero"))

    def test_broken_module_beside_it(self, output: Path, script: Path) -> None:
        """A syntax error in a module beside the script is located there."""
        script.with_name("ana_broken.py").write_text("x = (\n")
        message = failed(datacard("build", write(script, "import ana_broken"), output, "-o", "cards"))
        assert re.search(r"ana_broken\.py, line 1: SyntaxError", message)

    def test_wrong_order_of_arguments(self, output: Path, script: Path) -> None:
        """An output in the place of the script is recognised."""
        message = failed(datacard("build", output, write(script), "-o", "cards"))
        assert "output_all.coffea is not a Python script: ANALYSIS.py comes first, then OUTPUT" in message
        assert "the arguments look swapped" in message

    @pytest.mark.slow
    def test_import_of_a_module_beside_it(
        self, output: Path, script: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A module beside the script can be imported from any current directory."""
        script.with_name("ana_helper.py").write_text("label = 'from_beside'\n")
        write(script, "from ana_helper import label\n" + SMALL, "label=label")
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        monkeypatch.chdir(elsewhere)
        result = datacard("build", script, output, "-o", "cards")
        assert result.exit_code == 0, result.stderr
        assert (elsewhere / "cards" / "datacard_SR_from_beside.txt").is_file()

    @pytest.mark.slow
    def test_arguments_and_current_directory(self, output: Path, script: Path) -> None:
        """A script has no arguments and the current directory, and leaves no trace in the process."""
        Path("label.txt").write_text("from_file")
        head = "import argparse, pathlib\nargparse.ArgumentParser().parse_args()\n"
        write(script, head + SMALL, "label=pathlib.Path('label.txt').read_text()")
        arguments, path, modules = list(sys.argv), list(sys.path), set(sys.modules)
        assert datacard("build", script, output, "-o", "cards").exit_code == 0
        assert Path("cards", "datacard_SR_from_file.txt").is_file()
        assert (sys.argv, sys.path) == (arguments, path)
        assert "datacard_analysis" not in set(sys.modules) - modules

    @pytest.mark.slow
    def test_change_of_the_working_directory(self, output: Path, script: Path) -> None:
        """A script that changes the working directory does not redirect the cards."""
        write(script, "import os\nos.chdir('/')\n" + SMALL)
        Path("all.coffea").symlink_to(output)
        result = datacard("build", script, "all.coffea", "-o", "cards")
        assert result.exit_code == 0, result.stderr
        assert Path("cards", "datacard_SR_2024.txt").is_file()

    @pytest.mark.slow
    def test_plugin_in_the_script(self, output: Path, script: Path) -> None:
        """A plugin in a script may import late, also in other processes."""
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
            assert "warning [late] SR_2024, CR1_2024: imported at last" in result.stderr
