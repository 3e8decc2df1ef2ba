"""Cards and options of the commands, and the likelihood that they make."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from datacard_plots.options import PlotOptions, given_options, plot_options

from datacard_core import DeclarationError, InputError, Model, read_cards
from datacard_fit.drawing import HEADER
from datacard_fit.likelihood import Likelihood
from datacard_fit.toys import read_toys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacard_fit.drawing.pages import Result
    from datacard_fit.evaluation.bins import Data


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function with the argument and the options that all commands have."""
    for decorator in reversed(_COMMON):
        function = decorator(function)
    return function


_COMMON: tuple[Callable[..., Any], ...] = (
    click.argument("cards", metavar="CARD|DIR...", type=click.Path(path_type=Path), nargs=-1, required=True),
    click.option("--poi", "poi", multiple=True, metavar="[PROCESS=]NAME", help="A POI; all signals have r without."),
    click.option("--asimov", is_flag=True, help="Take the expected events as data, and leave the real ones alone."),
    click.option(
        "--toy",
        metavar="FILE NUMBER",
        type=(click.Path(exists=True, dir_okay=False, path_type=Path), click.IntRange(min=1)),
        help="Take a toy of `datacard toys` as data, the first one with 1.",
    ),
    click.option("--expect-signal", type=float, show_default="1", help="Value of the POI for --asimov."),
    click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Start value of a parameter."),
    click.option("--range", "ranges", multiple=True, metavar="NAME=LOW,HIGH", help="Range of a parameter."),
    click.option("--freeze", multiple=True, metavar="NAME", help="Parameter or group that stays at its start value."),
    click.option("--mask", multiple=True, metavar="CHANNEL", help="Channel whose data do not count."),
    click.option("--lenient", is_flag=True, help="Read what Combine takes and silently means otherwise."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


@attrs.frozen
class Drawing:
    """The file of --plot, and its appearance."""

    path: Path | None
    options: PlotOptions

    def __call__(self, *results: Result) -> None:
        """Draw results to the file, if one is given."""
        if self.path:
            from datacard_fit.drawing.pages import write_pages  # noqa: PLC0415 - loads matplotlib

            for path in write_pages(self.path, *results, options=self.options):
                click.echo(f"Plot: {path}", err=True)


def drawn(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command that gets a `Drawing` as the argument `draw`."""

    @functools.wraps(function)
    def command(plot: Path | None, **arguments: Any) -> None:
        options = given_options({name: arguments.pop(name) for name in HEADER})
        function(draw=Drawing(plot, options), **arguments)

    file = click.option(
        "--plot",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Draw the result to a .pdf, .png or .svg; several figures have numbers in the last two.",
    )
    return file(plot_options(command, only=HEADER))


def prepared(
    cards: Sequence[Path],
    poi: Sequence[str],
    asimov: bool,
    toy: tuple[Path, int] | None,
    expect_signal: float | None,
    values: Sequence[str],
    ranges: Sequence[str],
    freeze: Sequence[str],
    mask: Sequence[str],
    lenient: bool,
) -> tuple[Likelihood, dict[str, Any]]:
    """Return the likelihood of cards, and the arguments of the functions that fit it."""
    if asimov and toy:
        raise click.UsageError("--asimov and --toy exclude each other: each stands in place of the data.")
    if expect_signal is not None and not asimov:
        raise click.UsageError("--expect-signal is the signal of --asimov: give both.")
    read = read_cards(cards, lenient=lenient)
    model = Model.joined([card.model() for card in read], [str(card.path) for card in read])
    likelihood = Likelihood(model, poi=_pois(poi), masked=mask)
    start = {name: value for name, (value,) in numbers("--set", values, 1).items()}
    data: Data | None = None
    # Made of the start values: the data of the cards are not looked at.
    if asimov:
        data = likelihood.asimov({**start, likelihood.pois[0]: 1.0 if expect_signal is None else expect_signal})
    elif toy:
        data = _toy(likelihood, *toy)
    elif likelihood.blind:
        names = ", ".join(likelihood.blind)
        click.echo(f"Note: blind in the cards, with expected events in place of data: {names}", err=True)
    settings = {"data": data, "values": start, "ranges": numbers("--range", ranges, 2), "freeze": freeze}
    return likelihood, settings


def _toy(likelihood: Likelihood, path: Path, number: int) -> Data:
    drawn = read_toys(likelihood, path).data
    if number > len(drawn):
        raise InputError([f"{path} has {len(drawn)} toys, and no toy {number}"])
    return drawn[number - 1]


def _pois(given: Sequence[str]) -> str | dict[str, str]:
    pairs = [text.rpartition("=") for text in given]
    if all(not equals for _, equals, _ in pairs):
        if len(pairs) > 1:
            raise DeclarationError([f"--poi {', '.join(given)}: several POIs need their processes, as ggH=r_ggH"])
        return given[0] if given else "r"
    return {process: name for process, _, name in pairs}


def numbers(option: str, given: Sequence[str], count: int) -> dict[str, tuple[float, ...]]:
    """Return the numbers that options state for names.

    Args:
        option: name of the option.
        given: texts such as `r=0,2`.
        count: how many numbers each has.

    Raises:
        DeclarationError: a text has another form.
    """
    found: dict[str, tuple[float, ...]] = {}
    for text in given:
        name, equals, listed = text.partition("=")
        try:
            values = tuple(float(number) for number in listed.split(","))
        except ValueError:
            values = ()
        if not equals or len(values) != count:
            form = ",".join(["LOW,HIGH,POINTS", "LOW,HIGH", "VALUE"][-count:][:1])
            raise DeclarationError([f"{option} {text!r}, expected NAME={form}"])
        found[name] = values
    return found
