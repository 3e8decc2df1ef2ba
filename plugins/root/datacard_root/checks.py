"""Checks of templates before they are written to a ROOT file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from datacard_core import DatacardError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core import Axis, NamedTemplates

LONGEST_NAME = 32_000
"""Longest name in bytes: TKey stores its length, which the name dominates, in a signed 16-bit number."""
SHOWN = 5
"""Number of examples in a message."""


def check_shapes(templates: NamedTemplates) -> None:
    """Raise a DatacardError that lists all problems of the axis, the names and the shapes."""
    problems = [*_axis_problems(templates.axis), *_name_problems(templates.names), *_shape_problems(templates)]
    if problems:
        raise DatacardError("; ".join(problems))


def check_finite(templates: NamedTemplates) -> None:
    """Raise a DatacardError if a value or variance is NaN or infinite."""
    for what, array in (("values", templates.templates.values), ("variances", templates.templates.variances)):
        finite = np.isfinite(array)
        if not finite.all():
            places = [
                f"{templates.names[template]!r} bin {bin_} is {array[template, bin_]}"
                for template, bin_ in np.argwhere(~finite)
            ]
            raise DatacardError(f"{what} are not finite, bins counted from 0: {_shown(places)}")


def _axis_problems(axis: Axis) -> Iterator[str]:
    edges = axis.edges
    if edges.ndim != 1 or axis.bins < 1:
        yield f"the edges of axis {axis.name!r} have shape {edges.shape}, expected (bins + 1,)"
    elif not np.all(np.isfinite(edges)) or not np.all(np.diff(edges) > 0):
        yield f"the edges of axis {axis.name!r} are not finite and rising: {edges}"
    elif axis.categories is not None and len(axis.categories) != axis.bins:
        yield f"axis {axis.name!r} has {axis.bins} bins and {len(axis.categories)} categories"


def _name_problems(names: tuple[str, ...]) -> Iterator[str]:
    if len(set(names)) < len(names):
        several = [repr(name) for name, count in Counter(names).items() if count > 1]
        yield f"templates share a name: {_shown(several)}"
    if too_long := [repr(name[:50]) + "…" for name in names if len(name.encode()) > LONGEST_NAME]:
        yield f"names are longer than the {LONGEST_NAME} bytes that ROOT can store: {_shown(too_long)}"


def _shape_problems(templates: NamedTemplates) -> Iterator[str]:
    expected = (len(templates.names), templates.axis.bins)
    for what, array in (("values", templates.templates.values), ("variances", templates.templates.variances)):
        if array.shape != expected:
            yield f"{what} have shape {array.shape}, expected (names, bins) = {expected}"


def _shown(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
