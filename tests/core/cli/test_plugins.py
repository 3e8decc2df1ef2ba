"""The commands about plugins: `datacard plugins` and `datacard new-plugin`."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from datacard_core import API_VERSION, DEFAULT_PLUGINS, __version__
from tests.support.commands import SMALL, datacard, entries, failed, files_below, write
from tests.support.programs import command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install

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
    @pytest.mark.slow
    def test_built_in(self) -> None:
        """The built-in plugins are selected and work."""
        result = datacard("plugins")
        assert result.exit_code == 0
        for name in DEFAULT_PLUGINS:
            row = entries(result.stdout, name)
            assert (row[1:4], row[5]) == (["datacard-core", __version__, "yes"], "ok")
        assert entries(result.stdout, "lnn")[4] == "kinds: lnN, lnU"

    @pytest.mark.slow
    def test_check(self, install: Install) -> None:
        """With --check, what a plugin provides is listed."""
        install("acme_gmn", KIND, distribution="acme-gmn", version="2.3")
        assert entries(datacard("plugins").stdout, "acme_gmn")[3:] == ["no", "", "not looked into"]
        row = entries(datacard("plugins", "--check").stdout, "acme_gmn")
        assert row == ["acme_gmn", "acme-gmn", "2.3", "no", "kinds: gmN[7]", "ok"]

    @pytest.mark.slow
    def test_no_import_without_check(self, install: Install) -> None:
        """A plugin that is not selected is not imported."""
        install("acme_unseen", "raise RuntimeError('imported')")
        for options in ([], ["--json"]):
            assert datacard("plugins", *options).exit_code == 0
        assert "acme_unseen" not in sys.modules

    @pytest.mark.slow
    def test_broken_plugins(self, install: Install) -> None:
        """The reason of each broken plugin is below the table of all plugins, with status 1."""
        broken = {
            "raise RuntimeError('[red] out of order :warning:')": "RuntimeError: [red] out of order :warning:",
            "import sys\nsys.exit(3)": "SystemExit: 3",
            "raise BaseException('enough')": "BaseException: enough",
            "import no_such_module": "No module named 'no_such_module'",
            "def (": "SyntaxError",
            "x = 1": "implements none of the hooks",
            KIND.replace("return [Gamma()]", "raise SystemExit(3)"): "SystemExit while contributing",
        }
        for number, source in enumerate(broken):
            install(f"acme{number}", source)
        assert datacard("plugins").exit_code == 0
        result = datacard("plugins", "--check")
        assert result.exit_code == 1
        for number, reason in enumerate(broken.values()):
            name = f"acme{number}"
            assert entries(result.stdout, name) == [name, name, "1.0", "no", "", "broken"]
            begin = f"plugin {name!r} ({name} 1.0): "
            (line,) = [line for line in result.stdout.splitlines() if line.startswith(begin)]
            assert reason in line
        assert entries(result.stdout, "lnn")[-1] == "ok"
        assert result.stderr == ""

    @pytest.mark.slow
    def test_broken_metadata(self, install: Install) -> None:
        """Broken metadata and double names are reported without --check."""
        install("one", entry_points={"acme": "one"})
        install("two", entry_points={"acme": "two"})
        install("unreadable", entry_points_text="[datacard_core.plugins]\nacme\n", version="0.3")
        result = datacard("plugins")
        assert result.exit_code == 0
        assert len(re.findall(r"^│ acme +│ (?:one|two) +│ 1\.0 .*│ broken +│$", result.stdout, re.MULTILINE)) == 2
        assert len(re.findall(r"^plugin 'acme' comes from several", result.stdout, re.MULTILINE)) == 1
        assert entries(result.stdout, "?") == ["?", "unreadable", "0.3", "no", "", "broken"]
        assert "unreadable 0.3: the entry points in its metadata cannot be read" in result.stdout
        assert datacard("plugins", "--check").exit_code == 1

    @pytest.mark.slow  # a process
    def test_json_alone_on_stdout(self, install: Install, tmp_path: Path) -> None:
        """Output of plugins goes to standard error, and the JSON document alone to standard output."""
        install(
            "acme",
            """
            import os, subprocess, sys
            print("one")
            print("two", file=sys.__stdout__)
            os.write(1, b"three")
            subprocess.run(["echo", "four"], check=True)
            """
            + KIND.replace("return [Gamma()]", 'print("five")\n    return [Gamma()]').replace("\n", "\n" + " " * 12),
        )
        result = command("plugins", "--check", "--json", cwd=tmp_path)
        (acme,) = [plugin for plugin in json.loads(result.stdout)["plugins"] if plugin["name"] == "acme"]
        assert acme["status"] == "ok"
        assert acme["provides"]["kinds"] == {"gmN[7]": {"options": {}, "codes": {}}}
        assert all(word in result.stderr for word in ("one", "two", "three", "four", "five"))

    @pytest.mark.slow
    def test_json_is_reproducible(self, install: Install) -> None:
        """The JSON document is sorted and the same each time."""
        install("acme", "raise RuntimeError('\\udcff')")
        first, second = (datacard("plugins", "--check", "--json") for _ in range(2))
        assert (first.exit_code, second.exit_code) == (1, 1)
        assert first.stdout == second.stdout
        document = json.loads(first.stdout)
        assert first.stdout == json.dumps(document, indent=2, sort_keys=True) + "\n"
        assert document["api"] == API_VERSION
        assert [plugin["name"] for plugin in document["plugins"] if plugin["status"] == "broken"] == ["acme"]

    @pytest.mark.slow
    def test_plugins_of_an_analysis(self, script: Path, install: Install) -> None:
        """The selected and the local plugins of an analysis are listed."""
        install("acme", KIND)
        script.with_name("ana_own.py").write_text(KIND.replace("gmN[7]", "ownKind"))
        head = "import ana_own\nprint('hello')\n"
        write(script, head + SMALL, "plugins=load_plugins('acme', 'lnn', ana_own)")
        result = datacard("plugins", script)
        assert result.exit_code == 0, result.output
        assert entries(result.stdout, "acme")[3:] == ["yes", "kinds: gmN[7]", "ok"]
        assert entries(result.stdout, "ana_own") == ["ana_own", "local", "-", "yes", "kinds: ownKind", "ok"]
        assert entries(result.stdout, "checks")[3:] == ["no", "", "not looked into"]
        assert "hello" not in result.stdout
        assert json.loads(datacard("plugins", script, "--json").stdout)["plugins"][0]["name"] == "acme"

    @pytest.mark.slow
    def test_conflict_in_an_analysis(self, script: Path, install: Install) -> None:
        """Two plugins of one kind are an error with the line of the script."""
        for name in ("one", "two"):
            install(name, KIND)
        write(script, options="plugins=load_plugins('one', 'two')")
        message = failed(datacard("plugins", script))
        assert "plugin 'two' (two 1.0): SystematicKind 'gmN[7]' is also provided by plugin 'one' (one 1.0)" in message
        assert "ana.py, line " in message


class TestNewPlugin:
    def test_next_commands(self, script: Path) -> None:
        """The commands that it shows name the folder that it has written."""
        result = datacard("new-plugin", "Acme.GMN", "--directory", "a b")
        assert result.exit_code == 0, result.output
        folder = script.parent / "a b" / "datacard-acme-gmn"
        assert folder.is_dir()
        install, test = re.findall(r"^  python -m (.*)$", result.stdout, re.MULTILINE)
        assert shlex.split(install) == ["pip", "install", "-e", "a b/datacard-acme-gmn[test]"]
        assert shlex.split(test) == ["pytest", "a b/datacard-acme-gmn"]
        assert 'load_plugins(*DEFAULT_PLUGINS, "acme_gmn")' in result.stdout

    @pytest.mark.slow
    def test_second_run(self, script: Path) -> None:
        """A second run is an error that changes no file."""
        assert datacard("new-plugin", "acme-gmn").exit_code == 0
        before = files_below(script.parent)
        assert "datacard-acme-gmn exists" in failed(datacard("new-plugin", "acme_gmn"))
        assert files_below(script.parent) == before
