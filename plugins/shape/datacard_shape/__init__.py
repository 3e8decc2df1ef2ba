"""The kinds `shape`, `shape2`, `shape*`, `shapeN`, `shapeN2` and `shapeU`: an Up and a Down template in the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from datacard_core import DIRECTIONS, MorphedShape, Shape, SystematicKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datacard_core import SystematicUncertainty, Target


class ShapeVariation(SystematicKind):
    """Morphing between the templates `{variation}Down`, nominal and `{variation}Up`, with a unit normal θ.

    The fraction of the yield in each bin is a polynomial of θ between -1 and 1 and linear beyond, through the three
    templates at θ = -1, 0 and 1; the yield is a power of the ratios of their integrals. The value is 1.0 by
    convention. Another value s multiplies θ, so that the templates stand for θ = ±1/s.
    """

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


class MorphedVariation(ShapeVariation):
    """Base of the kinds with the templates of `shape` and another morphing, or another density of θ."""

    def effects(self, target: Target) -> Iterable[MorphedShape]:
        """Return one effect with the two templates. The value is its scale."""
        return (
            MorphedShape(shape.columns, shape.up, shape.down, shape.scale, self.typ)
            for shape in super().effects(target)
        )


class FastVariation(MorphedVariation):
    """Morphing as of `shape`, in the class that Combine has for `RooHistPdf`.

    Combine takes it for `shape` if the templates are histograms, as those of this package, but for the range of θ.
    """

    typ: ClassVar[str] = "shape2"


class IntegratedVariation(MorphedVariation):
    """Morphing as of `shape`, with a numerical integral of functions of RooFit.

    Combine takes it for `shape` if the templates are histograms, as those of this package, but for the range of θ.
    """

    typ: ClassVar[str] = "shape*"


class LogarithmicVariation(MorphedVariation):
    """Morphing as of `shape`, of the logarithms of the fractions of the yield in each bin.

    A column has one morphing: rows of `shape` and of `shapeN` on one column are refused.
    """

    typ: ClassVar[str] = "shapeN"


class OldLogarithmicVariation(MorphedVariation):
    """Morphing of logarithms under the older name of Combine, equal to `shapeN` for histograms."""

    typ: ClassVar[str] = "shapeN2"


class UniformVariation(MorphedVariation):
    """Morphing as of `shape`, by a θ that is uniform between -1 and 1.

    Each point between the Down and the Up template is equally likely, and none beyond them is possible.
    """

    typ: ClassVar[str] = "shapeU"


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kinds shape, shape2, shape*, shapeN, shapeN2 and shapeU."""
    return (
        ShapeVariation(),
        FastVariation(),
        IntegratedVariation(),
        LogarithmicVariation(),
        OldLogarithmicVariation(),
        UniformVariation(),
    )
