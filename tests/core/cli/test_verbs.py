"""Verbs that distributions add to the command `datacard`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from datacard_core import Model, write_model
from datacard_core.cli.commands import main
from datacard_core.cli.verbs import short_help
from datacard_core.plugins.discovery import look
from tests.support.channels import channel_of
from tests.support.commands import datacard, failed

if TYPE_CHECKING:
    from pathlib import Path

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
    @pytest.mark.parametrize(
        ("source", "told"),
        [
            (f"{HELLO}\nraise RuntimeError", r"hello +Greet somebody\. \(acme 1\.0\)"),
            ("from far import hello", r"hello +\(acme 1\.0\)"),
            ("def hello(", r"hello +\(acme 1\.0\)"),
        ],
        ids=["docstring", "elsewhere", "broken"],
    )
    def test_help_imports_nothing(self, install: Install, source: str, told: str) -> None:
        """The help lists the verb with its docstring and its distribution, and does not import it."""
        install("acme", source, entry_points_text=points("hello = acme:hello"))
        result = datacard("--help")
        assert result.exit_code == 0
        assert re.search(told, result.stdout)
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


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_short_help(verb: str) -> None:
    """The sentence that is read from a file is the one that click makes of the command."""
    places = {**main.own, **{added.name: added.reference for added in look().commands}}
    assert short_help(places[verb], 70) == main.commands[verb].get_short_help_str(70) != ""


BUILDING = {"datacard_core.datacard", "datacard_core.analysis.cards", "datacard_core.execution.workers"}
NEEDLESS = {
    "awkward", "boost_histogram", "cloudpickle", "coffea", "dask", "datacard_core.analysis", "datacard_core.datacard",
    "datacard_core.execution.parallel", "datacard_report", "hist", "iminuit", "matplotlib", "multiprocessing",
    "packaging", "rich", "scipy", "uproot", "yaml",
}  # fmt: skip
"""Modules that a fit of a card does not need, and that take longer to import than the fit."""
# In this order: what an earlier line imports, a later one may import too.
UNNEEDED = {
    "--help": {"numpy", "rich", "datacard_core.hookspecs", "datacard_core.cli.cards"},
    "fit card.txt --json": NEEDLESS,
    "limit card.txt --json": NEEDLESS,
    "check --help": {"hist", "rich", *BUILDING},
    "inspect --help": BUILDING - {"datacard_core.execution.workers"},
}
MODULES = """
import json, sys
from datacard_core.cli.commands import main
for line in sys.argv[1:]:
    main(line.split(), standalone_mode=False)
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.slow  # a fresh interpreter
def test_imports_of_verbs(tmp_path: Path) -> None:
    """The help imports no verb, and a verb imports nothing that only others need."""
    write_model(Model.of([channel_of(1, 1)]), tmp_path / "card.txt")
    command = [sys.executable, "-c", MODULES, *UNNEEDED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = [json.loads(line) for line in done.stderr.splitlines()]
    for (line, unneeded), modules in zip(UNNEEDED.items(), imported, strict=True):
        assert unneeded & set(modules) == set(), line
