"""The kinds `shape` and `shapeU`: uncertainties given by an Up and a Down template in the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import DIRECTIONS, Shape, SystematicKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core import SystematicUncertainty, Target


class ShapeVariation(SystematicKind):
    """Morphing between the templates `{variation}Down`, nominal and `{variation}Up`."""

    typ: ClassVar[str] = "shape"

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each value that is not a number of standard deviations above 0."""
        for columns, value in systematic.distinct_values():
            # Numbers are floats here. Combine ignores a value of 0, and a negative value would exchange Up and Down.
            if not isinstance(value, float) or not value > 0:
                yield f"{columns}: value {value!r}, expected a number above 0, by convention 1.0"

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - equal for all declarations
        """Return Up and Down."""
        return DIRECTIONS

    def effects(self, target: Target) -> Iterable[Shape]:
        """Return one effect with the two templates, unchanged. The value is its scale, which multiplies θ."""
        up, down = (target.variations[direction] for direction in DIRECTIONS)
        return (Shape(target.positions, up, down, np.array(target.values, dtype=np.float64)),)


class UnconstrainedShape(Shape):
    """Templates as of a shape, morphed by a parameter without constraint."""

    @property
    def keyword(self) -> str:
        """`shapeU`."""
        return "shapeU"


class UnconstrainedVariation(ShapeVariation):
    """Morphing as of `shape`, by a parameter that is free in the fit: Combine's shapeU."""

    typ: ClassVar[str] = "shapeU"

    def effects(self, target: Target) -> Iterable[Shape]:
        """Return one effect with the two templates."""
        return (
            UnconstrainedShape(shape.columns, shape.up, shape.down, shape.scale) for shape in super().effects(target)
        )


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds shape and shapeU."""
    return (ShapeVariation(), UnconstrainedVariation())
