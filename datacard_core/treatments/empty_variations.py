"""Removal of varied templates without positive integral, at which Combine stops ("Bogus norm")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.arrays import FloatArray
    from datacard_core.model.channel import Column
    from datacard_core.model.effects import Shape


def drop_empty_variations(
    shape: Shape, columns: Sequence[Column], rates: FloatArray, nuisance: str
) -> tuple[Shape, tuple[Finding, ...]]:
    """Keep an effect on the columns where Combine accepts it.

    These are the columns with a rate above 0 whose Up and Down templates have an integral above 0. Combine leaves a
    column of rate 0 out of the channel, so that dropping the effect there changes no fit and gives no finding.

    Args:
        shape: an effect on n columns.
        columns: these columns.
        rates: their rates, shape (n,).
        nuisance: the name of the nuisance, for findings.
    """
    up, down = shape.up.norms, shape.down.norms
    usable = (up > 0) & (down > 0) & (rates > 0)
    if usable.all():
        return shape, ()
    findings = tuple(
        warning(
            "empty-variation",
            f"the integrals are {up[index]:.4g} (Up) and {down[index]:.4g} (Down) for a nominal of "
            f'{rates[index]:.4g}: Combine stops at a template that is not above 0 ("Bogus norm"), so the '
            "effect on this column is left out",
            column=columns[index].name,
            systematic=nuisance,
        )
        for index in np.flatnonzero(~usable & (rates > 0)).tolist()
    )
    return shape.keeping(usable), findings
