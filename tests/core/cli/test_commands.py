"""The command `datacard`: its help and its usage errors."""

from __future__ import annotations

import re

import pytest

from datacard_core import __version__
from datacard_core.cli.commands import main
from tests.support.commands import datacard, failed


class TestHelp:
    @pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
    def test_help(self, arguments: list[str]) -> None:
        """The help is also shown without a command, and lists each verb with a sentence."""
        result = datacard(*arguments)
        assert result.exit_code == 0
        assert "datacard demo" in result.stdout
        assert all(re.search(rf"^  {command} +\w.*\.$", result.stdout, re.MULTILINE) for command in main.own)

    @pytest.mark.parametrize("command", sorted(main.own))
    def test_help_of_a_verb(self, command: str) -> None:
        """The help of each verb has an example."""
        result = datacard(command, "-h")
        assert result.exit_code == 0
        assert re.search(rf"^  Examples?:\n    datacard {command}", result.stdout, re.MULTILINE)

    def test_version(self) -> None:
        """The version is that of the package."""
        assert datacard("--version").stdout == f"datacard, version {__version__}\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["biuld"], "No such command 'biuld'. Did you mean 'build'?"),
            (["lmit"], "No such command 'lmit'. Did you mean 'limit'?"),
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
    def test_wrong_usage(self, arguments: list[str], message: str) -> None:
        """A usage error has a message and status 2."""
        assert message in failed(datacard(*arguments), status=2)
