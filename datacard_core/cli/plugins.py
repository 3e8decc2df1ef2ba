"""The commands about plugins: `datacard plugins` and `datacard new-plugin`."""

from __future__ import annotations

import json
import shlex
from contextlib import nullcontext
from pathlib import Path

import click

from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.scripts import analysis_of
from datacard_core.cli.tables import tabulate_plugins
from datacard_core.cli.terminal import quoted, show, stdout_to_stderr, to_stdout
from datacard_core.plugins.introspection import BROKEN, as_document, report_plugins
from datacard_core.scaffold.new_plugin import write_plugin


@click.command(epilog=examples("plugins", "plugins analysis.py", "plugins --check --json"))
@click.argument(
    "script",
    metavar="[ANALYSIS.py]",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=False,
)
@click.option("--check", is_flag=True, help="Import all plugins; the exit status is 1 if one is broken.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with all details, for other programs.")
@debug_option
def plugins(script: Path | None, *, check: bool, as_json: bool) -> None:
    """List the installed plugins, what they provide, and the errors of broken ones.

    Selected are the plugins of the built-in set, or those of the `analysis` in ANALYSIS.py, which may also define
    plugins. Other plugins are not imported: what they provide is listed only with --check.
    """
    # Plugins and scripts may print while they are imported; a program that reads the JSON must get the JSON alone.
    with stdout_to_stderr(), analysis_of(script) if script else nullcontext() as analysis:
        reports = report_plugins(analysis.plugins if analysis else None, check=check)
    if as_json:
        with to_stdout():
            click.echo(json.dumps(as_document(reports), indent=2, sort_keys=True))
    else:
        for answer in tabulate_plugins(reports):
            show(answer)
    if check and any(plugin.status == BROKEN for plugin in reports):
        raise click.exceptions.Exit(1)


@click.command("new-plugin", epilog=examples("new-plugin acme-gmn", "new-plugin acme-gmn --directory elsewhere"))
@click.argument("name")
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Directory of the new folder; the current one if not given.",
)
@debug_option
def new_plugin(name: str, directory: Path) -> None:
    """Write a small plugin package to start your own from.

    It is complete: a kind of systematic uncertainty, its tests, and all that is needed to install it. NAME, for example
    acme-gmn, makes the package datacard-acme-gmn, which analysis code selects as "acme_gmn".
    """
    plugin = write_plugin(name, directory)
    folder = directory / plugin.distribution
    show(
        f"{folder} has the systematic kind {plugin.typ}, in {plugin.module}, and its tests.\n\nNext:\n"
        f"  python -m pip install -e {shlex.quote(f'{folder}[test]')}\n"
        f"  python -m pytest {quoted(folder)}\n\nIn the code of an analysis:\n"
        f'  plugins = load_plugins(*DEFAULT_PLUGINS, "{plugin.name}")'
    )
