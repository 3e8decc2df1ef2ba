"""Finished channels with round numbers, so that a test can work out by hand what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from datacard_core import (
    Axis,
    Channel,
    Column,
    Directive,
    Effect,
    Normalisation,
    Nuisance,
    Shape,
    Statement,
    Templates,
)
from datacard_core.model.effects import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = (
    Column("signal_2022", "signal", "2022", 0),
    Column("top_2022", "top", "2022", 1),
    Column("top_2023", "top", "2023", 2),
    Column("vjets_2022", "vjets", "2022", 3),
)
VALUES = np.array([[1.0, 2.0], [10.0, 20.0], [30.0, 40.0], [5.0, 5.0]])
VARIANCES = np.array([[7.0, 7.0], [4.0, 9.0], [5.0, 7.0], [0.0, 0.0]])
"""Variances of `VALUES`: the background is (45, 65), with variances (9, 16)."""


def channel(
    *nuisances: Nuisance, values: Any = VALUES, columns: tuple[Column, ...] = COLUMNS, **changes: Any
) -> Channel:
    """Return a channel with the columns above, unless changed, and with data equal to the background."""
    values = np.array(values, dtype=float)
    bins = values.shape[1]
    variances = VARIANCES if values.shape == VARIANCES.shape else values
    background = np.array([not column.is_signal for column in columns], dtype=bool)
    data = np.round(values[background].sum(axis=0, keepdims=True))
    arguments: dict[str, Any] = {
        "bin": "SR_2022_2023",
        "category": "SR",
        "axis": Axis(np.arange(bins + 1.0), "x"),
        "columns": columns,
        "nominal": Templates(values, variances),
        "data": Templates(data, data),
        "has_data": True,
        "nuisances": nuisances,
        "statements": tuple(map(Statement, changes.pop("directives", ()))),
    }
    return Channel(**arguments | changes)


def channel_of(backgrounds: int, signals: int = 0, bins: int = 2, **changes: Any) -> Channel:
    """Return a channel of one year with so many processes, whose yields fall from the first to the last."""
    columns = [Column(f"s{number}_2022", f"s{number}", "2022", -number) for number in range(signals)]
    columns += [Column(f"b{number}_2022", f"b{number}", "2022", number + 1) for number in range(backgrounds)]
    values = [[float(signals - row)] * bins for row in range(signals)]
    values += [[float(backgrounds - row)] * bins for row in range(backgrounds)]
    return channel(**{"values": values, "columns": tuple(columns), **changes})


def factors(name: str, columns: Sequence[int], up: Sequence[float], down: Sequence[float] | None = None) -> Nuisance:
    """Return a nuisance of factors on the yields."""
    at_minus_one = None if down is None else np.array(down)
    return Nuisance(name, (Normalisation(np.array(columns), np.array(up), at_minus_one),), "lnN")


def shape(columns: Sequence[int], up: Any, down: Any, scale: Sequence[float] | None = None) -> Shape:
    """Return the effect of templates that differ from `VALUES` by `up` and `down`."""
    rows = np.array(columns)
    scales = np.ones(len(rows)) if scale is None else np.array(scale)
    at_plus, at_minus = (Templates(VALUES[rows] + np.array(by), VARIANCES[rows]) for by in (up, down))
    return Shape(rows, at_plus, at_minus, scales)


def shifted(name: str, *arguments: Any) -> Nuisance:
    """Return a nuisance with the effect of `shape`."""
    return Nuisance(name, (shape(*arguments),), "shape")


def all_shifted(made: Channel, name: str = "jes") -> Nuisance:
    """Return a nuisance with templates for all columns, 10 % up and 20 % down."""
    rows = np.arange(len(made.columns))
    up, down = (Templates(factor * made.nominal.values, made.nominal.variances) for factor in (1.1, 0.8))
    return Nuisance(name, (Shape(rows, up, down, np.ones(len(rows))),), "shape")


def with_origin(nuisance: Nuisance) -> Nuisance:
    """Return a nuisance of templates of all columns, of a built card; the first column has one dataset of two."""
    columns = np.concatenate([entry.columns for entry in nuisance.entries])
    count = len(columns)
    origin = Origin(
        columns=columns,
        labels=((f"{nuisance.name}Up", f"{nuisance.name}Down"),) * count,
        is_alias=np.zeros(count, bool),
        present=np.where(columns == 0, 1, 2),
        datasets=np.full(count, 2),
        is_clipped=np.zeros(count, bool),
    )
    return attrs.evolve(nuisance, origin=origin)


@attrs.frozen(eq=False)
class Gamma(Effect):
    """An effect that only a plugin defines."""

    columns: Any
    keyword = "gmN 7"

    def cells(self) -> Sequence[str]:
        return ["0.1"] * len(self.columns)


@attrs.frozen
class Lines(Directive):
    """A directive that only a plugin defines."""

    text: tuple[str, ...]

    def lines(self, channel: Channel) -> Iterable[str]:  # noqa: ARG002
        return self.text
