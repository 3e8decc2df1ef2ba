"""Checks of nuisances for templates and factors that point to a mistake in the analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import Check, grammar, notice, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from datacard_core import Channel, Finding, Shape, Templates

SMALLEST_CHANGE = 1e-3
"""Relative change of a yield below which its sign means nothing: rounding and a few events make it."""

MOST_COLUMNS = 4


class Directions(Check):
    """Check for Up and Down templates that are equal, or on the same side of the nominal."""

    name: ClassVar[str] = "directions"
    codes: ClassVar[Mapping[str, str]] = {
        "shape.same-variations": "The Up and the Down template of a column are equal, and differ from the nominal: "
        "check that the two directions were not filled with the same weight.",
        "same-side": "The yields of the Up and the Down template are both above or both below the nominal one: check "
        "the variation; a fit can then pull the nuisance one way only.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield a warning for each nuisance and fault, with its columns."""
        for nuisance, shape in channel.shapes():
            nominal = channel.nominal[shape.columns]
            equal = (shape.up.values == shape.down.values).all(axis=1) & (shape.up.values != nominal.values).any(axis=1)
            up, down = shape.up.norms - nominal.norms, shape.down.norms - nominal.norms
            aside = (
                (up * down > 0)
                & (np.minimum(np.abs(up), np.abs(down)) > SMALLEST_CHANGE * np.abs(nominal.norms))
                & ~equal
            )
            if equal.any():
                message = f"Up and Down are equal, and differ from the nominal{_example(nominal, shape, equal)}"
                columns = names_of(channel, shape.columns[equal].tolist())
                of = {"column": columns, "systematic": nuisance.name, "numbers": _numbers(nominal, shape, equal)}
                yield warning("shape.same-variations", message, **of)
            if aside.any():
                message = (
                    f"the yields of Up and Down are on one side of the nominal one{_example(nominal, shape, aside)}"
                )
                columns = names_of(channel, shape.columns[aside].tolist())
                numbers = {**_numbers(nominal, shape, aside), "limit": SMALLEST_CHANGE}
                yield warning("same-side", message, column=columns, systematic=nuisance.name, numbers=numbers)


def _numbers(nominal: Templates, shape: Shape, found: NDArray[np.bool_]) -> dict[str, float]:
    """Return the yields of the first column that is found."""
    first = int(np.flatnonzero(found)[0])
    return {
        "up": float(shape.up.norms[first]),
        "down": float(shape.down.norms[first]),
        "nominal": float(nominal.norms[first]),
    }


def _example(nominal: Templates, shape: Shape, found: NDArray[np.bool_]) -> str:
    yields = _numbers(nominal, shape, found)
    return f", as {yields['nominal']:.4g} -> {yields['up']:.4g} and {yields['down']:.4g}"


class SharedTemplates(Check):
    """Check for nuisances with the same templates, which count one uncertainty twice."""

    name: ClassVar[str] = "shared-templates"
    codes: ClassVar[Mapping[str, str]] = {
        "shared-templates": "Two nuisances have the same Up and Down templates on a column, so that one uncertainty "
        "counts twice: leave one out, or restrict them to different processes or years.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield a warning for each pair of nuisances, with the columns."""
        # By their yields first: templates of different yields need no comparison of their bins.
        alike: dict[tuple[int, float, float], list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]] = {}
        shared: dict[tuple[str, str], list[int]] = {}
        for nuisance, shape in channel.shapes():
            nominal = channel.nominal.values[shape.columns]
            rows = zip(shape.columns.tolist(), nominal, shape.up.values, shape.down.values, strict=True)
            for column, center, up, down in rows:
                others = alike.setdefault((column, float(up.sum()), float(down.sum())), [])
                for name, other_up, other_down in others:
                    if np.array_equal(up, other_up) and np.array_equal(down, other_down) and (up != center).any():
                        shared.setdefault((name, nuisance.name), []).append(column)
                        break
                others.append((nuisance.name, up, down))
        for (one, other), columns in shared.items():
            message = f"nuisance {one!r} has the same templates: one uncertainty counts twice"
            yield warning("shared-templates", message, column=names_of(channel, columns), systematic=other)


class SharedFactors(Check):
    """Check for log-normal nuisances with the same factors on the same columns, which may be one uncertainty."""

    name: ClassVar[str] = "shared-factors"
    codes: ClassVar[Mapping[str, str]] = {
        "shared-factors": "Two nuisances have the same factors on the same columns, a notice: leave one out if both "
        "are one uncertainty, which counts twice then.",
    }

    def run(self, channel: Channel) -> Iterator[Finding]:
        """Yield a notice for each nuisance that repeats an earlier one."""
        first: dict[frozenset[tuple[int, str]], str] = {}
        for nuisance in channel.nuisances:
            if any(entry.keyword != grammar.LN_N for entry in nuisance.entries):
                continue
            factors = [
                pair for entry in nuisance.entries for pair in zip(entry.columns.tolist(), entry.cells, strict=True)
            ]
            other = first.setdefault(frozenset(factors), nuisance.name)
            if other != nuisance.name:
                message = f"nuisance {other!r} has the same factors there: if both are one uncertainty, it counts twice"
                columns = names_of(channel, sorted(column for column, _ in factors))
                yield notice("shared-factors", message, column=columns, systematic=nuisance.name)


def names_of(channel: Channel, columns: list[int]) -> str:
    """Return the names of columns in words, the first few of many."""
    names = [channel.columns[column].name for column in columns]
    rest = f", and {len(names) - MOST_COLUMNS} more" if len(names) > MOST_COLUMNS else ""
    return ", ".join(names[:MOST_COLUMNS]) + rest
