"""Removal of the statistical errors of processes that are declared without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.findings import Finding, notice
from datacard_core.model.arrays import Templates

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from datacard_core.model.channel import Column


def without_errors(
    nominal: Templates, columns: Sequence[Column], exact: Collection[str]
) -> tuple[Templates, tuple[Finding, ...]]:
    """Set the variances of processes to 0, so that autoMCStats makes no parameters for them.

    Args:
        nominal: nominal templates, shape (columns, bins).
        columns: the columns.
        exact: names of the processes.

    Returns:
        The templates, and a notice for each of the processes that the card has.
    """
    here = np.array([column.process in exact for column in columns], dtype=bool)
    if not here.any():
        return nominal, ()
    # Of the nominal alone: Combine does not use the errors of varied templates.
    variances = np.where(here[:, None], 0.0, nominal.variances)
    message = "its statistical errors are set to 0, as declared: autoMCStats makes no parameters for it"
    present = dict.fromkeys(column.process for column in columns if column.process in exact)
    return Templates(nominal.values, variances), tuple(notice("no-mcstat", message, column=name) for name in present)
