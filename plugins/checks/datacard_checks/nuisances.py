"""Looks at the rows and the names of a model, without its templates."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from datacard_checks.limits import Limits
from datacard_core import Check, ConstrainedParameter, FreeParameter, Normalisation, grammar, notice, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Finding, Model, Nuisance

_LUMINOSITY = re.compile(r"lumi", re.IGNORECASE)
_TWICE = re.compile(r"(20[12][0-9][A-Za-z]*?)\1")
"""A year that is written twice, as PocketCoffea writes it when overlapping outputs are merged."""


@attrs.frozen(kw_only=True)
class Factor:
    """A factor of one nuisance on one column, of a row of kind lnN."""

    channel: str
    process: str
    nuisance: str
    down: float
    up: float


def _factors(model: Model) -> Iterator[Factor]:
    for channel in model.channels:
        for nuisance in channel.nuisances:
            for effect in nuisance.effects:
                if type(effect) is Normalisation:
                    downs = 1 / effect.up if effect.down is None else effect.down
                    for column, down, up in zip(effect.columns, downs.tolist(), effect.up.tolist(), strict=True):
                        yield Factor(
                            channel=channel.bin,
                            process=channel.columns[column].name,
                            nuisance=nuisance.name,
                            down=down,
                            up=up,
                        )


def large_factors(model: Model, limits: Limits) -> Iterator[Finding]:
    """Yield factors that are per cents, or relative uncertainties, by their size."""
    limit = limits.largest_factor
    for factor in _factors(model):
        size = max(factor.up, 1 / factor.up, factor.down, 1 / factor.down)
        if size > limit:
            yield warning(
                "value.kappa-large",
                f"changes the yield by factors of {factor.down:.4g} and {factor.up:.4g}: an uncertainty of 5 % is 1.05",
                channel=factor.channel,
                column=factor.process,
                systematic=factor.nuisance,
                numbers={"factor": size, "limit": limit},
            )


def luminosity_twice(model: Model, limits: Limits) -> Iterator[Finding]:  # noqa: ARG001 - as every look has it
    """Yield processes with two nuisances for the luminosity that have the same factor, in each channel."""
    seen: dict[tuple[str, str, float, float], str] = {}
    for factor in _factors(model):
        if _LUMINOSITY.search(factor.nuisance):
            # By equal factors, as the parts that years share have other ones.
            first = seen.setdefault((factor.channel, factor.process, factor.down, factor.up), factor.nuisance)
            if first != factor.nuisance:
                yield warning(
                    "row.luminosity-twice",
                    f"{first!r} has the same factor {factor.up:.4g}: does the luminosity count twice?",
                    channel=factor.channel,
                    column=factor.process,
                    systematic=factor.nuisance,
                    numbers={"factor": factor.up},
                )


def without_systematic(model: Model, limits: Limits) -> Iterator[Finding]:  # noqa: ARG001 - as every look has it
    """Yield processes on which no nuisance and no parameter acts, in any channel."""
    varied: set[str] = set()
    first: dict[str, str] = {}
    for channel in model.channels:
        places = {place for nuisance in channel.nuisances for place in nuisance.columns}
        for directive in channel.directives:
            places |= set(np.asarray(getattr(directive, "columns", ()), int).tolist())
        varied |= {channel.columns[place].name for place in places}
        # Combine leaves out a process whose rate is 0.
        for column, rate in zip(channel.columns, channel.rates, strict=True):
            if rate != 0:
                first.setdefault(column.name, channel.bin)
    # A card without any systematic was meant so.
    for name, channel_name in first.items() if varied else ():
        if name not in varied:
            yield warning("process.no-systematic", "no systematic acts on it", channel=channel_name, column=name)


def degenerate(model: Model, limits: Limits) -> Iterator[Finding]:  # noqa: ARG001 - as every look has it
    """Yield lnN nuisances that scale the columns of a free parameter, all by one factor: the data fix only both."""
    free: dict[str, set[tuple[str, int]]] = {}
    factors: dict[str, dict[tuple[str, int], tuple[float, float]]] = {}
    others: set[str] = set()
    for channel in model.channels:
        for directive in channel.directives:
            if isinstance(directive, FreeParameter):
                free.setdefault(directive.name, set()).update((channel.bin, at) for at in directive.columns.tolist())
        for nuisance in channel.nuisances:
            if any(entry.keyword != grammar.LN_N for entry in nuisance.entries):
                others.add(nuisance.name)
            factors.setdefault(nuisance.name, {}).update(_of(channel.bin, nuisance))
    # One factor on all columns: other factors leave a difference that the data can fix.
    # A `param` of the name constrains the parameter.
    constrained = {line.name for line in model.parameters if isinstance(line, ConstrainedParameter)}
    by_columns = {frozenset(columns): name for name, columns in free.items() if name not in constrained}
    for name, found in factors.items():
        parameter = by_columns.get(frozenset(found))
        if parameter and name not in others and len(set(found.values())) == 1:
            message = f"free parameter {parameter!r} scales the same columns: leave out this row, or the parameter"
            yield notice("rateparam.degenerate-lnN", message, systematic=name)


def _of(channel: str, nuisance: Nuisance) -> Iterator[tuple[tuple[str, int], tuple[float, float]]]:
    for effect in nuisance.effects:
        if type(effect) is Normalisation:
            downs = 1 / effect.up if effect.down is None else effect.down
            for column, down, up in zip(effect.columns.tolist(), downs.tolist(), effect.up.tolist(), strict=True):
                yield (channel, column), (down, up)


def years_twice(model: Model, limits: Limits) -> Iterator[Finding]:  # noqa: ARG001 - as every look has it
    """Yield names with a year that stands there twice, such as 20182018."""
    names: Counter[str] = Counter()
    for channel in model.channels:
        names.update([channel.bin, *(column.name for column in channel.columns)])
        names.update(nuisance.name for nuisance in channel.nuisances)
    for name in names:
        if found := _TWICE.search(name):
            message = f"{name!r} has the year {found[1]} twice: were overlapping outputs merged, and counted twice?"
            yield warning("name.year-twice", message)


class Nuisances(Check):
    """Looks for rows and names that point to a mistake."""

    name: ClassVar[str] = "nuisances"
    codes: ClassVar[Mapping[str, str]] = {
        "name.year-twice": "A name has a year twice, such as 20182018, as overlapping outputs give that are merged: "
        "merge each output once.",
        "process.no-systematic": "No systematic acts on a process, in any channel.",
        "rateparam.degenerate-lnN": "A notice: an lnN scales the columns of a free parameter by one factor, so that "
        "the data fix only both together: leave one out.",
        "row.luminosity-twice": "Two nuisances for the luminosity have the same factor on a process: leave one out.",
        "value.kappa-large": "A factor on a yield, or its inverse, is above 3: an uncertainty of 5 % is 1.05.",
    }

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def examine(self, model: Model) -> Iterator[Finding]:
        """Yield the findings of each look at the model."""
        for look in (large_factors, luminosity_twice, without_systematic, degenerate, years_twice):
            yield from look(model, self._limits)
