"""The command that shows correlations: `datacard correlations`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from datacard_core.cli.card_files import read_all
from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.tables import tabulate_correlations
from datacard_core.cli.terminal import console, remark, show, to_stdout
from datacard_core.correlations.table import CorrelationTable
from datacard_core.errors import InputError, MissingProviderError
from datacard_core.findings import Severity, report
from datacard_core.model.cells import Cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core.hookspecs import ReadCard


@click.command(
    epilog=examples(
        "correlations cards", "correlations SR.txt CR.txt --format csv > table.csv", "correlations cards --check"
    )
)
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "latex", "json"]),
    default="table",
    show_default=True,
    help="Form of the answer; csv and json have a line or an entry for each process, year and channel.",
)
@click.option("--check", is_flag=True, help="The exit status is 1 if a correlation looks like an accident.")
@debug_option
def correlations(cards: Sequence[Path], *, form: str, check: bool) -> None:
    """Show which processes, years and channels share a parameter.

    CARD is a card of any program, and DIR a directory of cards. Names that differ in case or a letter, and names that
    stand for different kinds, starts or signs in several cards, are told on standard error.
    """
    table = CorrelationTable(tuple(_cells(read_all(cards))))
    if form == "table":
        for answer in tabulate_correlations(table, console().width):
            show(answer)
    else:
        with to_stdout():
            click.echo({"csv": table.csv, "latex": table.latex, "json": table.json}[form](), nl=False)
    # On standard error, so that the documents stay documents.
    remark(*filter(None, [report(table.findings, most=len(table.findings))]))
    if check and any(finding.severity >= Severity.WARNING for finding in table.findings):
        raise click.exceptions.Exit(1)


def _cells(cards: Iterable[ReadCard]) -> Iterable[Cell]:
    """Yield the effects of all cards; channels of one name in several cards have the card's name before theirs."""
    by_card = {card.path: _of_card(card) for card in cards}
    counts = Counter(channel for cells in by_card.values() for channel in {cell.channel for cell in cells})
    for path, cells in by_card.items():
        for cell in cells:
            shared = counts[cell.channel] > 1
            yield attrs.evolve(cell, channel=f"{path.name.split('.')[0]}:{cell.channel}") if shared else cell


def _of_card(card: ReadCard) -> tuple[Cell, ...]:
    try:
        return tuple(cells_of(card.model()))
    except (InputError, MissingProviderError) as error:
        first = str(error).splitlines()
        remark(f"{card.path}: without templates, values of shapes are those of their rows ({first[-1].strip(' -')})")
        return tuple(card.cells())
