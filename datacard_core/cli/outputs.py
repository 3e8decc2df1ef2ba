"""The command that reads outputs: `datacard inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.tables import tabulate_contents
from datacard_core.cli.terminal import show
from datacard_core.inputs.coffea import load_output

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(epilog=examples("inspect output_all.coffea"))
@click.argument("outputs", metavar="OUTPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@debug_option
def inspect(outputs: Sequence[Path]) -> None:
    """List the contents of an output, by the names that an analysis needs.

    These are variables, categories, samples, years and variations. Several files are shown as one output.
    """
    for answer in tabulate_contents(load_output(outputs)):
        show(answer)
