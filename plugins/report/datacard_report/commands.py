"""The command `datacard report`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from datacard_plots.options import PlotOptions, given_options, plot_options

from datacard_core import read_cards
from datacard_report.content import report_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# A report has no files of plots, so none for each page.
OPTIONS = tuple(field.name for field in attrs.fields(PlotOptions) if field.name != "each")


@click.command()
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The file; an earlier one is replaced.",
)
@click.option("--fit", is_flag=True, help="Add a fit of all cards together; of expected events if a card is blind.")
@click.option("--no-plots", is_flag=True, help="Leave out the plots and maps, which take up to a second each.")
@functools.partial(plot_options, only=OPTIONS)
def report(cards: Sequence[Path], output: Path, *, fit: bool, no_plots: bool, **given: Any) -> None:
    """Write a report of cards: one HTML file that opens in a browser without a network.

    CARD is a card of any program, and DIR a directory of cards. The report has yields, findings, plots, systematics,
    correlations and what made the cards.
    """
    options = given_options(given)
    read = read_cards(cards, lenient=True)
    text = report_of(read, plots=() if no_plots else None, options=options, fit=fit)
    # A file that is half written would replace a whole one.
    part = output.with_name(f".{output.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(output)
    click.echo(f"{output}: {len(read)} cards, {len(text) / 1e6:.1f} MB")
