"""Results as the commands print them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

from datacard_fit.exchange.differences import compared
from datacard_fit.exchange.yields import yields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datacard_fit.breakdown import Breakdown
    from datacard_fit.fits import FitResult
    from datacard_fit.likelihood import Likelihood
    from datacard_fit.limits import Limit
    from datacard_fit.shapes import Shapes

_SHOWN = 20
"""Parameters that a table shows; --json has all."""


def show_fit(result: FitResult, excess: float, parts: Breakdown | None) -> None:
    """Print the POIs, the significance, the parts of the uncertainty and the parameters."""
    for name, found in result.intervals.items():
        click.echo(f"{name} = {found.value:.4g} {signed(found.down)}/{signed(found.up)} (68 %)")
    click.echo(f"significance {excess:.3g} standard deviations")
    if parts:
        show_table(("part", "down", "up"), [(part.name, signed(part.down), signed(part.up)) for part in parts.parts])
    rows = [
        (name, f"{value:+.3f}", "" if math.isnan(error) else f"{error:.3f}")
        for name, value, error in zip(result.names, result.values, result.errors, strict=True)
        if name not in result.intervals and not name.startswith("prop_bin")
    ]
    show_table(("parameter", "value", "error"), rows)


def show_limit(found: Limit, before: str) -> None:
    """Print the limits, each line behind some words."""
    low2, low, median, high, high2 = found.expected
    if found.observed is not None:
        click.echo(f"{before}observed {found.poi} < {found.observed:.4g} at {100 * found.confidence:g} % CL")
    bands = f"68 %: {low:.4g} to {high:.4g}, 95 %: {low2:.4g} to {high2:.4g}"
    click.echo(f"{before}expected {found.poi} < {median:.4g} ({bands})")


def exchange(made: dict[str, Shapes], form: str | None, path: Path | None, draw: Callable[..., None]) -> None:
    """Print the yields before and after a fit in a form, write the templates to a file, and draw both."""
    if path:
        from datacard_fit.exchange.shapes_file import write_shapes  # noqa: PLC0415 - loads uproot

        write_shapes(made, path)
        click.echo("Note: data are TH1D in place of TGraphAsymmErrors, which uproot does not write", err=True)
    if form:
        click.echo(yields_of(made).document(form), nl=False)
    draw(made)


def compare(
    likelihood: Likelihood, fitted: FitResult, settings: Mapping[str, Any], path: Path, *, as_json: bool
) -> None:
    """Print the numbers of a file of Combine beside those of a fit."""
    from datacard_fit.exchange.combine_files import read_combine  # noqa: PLC0415 - loads uproot

    combine = read_combine(path)
    table = compared(likelihood, fitted, combine, **settings)
    if as_json:
        print_json({"differences": list(table.records), "problems": combine.problems}, likelihood)
    else:
        show_table(table.heads, [list(map(str, line)) for line in table.lines])
        click.echo(table.note or f"largest difference {table.lines[0][-1]} σ in {table.lines[0][0]}")
    tell(combine.problems)


def print_json(content: Mapping[str, object], likelihood: Likelihood) -> None:
    """Print a result, with the names of the channels that are blind."""
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


def signed(value: float) -> str:
    """Return a number with its sign, and a question mark for nan."""
    return "?" if math.isnan(value) else f"{value:+.4g}"


def show_table(names: Sequence[str], rows: Sequence[Sequence[str]], most: int = _SHOWN) -> None:
    """Print the first rows of a table, and the number of the others."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, and --json never needs it
    from rich.table import Table  # noqa: PLC0415

    table = Table(*names)
    for row in rows[:most]:
        table.add_row(*row)
    Console().print(table)
    if len(rows) > most:
        click.echo(f"… and {len(rows) - most} more: --json has all")


def tell(problems: Sequence[str]) -> None:
    """Print problems as warnings on standard error."""
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
