"""Verbs that distributions add to the command `datacard`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import datacard, failed

if TYPE_CHECKING:
    from tests.conftest import Install

HELLO = """
import click

@click.command()
@click.argument("name")
def hello(name):
    \"\"\"Greet somebody.\"\"\"
    click.echo(f"hello {name}")
"""


def points(*lines: str) -> str:
    return "\n".join(["[datacard_core.commands]", *lines, ""])


class TestAddedVerbs:
    @pytest.mark.slow
    def test_call(self, install: Install) -> None:
        """A verb of a distribution runs as those of the core do."""
        install("acme", HELLO, entry_points_text=points("hello = acme:hello"))
        result = datacard("hello", "CMS")
        assert (result.exit_code, result.stdout) == (0, "hello CMS\n")

    @pytest.mark.slow
    def test_help_imports_nothing(self, install: Install) -> None:
        """The help lists the verb with its distribution, and does not import it."""
        install("acme", "raise RuntimeError", entry_points_text=points("hello = acme:hello"))
        result = datacard("--help")
        assert result.exit_code == 0
        assert "hello" in result.stdout
        assert "(acme 1.0)" in result.stdout
        assert "acme" not in sys.modules

    @pytest.mark.slow
    def test_other_verbs_import_nothing(self, install: Install) -> None:
        """A verb that cannot be imported disturbs no other."""
        install("acme", "raise RuntimeError", entry_points_text=points("hello = acme:hello"))
        assert datacard("plugins").exit_code == 0

    @pytest.mark.parametrize(
        ("source", "told"),
        [
            ("raise RuntimeError('no')", "importing the verb from 'acme:hello': RuntimeError: no"),
            ("", "importing the verb from 'acme:hello': AttributeError"),
            ("hello = print", "'acme:hello' is builtin_function_or_method, expected a command of click"),
        ],
    )
    def test_broken_verb(self, install: Install, source: str, told: str) -> None:
        """The message names the distribution and what is wrong with its verb."""
        install("acme", source, entry_points_text=points("hello = acme:hello"))
        message = failed(datacard("hello"))
        assert message.startswith("Error: plugin 'hello' (acme 1.0): ")
        assert told in message

    @pytest.mark.slow
    def test_broken_verb_in_the_help(self, install: Install) -> None:
        """A verb that comes with the core and cannot be imported ends the help with one message."""
        install(
            "acme", "raise RuntimeError", distribution="datacard-core", entry_points_text=points("hello = acme:hello")
        )
        result = datacard("--help")
        assert result.exit_code == 1
        assert result.stderr.startswith(
            "Error: plugin 'hello' (datacard-core 1.0): importing the verb from 'acme:hello'"
        )

    @pytest.mark.slow
    def test_two_distributions(self, install: Install) -> None:
        """A verb that two distributions have is refused, and both are named."""
        install("acme", HELLO, entry_points_text=points("hello = acme:hello"))
        install("other", HELLO, entry_points_text=points("hello = other:hello"))
        message = failed(datacard("hello", "CMS"))
        assert "verb 'hello' comes from several places: acme 1.0 (acme:hello), other 1.0 (other:hello)" in message

    @pytest.mark.slow
    def test_verb_of_the_core_stays(self, install: Install) -> None:
        """No distribution replaces a verb of the core."""
        install("acme", HELLO, entry_points_text=points("plugins = acme:hello"))
        assert "hello" not in datacard("plugins").stdout

    @pytest.mark.slow
    def test_plugins_are_listed_alone(self, install: Install) -> None:
        """A distribution with verbs and without plugins is no plugin."""
        install("acme", HELLO, entry_points_text=points("hello = acme:hello"))
        assert "acme" not in datacard("plugins").stdout
