"""Channels made by hand, and channels of analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core.build.plans import Needs
from datacard_core.grammar import DIRECTIONS, SHAPE
from datacard_core.model.arrays import Axis, IntArray, Templates, read_only
from datacard_core.model.channel import Channel, Column, Directive, Statement
from datacard_core.model.directives import BinByBinStatistics, FreeParameter, RawLine
from datacard_core.model.effects import Effect, Normalisation, Nuisance, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.sketches import Sketch


@attrs.frozen(eq=False)
class UnknownEffect(Effect):
    """An effect that no writer has a rendering for, with cells that Combine can read."""

    columns: IntArray = attrs.field(converter=read_only)
    keyword: str = "lnN"

    def cells(self) -> Sequence[str]:
        """Return a factor for each column."""
        return ["1.5"] * len(self.columns)


@attrs.frozen(eq=False)
class UnknownDirective(Directive):
    """A directive that no writer has a rendering for, with a line that Combine can read."""

    name: str = "unknown"

    def lines(self, channel: Channel) -> Sequence[str]:  # noqa: ARG002 - equal for all channels
        """Return the line of a parameter."""
        return [f"{self.name} param 0.0 1.0"]


@attrs.frozen(eq=False)
class Named:
    """A channel, and its description in messages."""

    name: object
    channel: Channel

    def __str__(self) -> str:
        return str(self.name)


COMPLETE = "a channel with all effects and directives of the core"
"""Description of the channel that `complete` returns."""


def by_hand() -> tuple[Named, ...]:
    """Return channels that a card can be made of."""
    return (
        Named("one background in one bin, without data, nuisances and lines", _channel([("top_2018", 1)], [[10.0]])),
        Named(COMPLETE, complete()),
        Named("labelled bins, and names of 120 characters and with dots", _long_names()),
        Named("bins and columns without yield, and no events observed", _empty()),
    )


def refused() -> tuple[Named, ...]:
    """Return channels that checks get, but that no card can be made of."""
    columns = [("signal_2018", 0), ("top_2018", 1)]
    return (
        Named("a channel without any background yield", _channel(columns, [[1.0, 2.0], [0.0, 0.0]], [3.0, 0.0])),
        Named("a channel without any yield", _channel(columns, [[0.0], [0.0]], [0.0])),
        Named("data below 0", _channel(columns, [[1.0], [2.0]], [-3.0])),
    )


def complete() -> Channel:
    """Return a channel of three columns in two bins, with an effect or a directive of every class of the core."""
    columns = [("signal_2018", 0), ("top_2018", 1), ("vjets_2018", 2)]
    channel = _channel(columns, [[1.0, 2.0], [30.0, 20.0], [9.0, 8.0]], [42.0, 29.0])
    return attrs.evolve(
        channel,
        nuisances=(
            Nuisance("lumi", (Normalisation(_at(0, 1, 2), np.array([1.02, 1.02, 1.03])),)),
            Nuisance("scale", (Normalisation(_at(1), np.array([1.2]), np.array([0.9])),)),
            Nuisance("jes", (_shape(channel, 0, 1, 2),)),
            Nuisance("tune", (_shape(channel, 1), Normalisation(_at(2), np.array([1.5])))),
        ),
        statements=_undeclared(
            FreeParameter("free_top", _at(1)),
            FreeParameter("free_vjets", _at(2), 1.5, (0.5, 5.0)),
            RawLine("theory group = scale tune"),
            BinByBinStatistics(10.0),
        ),
    )


def of(sketch: Sketch, plugins: Plugins) -> Named:
    """Return the channel of an analysis with declarations of every built-in kind, on all or some of its columns."""
    declared = [
        (sketch.declare("pair", "lnN", value=(0.9, 1.2)), Needs()),
        (sketch.declare("both", "shape", value=1.0), Needs(DIRECTIONS)),
        (sketch.declare("free", "rateParam", value=1.0, options={"range": (0.0, 5.0)}), Needs()),
    ]
    output = sketch.output(declared)
    systematics = [*sketch.bystanders(SHAPE), *(systematic for systematic, _ in declared)]
    return Named(sketch, sketch.card(output, plugins, *systematics, mcstat=True).channel)


def _at(*positions: int) -> IntArray:
    return np.array(positions, dtype=np.intp)


def _shape(channel: Channel, *positions: int) -> Shape:
    nominal = channel.nominal.values[list(positions)]
    tilt = np.linspace(0.8, 1.3, channel.axis.bins)
    return Shape(_at(*positions), _templates(nominal * tilt), _templates(nominal / tilt), np.ones(len(positions)))


# Variances of a quarter of the yields are those of weights of 0.25, so values and variances cannot be confused.
def _templates(values: Any) -> Templates:
    return Templates(np.array(values, dtype=float), 0.25 * np.array(values, dtype=float))


def _channel(columns: Sequence[tuple[str, int]], values: Any, data: Any = None) -> Channel:
    """Return a channel without nuisances; columns are given as pairs of name and process id."""
    nominal = _templates(values)
    background = sum(row for row, (_, number) in zip(nominal.values, columns, strict=True) if number > 0)
    return Channel(
        bin="SR_2018",
        category="SR",
        axis=Axis(np.arange(nominal.values.shape[1] + 1.0), "x"),
        columns=tuple(_column(name, number) for name, number in columns),
        nominal=nominal,
        data=_templates([background if data is None else data]),
        has_data=data is not None,
    )


def _undeclared(*directives: Directive) -> tuple[Statement, ...]:
    return tuple(map(Statement, directives))


def _column(name: str, number: int) -> Column:
    process, year = name.rsplit("_", 1)
    return Column(name, process, year, number)


def _long_names() -> Channel:
    # Fixed widths of columns, and names cut off, are common faults of writers.
    long, dotted = f"{'process' * 17}_2018", "top.b-tagged_2022.preEE"
    channel = _channel([(long, 0), (dotted, 1)], [[1.0, 2.0], [3.0, 4.0]], [3.0, 5.0])
    return attrs.evolve(
        channel,
        axis=Axis(np.arange(3.0), "flavour", "jet flavour", uniform=True, categories=("b", "light")),
        bin="SR.high-pt_2018",
        nuisances=(
            Nuisance("jes.Absolute-2018", (_shape(channel, 0, 1),)),
            Nuisance("nuisance" * 15, (Normalisation(_at(1), np.array([1.1])),)),
        ),
        statements=_undeclared(FreeParameter("free.top-2018", _at(1), 1.0, (0.0, 5.0))),
    )


def _empty() -> Channel:
    columns = [("signal_2018", 0), ("top_2018", 1), ("vjets_2018", 2)]
    channel = _channel(columns, [[0.0, 1.0], [0.0, 3.0], [0.0, 0.0]], [0.0, 0.0])
    return attrs.evolve(channel, nuisances=(Nuisance("jes", (_shape(channel, 0, 1),)),))
