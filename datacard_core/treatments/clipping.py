"""Clipping of bins below 0, which Combine cannot handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.findings import Finding, notice, warning
from datacard_core.model.arrays import Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.model.channel import Column
    from datacard_core.model.effects import Shape


def clip(templates: Templates, columns: Sequence[Column], variation: str = "") -> tuple[Templates, tuple[Finding, ...]]:
    """Set bins below 0 to 0, and their variances.

    Args:
        templates: shape (columns, bins).
        columns: the columns that the templates are of.
        variation: the nuisance with its direction, empty for the nominal.

    Returns:
        The templates, and a finding for each column that is changed: a warning for the nominal, a notice for a
        variation.
    """
    # The minimum of an array without elements is an error in numpy, and an effect may have no columns.
    if not templates.values.size or templates.values.min() >= 0:
        return templates, ()
    negative = templates.values < 0
    # The variance goes too, as in PocketCoffea: it belongs to a content that is no longer there.
    clipped = Templates(np.where(negative, 0.0, templates.values), np.where(negative, 0.0, templates.variances))
    return clipped, tuple(_findings(templates, clipped, columns, variation))


def clip_shape(shape: Shape, columns: Sequence[Column], nuisance: str) -> tuple[Shape, tuple[Finding, ...]]:
    """Clip both templates of an effect.

    Args:
        shape: an effect of a nuisance.
        columns: the columns of the effect.
        nuisance: the name of the nuisance, for findings.
    """
    up, of_up = clip(shape.up, columns, f"{nuisance}Up")
    down, of_down = clip(shape.down, columns, f"{nuisance}Down")
    findings = (*of_up, *of_down)
    return (attrs.evolve(shape, up=up, down=down) if findings else shape), findings


def _findings(before: Templates, after: Templates, columns: Sequence[Column], variation: str) -> Iterator[Finding]:
    # The sums are made once for all rows: made for each row, they were quadratic in the number of columns.
    old_yields, new_yields = before.norms, after.norms
    make = notice if variation else warning
    for row in np.flatnonzero((before.values < 0).any(axis=1)).tolist():
        # Counted from 1, as in ROOT.
        bins = np.flatnonzero(before.values[row] < 0) + 1
        old, new = old_yields[row], new_yields[row]
        change = f" ({100 * (new - old) / abs(old):+.3g} %)" if old else ""
        yield make(
            "clipped",
            f"content below 0 (lowest {before.values[row].min():.4g}) is set to 0 in "
            f"bin{'s' * (len(bins) > 1)} {listing(bins)}: yield {old:.6g} -> {new:.6g}{change}; "
            "wider bins or more events would avoid it",
            column=columns[row].name,
            systematic=variation,
        )
