"""The command `datacard`, with its verbs."""

from __future__ import annotations

import click

from datacard_core.cli.group import CommandGroup, debug_option

VERBS = {
    "build": "cards:build",
    "check": "checks:check",
    "convert": "cards:convert",
    "correlations": "card_tables:correlations",
    "demo": "cards:demo",
    "diff": "comparison:diff",
    "edit": "editing.command:edit",
    "inspect": "outputs:inspect",
    "names": "checks:names",
    "new-plugin": "plugins:new_plugin",
    "plugins": "plugins:plugins",
    "table": "card_tables:table",
}
"""The core's verbs, and where they are."""


@click.group(
    name="datacard",
    cls=CommandGroup,
    own={verb: f"datacard_core.cli.{place}" for verb, place in VERBS.items()},
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
