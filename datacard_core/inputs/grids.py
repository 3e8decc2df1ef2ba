"""Grids: the axes of a histogram of several variables, whose cells stand in a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.model.arrays import Axis
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

MOST_VARIABLES = 3
"""Largest number of variables of a histogram."""


@attrs.frozen(eq=False)
class GridAxis(Axis):
    """The cells of several axes as bins, those of the last axis side by side, with the flow of all axes among them."""

    parts: tuple[Axis, ...] = attrs.field(default=(), kw_only=True)
    flows: tuple[tuple[int, int], ...] = attrs.field(default=(), kw_only=True)
    """Numbers of underflow and overflow bins of each part, each 0 or 1."""

    @classmethod
    def of(cls, parts: Sequence[Axis], flows: Sequence[tuple[int, int]]) -> Self:
        """Return the axis of the cells of several axes."""
        cells = math.prod(part.bins + sum(flow) for part, flow in zip(parts, flows, strict=True))
        name = ", ".join(part.name for part in parts)
        return cls(np.arange(cells + 1, dtype=float), name, uniform=True, parts=tuple(parts), flows=tuple(flows))

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of bins of the parts, flow included."""
        return tuple(part.bins + sum(flow) for part, flow in zip(self.parts, self.flows, strict=True))

    def same_binning(self, other: Axis) -> bool:
        """Return whether the bins of all parts agree, to a millionth of the narrowest bin."""
        if not isinstance(other, GridAxis) or self.flows != other.flows:
            return False
        pairs = zip(self.parts, other.parts, strict=True)
        return all(one.name == two.name and one.same_binning(two) for one, two in pairs)


def variables_problem(names: Sequence[str]) -> str:
    """Return the problem of a histogram of several variables in the place of a template."""
    text = f"it has {len(names)} variable axes ({listing(names) or 'none'}), a template has one: "
    if not names:
        return f"{text}fill or unroll it to one dimension"
    # Further axes, such as the eras of data, are no variables.
    return f"{text}declare unroll={tuple(names)!r}, or sum over an axis: histogram[{{{names[0]!r}: sum}}]"


def axes_of(axis: Axis) -> tuple[Axis, ...]:
    """Return the axes of a grid, or the axis itself."""
    return axis.parts if isinstance(axis, GridAxis) else (axis,)
