"""The command `datacard`, with its verbs."""

from __future__ import annotations

import click

from datacard_core.cli.card_tables import correlations, table
from datacard_core.cli.cards import build, convert, demo
from datacard_core.cli.checks import check, names
from datacard_core.cli.comparison import diff
from datacard_core.cli.editing.command import edit
from datacard_core.cli.group import CommandGroup, debug_option
from datacard_core.cli.outputs import inspect
from datacard_core.cli.plugins import new_plugin, plugins


@click.group(
    name="datacard",
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `datacard demo`: it makes a small analysis to try the other commands on.",
)
@click.version_option(package_name="datacard-core", prog_name="datacard")
@debug_option
@click.pass_context
def main(ctx: click.Context) -> None:
    """From the histograms of a .coffea output to CMS Combine datacards."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for verb in (build, check, convert, correlations, demo, diff, edit, inspect, names, new_plugin, plugins, table):
    main.add_command(verb)
