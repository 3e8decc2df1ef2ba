"""The command `datacard plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from datacard_core import channels_of, draw_plots, load_plugins, read_cards, worker_options
from datacard_plots import PLOTS
from datacard_plots.options import given_options, plot_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import ExecutorLike, Plot


@click.command()
@click.argument("cards", metavar="DIR|CARD...", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "-o",
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("plots"),
    show_default=True,
    help="Directory of the plots; it is made if it does not exist.",
)
@click.option(
    "--plot",
    "names",
    metavar="NAME",
    multiple=True,
    help=f"Plot to draw: {', '.join(kind.name for kind in PLOTS)}, or that of another plugin; stack if not given. "
    "May be given repeatedly.",
)
@click.option(
    "--format", "form", type=click.Choice(["pdf", "png", "svg"]), help="Format of the files; pdf if not given."
)
@worker_options
@plot_options
def plot(
    cards: Sequence[Path],
    directory: Path,
    *,
    names: Sequence[str],
    form: str | None,
    executor: ExecutorLike | None,
    jobs: int,
    **given: Any,
) -> None:
    """Draw cards: the stack of each channel, the templates of nuisances, and maps of coverage and effects.

    CARD is a card of any program, and DIR a directory of cards.
    """
    options = given_options(given)
    if form in {"png", "svg"}:
        # These formats have no pages.
        options = attrs.evolve(options, each=True)
    with_options = {kind.name: kind(options) for kind in PLOTS}
    plots: list[str | Plot] = [with_options.get(name, name) for name in names or ("stack",)]
    channels = channels_of(read_cards(cards, lenient=True))
    for note in filter(None, map(options.missed, channels)):
        click.echo(f"Warning: {note}", err=True)
    paths = draw_plots(
        channels,
        directory,
        *plots,
        suffix=f".{form}" if form else None,
        plugins=load_plugins(),
        executor=executor,
        jobs=jobs,
    )
    click.echo(f"{len(paths)} plots in {directory}")
