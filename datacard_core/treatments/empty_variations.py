"""Treatment of varied templates without positive integral, at which Combine stops ("Bogus norm")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import Finding, error, warning
from datacard_core.model.arrays import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.declare.policies import Policies
    from datacard_core.model.arrays import BoolArray, FloatArray
    from datacard_core.model.channel import Column
    from datacard_core.model.effects import Shape


def treat_empty_variations(
    shape: Shape,
    columns: Sequence[Column],
    nominal: Templates,
    rates: FloatArray,
    nuisance: str,
    policies: Mapping[str, Policies],
) -> tuple[Shape, tuple[Finding, ...]]:
    """Keep an effect on the columns where Combine accepts it, or make it acceptable, by the policy of the process.

    These are the columns with a rate above 0 whose Up and Down templates have an integral above 0. Combine leaves a
    column of rate 0 out of the channel, so that dropping the effect there changes no fit and gives no finding.

    Args:
        shape: an effect on n columns.
        columns: these columns.
        nominal: the nominal templates of all columns of the card as they are written, shape (columns, bins).
        rates: their rates, shape (columns,).
        nuisance: the name of the nuisance, for findings.
        policies: the policies of each process.
    """
    rates = rates[shape.columns]
    empty = ~(np.array([shape.up.norms, shape.down.norms]) > 0)
    if not empty.any() and (rates > 0).all():
        return shape, ()
    told = np.flatnonzero(empty.any(axis=0) & (rates > 0)).tolist()
    ways = {row: policies[columns[row].process].empty_variation for row in told}
    findings = tuple(_findings(shape, columns, rates, nuisance, ways))
    replaced = np.zeros(len(columns), dtype=bool)
    replaced[[row for row, way in ways.items() if way == "nominal"]] = True
    if replaced.any():
        here = nominal[shape.columns]
        up, down = (
            _with_nominal(varied, here, of & replaced) for varied, of in zip((shape.up, shape.down), empty, strict=True)
        )
        shape = attrs.evolve(shape, up=up, down=down)
    usable = (~empty.any(axis=0) | replaced) & (rates > 0)
    return (shape if usable.all() else shape.keeping(usable)), findings


def _with_nominal(varied: Templates, nominal: Templates, rows: BoolArray) -> Templates:
    where = rows[:, None]
    return Templates(
        np.where(where, nominal.values, varied.values), np.where(where, nominal.variances, varied.variances)
    )


def _findings(
    shape: Shape, columns: Sequence[Column], rates: FloatArray, nuisance: str, ways: Mapping[int, str | None]
) -> Iterator[Finding]:
    up, down = shape.up.norms, shape.down.norms
    for row, way in ways.items():
        message = (
            f"the integrals are {up[row]:.4g} (Up) and {down[row]:.4g} (Down) for a nominal of {rates[row]:.4g}: "
            'Combine stops at a template that is not above 0 ("Bogus norm")'
        )
        place = {"column": columns[row].name, "systematic": nuisance}
        if way == "error":
            yield error("empty-variation", f"{message}, which empty_variation='error' refuses", **place)
        elif way == "nominal":
            yield warning("empty-variation", f"{message}, so the nominal stands in its place", **place)
        else:
            yield warning("empty-variation", f"{message}, so the effect on this column is left out", **place)
