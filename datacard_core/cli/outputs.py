"""The command that reads outputs: `datacard inspect`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.tables import tabulate_contents
from datacard_core.cli.terminal import show
from datacard_core.execution.reading import read_all
from datacard_core.inputs.coffea import open_output
from datacard_core.inputs.merging import merge_outputs
from datacard_core.inputs.paths import expanded
from datacard_core.plugins.manager import DEFAULT_PLUGINS, installed_plugins, load_plugins
from datacard_core.plugins.selection import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def given_options(_: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
    """Return the values by name of arguments NAME=VALUE; a list, a dict or null is given as JSON."""
    options: dict[str, Any] = {}
    for argument in given:
        name, sign, value = argument.partition("=")
        if not sign:
            raise click.BadParameter(f"{argument!r} has no value: expected NAME=VALUE", param=option)
        try:
            made = json.loads(value)
        # A pattern may begin with a brace too.
        except ValueError:
            made = value
        # A year is text, though it looks like a number.
        options[name] = made if made is None or isinstance(made, dict | list) else value
    return options


@click.command(
    epilog=examples(
        "inspect output_all.coffea",
        "inspect --source pickle --option category_axis=channel --option sample_axis=process histos.pkl.gz",
    )
)
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=str), nargs=-1, required=True)
@click.option(
    "--source", metavar="NAME", default=SOURCE, show_default=True, help="Histogram source that reads the outputs."
)
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    callback=given_options,
    help="Option of the source; may be given repeatedly.",
)
@debug_option
def inspect(outputs: Sequence[str], *, source: str, options: Mapping[str, Any]) -> None:
    """List the contents of an output, by the names that an analysis needs.

    These are variables, categories, samples, years and variations. Several files are shown as one output.
    """
    for answer in tabulate_contents(_contents(outputs, source, options)):
        show(answer)


def _contents(outputs: Sequence[str], source: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    if source == SOURCE and not options:
        return open_output(outputs)
    others = [name for name in DEFAULT_PLUGINS if name != source]
    plugins = load_plugins(*others, *([(source, options)] if source in installed_plugins() else []))
    provided = plugins.source(source)
    return merge_outputs({path: read_all(path, provided) for path in map(expanded, outputs)})
