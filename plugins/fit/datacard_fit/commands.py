"""The commands `datacard fit`, `limit`, `impacts`, `scan`, `gof` and `toys`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import numpy as np

from datacard_core import FORMS, read_cards, worker_options
from datacard_fit.breakdown import breakdown as breakdown_of
from datacard_fit.command_line import common, drawn, numbers, prepared
from datacard_fit.exchange.printing import compare, exchange, print_json, show_fit, show_limit, show_table, tell
from datacard_fit.fits import MINIMIZERS
from datacard_fit.fits import fit as best_fit
from datacard_fit.impacts import impacts as impacts_of
from datacard_fit.limits import limit as limit_of
from datacard_fit.limits import significance as significance_of
from datacard_fit.scans import scan as scan_of
from datacard_fit.shapes import stages
from datacard_fit.toys import goodness_of_fit
from datacard_fit.toys import toys as toys_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacard_core import ExecutorLike
    from datacard_fit.command_line import Drawing
    from datacard_fit.likelihood import Likelihood


@click.command()
@common
@click.option(
    "--minimizer", type=click.Choice(list(MINIMIZERS)), default="newton", show_default=True, help="What finds minima."
)
@click.option("--breakdown", "groups", is_flag=True, help="Also print the uncertainty of the POI by groups.")
@click.option("--yields", type=click.Choice(FORMS), help="Print the yields before and after the fit, and nothing else.")
@click.option(
    "--shapes",
    metavar="FILE.root",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the templates before and after the fit, as FitDiagnostics does.",
)
@click.option(
    "--compare-combine",
    "combine",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Print the numbers of a file of Combine beside those of the fit, and nothing else.",
)
@drawn
def fit(
    draw: Drawing,
    as_json: bool,
    minimizer: Literal["newton", "minuit"],
    groups: bool,
    yields: str | None,
    shapes: Path | None,
    combine: Path | None,
    **options: Any,
) -> None:
    """Fit the cards, and print the POI's interval, the nuisances and the significance."""
    likelihood, settings = prepared(**options)
    result = best_fit(likelihood, minimizer=minimizer, **settings)
    if yields or shapes or draw.path:
        exchange(stages(likelihood, result, **settings), yields, shapes, lambda *made: draw(result, *made))
    if combine:
        compare(likelihood, result, settings, combine, as_json=as_json)
    if yields or combine:
        tell(result.problems)
        return
    excess = significance_of(likelihood, fitted=result, **settings)
    parts = breakdown_of(likelihood, **settings) if groups else None
    if as_json:
        print_json(
            {**result.to_dict(), "significance": excess, **({"breakdown": parts.to_dict()} if parts else {})},
            likelihood,
        )
    else:
        show_fit(result, excess, parts)
    tell(result.problems)


@click.command()
@common
@click.option("--blind", is_flag=True, help="Expected limits from the start values, without a look at the data.")
@click.option("--observed", is_flag=True, help="Print the observed limit of cards that are blind too.")
@click.option("--significance", "excess", is_flag=True, help="Also the significance, expected for the signal of 1.")
@click.option("--each", is_flag=True, help="Limits of each card alone too.")
@click.option("--cl", "confidence", type=float, default=0.95, show_default=True, help="Confidence level.")
@drawn
def limit(
    draw: Drawing,
    as_json: bool,
    blind: bool,
    observed: bool,
    excess: bool,
    each: bool,
    confidence: float,
    **options: Any,
) -> None:
    """Print the upper limit on the POI by CLs, observed and expected.

    Cards that are marked as blind have no observed limit unless --observed asks for it.
    """
    if blind and observed:
        raise click.UsageError("--blind and --observed exclude each other: --blind leaves the data alone.")
    likelihood, settings = prepared(**options)
    asked: dict[str, Any] = {"blind": blind, "observed": observed or None, "confidence": confidence}
    limits = {"combined" if each else likelihood.pois[0]: limit_of(likelihood, **asked, **settings)}
    if each:
        for path in [card.path for card in read_cards(options["cards"], lenient=options["lenient"])]:
            alone, its = prepared(**{**options, "cards": [path]})
            limits = {path.stem: limit_of(alone, **asked, **its), **limits}
    draw(limits)
    *_, together = limits.values()
    excesses = _excesses(likelihood, settings, observed=together.observed is not None) if excess else {}
    if as_json:
        found: dict[str, Any] = {name: one.to_dict() for name, one in limits.items()} if each else together.to_dict()
        print_json({**found, **({"significance": excesses} if excesses else {})}, likelihood)
    else:
        for name, one in limits.items():
            show_limit(one, f"{name}: " if each else "")
        for which, number in excesses.items():
            click.echo(f"{which} significance {number:.3g} standard deviations")
    for one in limits.values():
        tell(one.problems)


def _excesses(likelihood: Likelihood, settings: Mapping[str, Any], *, observed: bool) -> dict[str, float]:
    """Return the significance that a signal of 1 would have and, if it may be seen, that of the data."""
    asimov = likelihood.asimov({**settings["values"], likelihood.pois[0]: 1.0})
    expected = {"expected": significance_of(likelihood, **{**settings, "data": asimov})}
    return {"observed": significance_of(likelihood, **settings), **expected} if observed else expected


@click.command()
@common
@worker_options
@drawn
def impacts(draw: Drawing, as_json: bool, executor: ExecutorLike | None, jobs: int, **options: Any) -> None:
    """Print how far the POI follows each parameter, the largest impact first."""
    likelihood, settings = prepared(**options)
    result = impacts_of(likelihood, **settings, executor=executor, jobs=jobs)
    if as_json:
        print_json(result.to_dict(), likelihood)
    else:
        rows = [
            (impact.name, f"{impact.fitted[1]:+.3f}", *(f"{end - impact.poi[1]:+.4g}" for end in impact.poi[::2]))
            for impact in result.impacts
        ]
        show_table(("parameter", "value", f"{result.poi}, down", f"{result.poi}, up"), rows)
    # Behind the numbers, which a card without parameters has and a figure of them has not.
    draw(result)
    tell([f"{impact.name}, {problem}" for impact in result.impacts for problem in impact.problems])


@click.command()
@common
@click.option("--grid", required=True, multiple=True, metavar="NAME=LOW,HIGH,POINTS", help="A scanned parameter.")
@worker_options
@drawn
def scan(
    draw: Drawing,
    as_json: bool,
    grid: Sequence[str],
    executor: ExecutorLike | None,
    jobs: int,
    **options: Any,
) -> None:
    """Print the profile likelihood in one parameter or two."""
    likelihood, settings = prepared(**options)
    axes = {}
    for name, (low, high, points) in numbers("--grid", grid, 3).items():
        axes[name] = np.linspace(low, high, int(points)).tolist()
    result = scan_of(likelihood, axes, **settings, executor=executor, jobs=jobs)
    draw(result)
    if as_json:
        print_json(result.to_dict(), likelihood)
    else:
        rows = [
            (*(f"{value:.4g}" for value in point), f"{2 * rise:.4f}")
            for point, rise in zip(result.points, result.rise, strict=True)
        ]
        show_table((*result.names, "2ΔNLL"), rows, len(rows))
    tell(result.problems)


@click.command()
@common
@click.option("--toys", type=click.IntRange(0), default=0, show_default=True, help="Number of toys.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the toys.")
@worker_options
def gof(as_json: bool, toys: int, seed: int, executor: ExecutorLike | None, jobs: int, **options: Any) -> None:
    """Print the goodness of fit by the saturated model, with its p-value if there are toys."""
    likelihood, settings = prepared(**options)
    result = goodness_of_fit(likelihood, toys=toys, seed=seed, **settings, executor=executor, jobs=jobs)
    if as_json:
        print_json(result.to_dict(), likelihood)
    else:
        p_value = "" if result.p_value is None else f", p-value {result.p_value:.3g} from {toys} toys"
        click.echo(f"saturated statistic {result.observed:.4g}{p_value}")
    tell(result.problems)


@click.command()
@common
@click.option("--toys", "count", type=click.IntRange(1), required=True, help="Number of toys.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the toys.")
@click.option("--fitted", is_flag=True, help="Draw them at the best fit, in place of the start values.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File of numpy's arrays, .npz."
)
def toys(as_json: bool, count: int, seed: int, fitted: bool, output: Path, **options: Any) -> None:
    """Write toy data: counts by channel, and measured values of the constrained parameters."""
    likelihood, settings = prepared(**options)
    arrays: dict[str, Any] = dict(toys_of(likelihood, count, seed=seed, fitted=fitted, **settings).arrays())
    # To an open file: numpy would add an ending to the name.
    with output.open("wb") as file:
        np.savez_compressed(file, **arrays)
    if as_json:
        print_json({"toys": count, "seed": seed, "file": str(output), "arrays": list(arrays)}, likelihood)
    else:
        click.echo(f"{count} toys of {len(likelihood.compiled.channels)} channels in {output}")
