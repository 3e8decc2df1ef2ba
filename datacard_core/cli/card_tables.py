"""The commands that show tables of cards: `datacard table` and `datacard correlations`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from datacard_core.cli.group import debug_option, examples
from datacard_core.cli.tables import tabulate
from datacard_core.cli.terminal import console, remark, show, to_stdout
from datacard_core.correlations.table import CorrelationTable
from datacard_core.documents.table import FORMS
from datacard_core.errors import InputError, MissingProviderError
from datacard_core.findings import Severity, report
from datacard_core.model.cells import Cell, cells_of
from datacard_core.reading import read_cards
from datacard_core.tables.coverage import coverage_table
from datacard_core.tables.effects import systematics_table, years_table
from datacard_core.tables.yields import yields_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacard_core.documents.table import Table
    from datacard_core.hookspecs import ReadCard

_OF_CHANNELS = {
    "yields": yields_table,
    "systematics": systematics_table,
    "years": years_table,
    "coverage": coverage_table,
}
KINDS = (*_OF_CHANNELS, "correlations")
"""Kinds of tables."""

_cards = click.argument(
    "cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True
)
_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", *FORMS]),
    default="table",
    show_default=True,
    help="Form of the answer; csv and json have full numbers, with a line or an entry for each cell.",
)


@click.command(
    epilog=examples(
        "table yields cards", "table systematics SR.txt --format latex > table.tex", "table years cards --format csv"
    )
)
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
@_cards
@_form
@debug_option
def table(kind: str, cards: Sequence[Path], *, form: str) -> None:
    """Show a table of cards: yields, systematics, years, coverage or correlations.

    KIND is yields for expected events with statistical and total uncertainty, systematics for the change of each
    process by each nuisance, years for what is shared between years, coverage for where a nuisance has templates, and
    correlations as `datacard correlations`.
    CARD is a card of any program, and DIR a directory of cards.
    """
    # Strict reading would refuse cards that a collaboration has fitted already.
    read = read_cards(cards, lenient=True)
    _show(_correlations(read) if kind == "correlations" else _OF_CHANNELS[kind](read), form)


@click.command(
    epilog=examples(
        "correlations cards", "correlations SR.txt CR.txt --format csv > table.csv", "correlations cards --check"
    )
)
@_cards
@_form
@click.option("--check", is_flag=True, help="The exit status is 1 if a correlation looks like an accident.")
@debug_option
def correlations(cards: Sequence[Path], *, form: str, check: bool) -> None:
    """Show which processes, years and channels share a parameter.

    CARD is a card of any program, and DIR a directory of cards. Names that differ in case or a letter, and names that
    stand for different kinds, starts or signs in several cards, are told on standard error.
    """
    made = _correlations(read_cards(cards, lenient=True))
    _show(made, form)
    if check and any(finding.severity >= Severity.WARNING for finding in made.findings):
        raise click.exceptions.Exit(1)


def _show(made: Table, form: str) -> None:
    """Print a table to standard output, and its findings to standard error."""
    if form == "table":
        for answer in tabulate(made, console().width):
            show(answer)
        if made.note:
            show(made.note)
    else:
        with to_stdout():
            click.echo(made.document(form), nl=False)
    # On standard error, so that the documents stay documents.
    remark(*filter(None, [report(made.findings, most=len(made.findings))]))


def _correlations(cards: Iterable[ReadCard]) -> CorrelationTable:
    by_card = {card.path: _cells(card) for card in cards}
    counts = Counter(channel for cells in by_card.values() for channel in {cell.channel for cell in cells})
    # As `channels_of` does with whole channels, which a card without its templates has not.
    return CorrelationTable(
        tuple(
            attrs.evolve(cell, channel=f"{path.name.split('.')[0]}:{cell.channel}")
            if counts[cell.channel] > 1
            else cell
            for path, cells in by_card.items()
            for cell in cells
        )
    )


def _cells(card: ReadCard) -> tuple[Cell, ...]:
    try:
        return tuple(cells_of(card.model()))
    except (InputError, MissingProviderError) as error:
        first = str(error).splitlines()
        remark(f"{card.path}: without templates, values of shapes are those of their rows ({first[-1].strip(' -')})")
        return tuple(card.cells())
