"""The command that checks names: `datacard names`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datacard_core.cli.card_files import read_all
from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.tables import tabulate_names
from datacard_core.cli.terminal import remark, show, to_stdout
from datacard_core.conventions.check import BUILT_IN, chosen, name_findings, names_in
from datacard_core.conventions.files import read_convention, template
from datacard_core.findings import report

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(
    epilog=examples(
        "names cards",
        "names cards --conventions ours.yaml",
        "names cards --make-template > ours.yaml",
    )
)
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "--convention",
    "built_in",
    type=click.Choice([*BUILT_IN, "none"]),
    default="cms",
    show_default=True,
    help="Convention that is built in.",
)
@click.option(
    "--conventions",
    "files",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A convention of your own, which comes first; may be given repeatedly.",
)
@click.option("--make-template", is_flag=True, help="Print a file for the names that are to be described.")
@debug_option
def names(cards: Sequence[Path], *, built_in: str, files: Sequence[Path], make_template: bool) -> None:
    """Check the names of nuisances against conventions.

    CARD is a card of any program, and DIR a directory of cards. Names that no convention has, and names of one analysis
    without a description, are told on standard error, and the exit status is then 1.
    """
    conventions = chosen([*map(read_convention, files), *([] if built_in == "none" else [built_in])])
    # From the text alone: names need no templates, which may be missing or large.
    found = list(dict.fromkeys(name for card in read_all(cards) for name in names_in(card.cells())))
    findings = list(name_findings(found, conventions))
    if make_template:
        with to_stdout():
            click.echo(template(finding.systematic for finding in findings), nl=False)
        return
    show(tabulate_names(found, conventions))
    if findings:
        remark(report(findings, most=len(findings)))
        raise click.exceptions.Exit(1)
