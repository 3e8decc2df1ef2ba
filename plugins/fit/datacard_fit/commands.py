"""The commands `datacard fit`, `limit`, `impacts`, `scan` and `gof`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
import numpy as np
from rich.console import Console
from rich.table import Table

from datacard_core import DeclarationError, InputError, Model, read_card
from datacard_fit.fits import fit as best_fit
from datacard_fit.impacts import impacts as impacts_of
from datacard_fit.likelihood import Likelihood
from datacard_fit.limits import limit as limit_of
from datacard_fit.limits import significance as significance_of
from datacard_fit.scans import scan as scan_of
from datacard_fit.toys import goodness_of_fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from datacard_core import SharedParameter
    from datacard_fit.evaluation.bins import Data

_SHOWN = 20
"""Parameters that a table shows; --json has all."""


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function with the argument and the options that all commands have."""
    for decorator in reversed(_COMMON):
        function = decorator(function)
    return function


_COMMON: tuple[Callable[..., Any], ...] = (
    click.argument("cards", metavar="CARD|DIR...", type=click.Path(path_type=Path), nargs=-1, required=True),
    click.option("--poi", "poi", multiple=True, metavar="[PROCESS=]NAME", help="A POI; all signals have r without."),
    click.option("--asimov", is_flag=True, help="Take the expected events as data, and leave the real ones alone."),
    click.option("--expect-signal", type=float, default=1.0, show_default=True, help="Value of the POI for --asimov."),
    click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Start value of a parameter."),
    click.option("--range", "ranges", multiple=True, metavar="NAME=LOW,HIGH", help="Range of a parameter."),
    click.option("--freeze", multiple=True, metavar="NAME", help="Parameter or group that stays at its start value."),
    click.option("--mask", multiple=True, metavar="CHANNEL", help="Channel whose data do not count."),
    click.option("--lenient", is_flag=True, help="Read what Combine takes and silently means otherwise."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


@click.command()
@common
def fit(as_json: bool, **options: Any) -> None:
    """Fit the cards, and print the POI's interval, the nuisances and the significance."""
    likelihood, settings = _prepared(**options)
    result = best_fit(likelihood, **settings)
    if as_json:
        _print({**result.to_dict(), "significance": significance_of(likelihood, **settings)}, likelihood)
    else:
        for name, found in result.intervals.items():
            click.echo(f"{name} = {found.value:.4g} {_signed(found.down)}/{_signed(found.up)} (68 %)")
        click.echo(f"significance {significance_of(likelihood, **settings):.3g} standard deviations")
        rows = [
            (name, f"{value:+.3f}", "" if math.isnan(error) else f"{error:.3f}")
            for name, value, error in zip(result.names, result.values, result.errors, strict=True)
            if name not in result.intervals and not name.startswith("prop_bin")
        ]
        _table(("parameter", "value", "error"), rows)
    _told(result.problems)


@click.command()
@common
@click.option("--blind", is_flag=True, help="Expected limits from the start values, without a look at the data.")
@click.option("--observed", is_flag=True, help="Print the observed limit of cards that are blind too.")
@click.option("--cl", "confidence", type=float, default=0.95, show_default=True, help="Confidence level.")
def limit(as_json: bool, blind: bool, observed: bool, confidence: float, **options: Any) -> None:
    """Print the upper limit on the POI by CLs, observed and expected.

    Cards that are marked as blind have no observed limit unless --observed asks for it.
    """
    if blind and observed:
        raise click.UsageError("--blind and --observed exclude each other: --blind leaves the data alone.")
    likelihood, settings = _prepared(**options)
    result = limit_of(likelihood, blind=blind, observed=observed or None, confidence=confidence, **settings)
    if as_json:
        _print(result.to_dict(), likelihood)
    else:
        low2, low, median, high, high2 = result.expected
        if result.observed is not None:
            click.echo(f"observed {result.poi} < {result.observed:.4g} at {100 * confidence:g} % CL")
        bands = f"68 %: {low:.4g} to {high:.4g}, 95 %: {low2:.4g} to {high2:.4g}"
        click.echo(f"expected {result.poi} < {median:.4g} ({bands})")
    _told(result.problems)


@click.command()
@common
def impacts(as_json: bool, **options: Any) -> None:
    """Print how far the POI follows each parameter, the largest impact first."""
    likelihood, settings = _prepared(**options)
    result = impacts_of(likelihood, **settings)
    if as_json:
        _print(result.to_dict(), likelihood)
    else:
        rows = [
            (impact.name, f"{impact.fitted[1]:+.3f}", *(f"{end - impact.poi[1]:+.4g}" for end in impact.poi[::2]))
            for impact in result.impacts
        ]
        _table(("parameter", "value", f"{result.poi}, down", f"{result.poi}, up"), rows)
    _told([f"{impact.name}, {problem}" for impact in result.impacts for problem in impact.problems])


@click.command()
@common
@click.option("--grid", required=True, multiple=True, metavar="NAME=LOW,HIGH,POINTS", help="A scanned parameter.")
def scan(as_json: bool, grid: Sequence[str], **options: Any) -> None:
    """Print the profile likelihood in one parameter or two."""
    likelihood, settings = _prepared(**options)
    axes = {}
    for name, (low, high, points) in _numbers("--grid", grid, 3).items():
        axes[name] = np.linspace(low, high, int(points)).tolist()
    result = scan_of(likelihood, axes, **settings)
    if as_json:
        _print(result.to_dict(), likelihood)
    else:
        rows = [
            (*(f"{value:.4g}" for value in point), f"{2 * rise:.4f}")
            for point, rise in zip(result.points, result.rise, strict=True)
        ]
        _table((*result.names, "2ΔNLL"), rows, len(rows))
    _told(result.problems)


@click.command()
@common
@click.option("--toys", type=click.IntRange(0), default=0, show_default=True, help="Number of toys.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the toys.")
def gof(as_json: bool, toys: int, seed: int, **options: Any) -> None:
    """Print the goodness of fit by the saturated model, with its p-value if there are toys."""
    likelihood, settings = _prepared(**options)
    result = goodness_of_fit(likelihood, toys=toys, seed=seed, **settings)
    if as_json:
        _print(result.to_dict(), likelihood)
    else:
        p_value = "" if result.p_value is None else f", p-value {result.p_value:.3g} from {toys} toys"
        click.echo(f"saturated statistic {result.observed:.4g}{p_value}")
    _told(result.problems)


def _prepared(
    cards: Sequence[Path],
    poi: Sequence[str],
    asimov: bool,
    expect_signal: float,
    values: Sequence[str],
    ranges: Sequence[str],
    freeze: Sequence[str],
    mask: Sequence[str],
    lenient: bool,
) -> tuple[Likelihood, dict[str, Any]]:
    """Return the likelihood of cards, and the arguments of the functions that fit it."""
    model = joined([read_card(path, lenient=lenient).model() for path in card_paths(cards)])
    likelihood = Likelihood(model, poi=_pois(poi), masked=mask)
    start = {name: value for name, (value,) in _numbers("--set", values, 1).items()}
    data: Data | None = None
    # Made of the start values: the data of the cards are not looked at.
    if asimov:
        data = likelihood.asimov({**start, likelihood.pois[0]: expect_signal})
    elif likelihood.blind:
        names = ", ".join(likelihood.blind)
        click.echo(f"Note: blind in the cards, with expected events in place of data: {names}", err=True)
    settings = {"data": data, "values": start, "ranges": _numbers("--range", ranges, 2), "freeze": freeze}
    return likelihood, settings


def card_paths(paths: Sequence[Path]) -> list[Path]:
    """Return the paths of cards: files, and the files `*.txt` of folders.

    Raises:
        InputError: a folder has no card.
    """
    found = []
    for path in paths:
        # Sorted, as the order of the channels is that of the parameters.
        inside = sorted(path.glob("*.txt")) if path.is_dir() else [path]
        if not inside:
            raise InputError(f"{path} has no card: no file of it ends in .txt")
        found += inside
    return found


def joined(models: Sequence[Model]) -> Model:
    """Return the one model of several cards.

    Raises:
        DeclarationError: the cards contradict each other.
    """
    if len(models) == 1:
        return models[0]
    channels = [channel for model in models for channel in model.channels]
    groups: dict[str, list[str]] = {}
    for model in models:
        for name, members in model.groups.items():
            groups.setdefault(name, []).extend(members)
    # Model.of knows lines of channels alone, and a card has its parameters beside its channels.
    parameters = dict.fromkeys(line for model in models for line in model.parameters)
    first: dict[tuple[type, str], SharedParameter] = {}
    if problems := [
        f"{other.line!r} in one card is {line.line!r} in another"
        for line in parameters
        if (other := first.setdefault((type(line), line.name), line)) != line
    ]:
        raise DeclarationError(problems)
    return attrs.evolve(
        Model.of(channels, groups),
        parameters=tuple(parameters),
        frozen=frozenset().union(*(model.frozen for model in models)),
        findings=tuple(finding for model in models for finding in model.findings),
    )


def _pois(given: Sequence[str]) -> str | dict[str, str]:
    pairs = [text.rpartition("=") for text in given]
    if all(not equals for _, equals, _ in pairs):
        if len(pairs) > 1:
            raise DeclarationError([f"--poi {', '.join(given)}: several POIs need their processes, as ggH=r_ggH"])
        return given[0] if given else "r"
    return {process: name for process, _, name in pairs}


def _numbers(option: str, given: Sequence[str], count: int) -> dict[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    for text in given:
        name, equals, numbers = text.partition("=")
        try:
            values = tuple(float(number) for number in numbers.split(","))
        except ValueError:
            values = ()
        if not equals or len(values) != count:
            form = ",".join(["LOW,HIGH,POINTS", "LOW,HIGH", "VALUE"][-count:][:1])
            raise DeclarationError([f"{option} {text!r}, expected NAME={form}"])
        found[name] = values
    return found


def _print(content: Mapping[str, object], likelihood: Likelihood) -> None:
    if likelihood.blind:
        content = {**content, "blind": likelihood.blind}
    click.echo(json.dumps(_plain(content), indent=1, allow_nan=False))


def _plain(content: Any) -> Any:
    """Return a value of JSON, which has no nan: that is null."""
    if isinstance(content, dict):
        return {name: _plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _signed(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:+.4g}"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], most: int = _SHOWN) -> None:
    table = Table(*names)
    for row in rows[:most]:
        table.add_row(*row)
    Console().print(table)
    if len(rows) > most:
        click.echo(f"… and {len(rows) - most} more: --json has all")


def _told(problems: Sequence[str]) -> None:
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
