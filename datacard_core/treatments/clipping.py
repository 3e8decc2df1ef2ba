"""Treatment of bins below 0, which are no expectation of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import Finding, error, notice, warning
from datacard_core.model.arrays import Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacard_core.declare.policies import Policies
    from datacard_core.model.channel import Column
    from datacard_core.model.effects import Shape

_WAYS_OUT = "wider bins or more events would avoid it"


def clip(
    templates: Templates, columns: Sequence[Column], policies: Mapping[str, Policies], variation: str = ""
) -> tuple[Templates, tuple[Finding, ...]]:
    """Set bins below 0 to 0, and their variances, where the policy of the process does not keep them.

    Args:
        templates: shape (columns, bins).
        columns: the columns that the templates are of.
        policies: the policies of each process.
        variation: the nuisance with its direction, empty for the nominal.

    Returns:
        The templates, and a finding for each column with such bins: an error where its policy refuses them, otherwise
        a warning for the nominal and a notice for a variation.
    """
    # The minimum of an array without elements is an error in numpy, and an effect may have no columns.
    if not templates.values.size or templates.values.min() >= 0:
        return templates, ()
    negative = templates.values < 0
    rows = np.flatnonzero(negative.any(axis=1)).tolist()
    ways = {row: policies[columns[row].process].negative_bins for row in rows}
    negative[[row for row, way in ways.items() if way == "keep"]] = False
    # The variance goes too, as in PocketCoffea: it belongs to a content that is no longer there.
    clipped = Templates(np.where(negative, 0.0, templates.values), np.where(negative, 0.0, templates.variances))
    return clipped, tuple(_findings(templates, clipped, columns, ways, variation))


def clip_shape(
    shape: Shape, columns: Sequence[Column], nuisance: str, policies: Mapping[str, Policies]
) -> tuple[Shape, tuple[Finding, ...]]:
    """Clip both templates of an effect.

    Args:
        shape: an effect of a nuisance.
        columns: the columns of the effect.
        nuisance: the name of the nuisance, for findings.
        policies: the policies of each process.
    """
    up, of_up = clip(shape.up, columns, policies, f"{nuisance}Up")
    down, of_down = clip(shape.down, columns, policies, f"{nuisance}Down")
    findings = (*of_up, *of_down)
    return (attrs.evolve(shape, up=up, down=down) if findings else shape), findings


def _findings(
    before: Templates,
    after: Templates,
    columns: Sequence[Column],
    ways: Mapping[int, str | float | None],
    variation: str,
) -> Iterator[Finding]:
    # The sums are made once for all rows: made for each row, they were quadratic in the number of columns.
    old_yields, new_yields = before.norms, after.norms
    make = notice if variation else warning
    for row, way in ways.items():
        values, place = before.values[row], {"column": columns[row].name, "systematic": variation}
        # Counted from 1, as in ROOT.
        bins = np.flatnonzero(values < 0) + 1
        where = f"in bin{'s' * (len(bins) > 1)} {listing(bins)}"
        lowest = f"content below 0 (lowest {values.min():.4g})"
        old, new = old_yields[row], new_yields[row]
        if way == "error":
            yield error("negative-bins", f"{lowest} {where}, which negative_bins='error' refuses: {_WAYS_OUT}", **place)
        elif way == "keep":
            message = f"{lowest} {where} is kept, as declared: a fit may stop where the sum of all processes is below 0"
            yield make("negative-bins", message, **place)
        elif isinstance(way, int | float) and (beyond := _beyond(before, row, way)):
            message = f"{beyond}, more than {way:g} standard deviations below 0, which negative_bins={way:g} refuses"
            yield error("negative-bins", f"{message}: {_WAYS_OUT}", **place)
        else:
            change = f" ({100 * (new - old) / abs(old):+.3g} %)" if old else ""
            message = f"{lowest} is set to 0 {where}: yield {old:.6g} -> {new:.6g}{change}; {_WAYS_OUT}"
            yield make("clipped", message, **place)


def _beyond(templates: Templates, row: int, most: float) -> str:
    """Return the first content that is more than so many standard deviations below 0, empty if none is."""
    values, errors = templates.values[row], np.sqrt(templates.variances[row])
    for at in np.flatnonzero(values < -most * errors)[:1].tolist():
        return f"bin {at + 1} has {values[at]:.4g} ± {errors[at]:.4g}"
    return ""
