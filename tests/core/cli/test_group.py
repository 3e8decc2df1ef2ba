"""Errors of commands: one message, or a traceback on request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import SMALL, datacard, failed, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install


class TestErrors:
    @pytest.mark.parametrize("arguments", [["--debug", "inspect", "absent"], ["inspect", "--debug", "absent"]])
    def test_debug(self, arguments: list[str]) -> None:
        """With --debug, before or after the verb, an error has a traceback."""
        result = datacard(*arguments)
        assert result.exit_code == 1
        assert "Traceback (most recent call last):" in result.stderr
        assert result.stderr.rstrip().endswith("InputError: absent does not exist")
        assert failed(datacard("inspect", "absent")) == "Error: absent does not exist\n"

    def test_debug_shows_the_script(self, output: Path, script: Path) -> None:
        """The traceback has the line of the analysis script."""
        result = datacard("build", "--debug", write(script, "\n1 / 0"), output, "-o", "cards")
        assert re.search(r'File ".*ana\.py", line 2', result.stderr)

    @pytest.mark.slow
    def test_unexpected_error(self, output: Path, script: Path) -> None:
        """The message of an unexpected error ends with the way to see its traceback."""
        write(script, SMALL + "\nobject.__setattr__(analysis, 'categories', 1)")
        message = failed(datacard("build", script, output, "-o", "cards"))
        assert message.endswith("This is unexpected; run again with --debug to see where.\n")

    @pytest.mark.slow
    def test_error_of_a_plugin(self, output: Path, script: Path, install: Install) -> None:
        """The message names the plugin and its version, and shows its text as it is."""
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
