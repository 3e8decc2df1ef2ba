"""Columns that are read elsewhere, made of a difference, or scaled, such as those from data of a control region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datacard_core.declare.values import Factors
from datacard_core.errors import DeclarationError
from datacard_core.findings import notice
from datacard_core.model.arrays import Axis, Templates
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.declare.processes import MCProcess
    from datacard_core.findings import Finding
    from datacard_core.model.channel import Column


def scaled(
    inside: Templates, rows: Sequence[slice], columns: Sequence[Column], processes: Mapping[str, MCProcess], axis: Axis
) -> Templates:
    """Return templates times the factors of their processes, with the errors of both.

    The variance of a product is h² var(s) + s² var(h), to first order and for independent h and s.

    Args:
        inside: the templates without flow, shape (rows, bins).
        rows: the rows of each column.
        columns: the columns.
        processes: the processes by name.
        axis: the axis of the bins.

    Raises:
        DeclarationError: the bins of factors are not those of the card; all problems.
    """
    scales = [processes[column.process].scale for column in columns]
    if all(scale == 1.0 for scale in scales):
        return inside
    names = dict.fromkeys(column.process for column in columns)
    if problems := [problem for name in names for problem in _bin_problems(name, processes[name].scale, axis)]:
        raise DeclarationError(problems)
    values, variances = inside.values.copy(), inside.variances.copy()
    for of, scale in zip(rows, scales, strict=True):
        factors, errors = (scale.values, scale.variances) if isinstance(scale, Factors) else ([scale], [0.0])
        variances[of] = np.square(values[of]) * errors + np.square(factors) * variances[of]
        values[of] *= factors
    return Templates(values, variances)


def data_driven_findings(columns: Iterable[Column], processes: Mapping[str, MCProcess]) -> Iterator[Finding]:
    """Yield a finding on each process of the columns that is read elsewhere, is a difference, or is scaled."""
    for name in dict.fromkeys(column.process for column in columns):
        process = processes[name]
        if process.is_derived:
            message = f"it is made of {listing(map(repr, process.samples), 4)}{_places(process)}"
            if process.subtract:
                message += f", less {listing(map(repr, process.subtract), 4)}"
            if process.scale != 1.0:
                message += ", times " + ("a histogram" if isinstance(process.scale, Factors) else f"{process.scale:g}")
            yield notice("data-driven", message, column=process.name)


def _places(process: MCProcess) -> str:
    category = f" of category {process.from_category!r}" if process.from_category else ""
    return category + (f" of variable {process.from_variable!r}" if process.from_variable else "")


def _bin_problems(process: str, scale: float | Factors, axis: Axis) -> Iterator[str]:
    if isinstance(scale, Factors) and not Axis(np.array(scale.edges)).same_binning(axis):
        yield (
            f"process {process!r}: scale has {len(scale.values)} bins with edges {_text(scale.edges)}, and the card "
            f"has {axis.bins} with edges {_text(axis.edges.tolist())}: give factors in the bins of the card"
        )


def _text(edges: Iterable[float]) -> str:
    return listing((f"{edge:.15g}" for edge in edges), 30)
