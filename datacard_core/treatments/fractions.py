"""Effects of nuisances that carry a part of an uncertainty, as partial correlations need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.model.arrays import Templates

if TYPE_CHECKING:
    from datacard_core.model.arrays import BoolArray, FloatArray
    from datacard_core.model.effects import Normalisation, Shape


def fraction_of_factors(effect: Normalisation, fractions: FloatArray) -> Normalisation:
    """Return factors to the power of the fractions, whose logarithms are that part of the original ones.

    Args:
        effect: factors on n columns.
        fractions: the part of each column, shape (n,); below 0, the factors at +1 and -1 are exchanged.
    """
    if effect.down is None:
        return attrs.evolve(effect, up=effect.up**fractions)
    # A negative power of both would keep Up on its side of 1, with the size of the other direction.
    sizes, backwards = np.abs(fractions), fractions < 0
    up, down = effect.up**sizes, effect.down**sizes
    return attrs.evolve(effect, up=np.where(backwards, down, up), down=np.where(backwards, up, down))


def fraction_of_shape(shape: Shape, fractions: FloatArray, nominal: Templates) -> Shape:
    """Return templates whose differences from the nominal are that part of the original ones.

    The scale in the row cannot do this: Combine multiplies θ by it, and with it changes the interpolation of all
    shapes of the process. Variances take the events of a template and of the nominal as the same ones.

    Args:
        shape: templates for n columns.
        fractions: the part of each column, shape (n,); below 0, Up and Down are exchanged.
        nominal: the nominal templates of these columns, as they are written.
    """
    sizes, backwards = np.abs(fractions)[:, None], (fractions < 0)[:, None]
    up, down = (_between(nominal, varied, sizes) for varied in (shape.up, shape.down))
    return attrs.evolve(shape, up=_chosen(backwards, down, up), down=_chosen(backwards, up, down))


def _between(nominal: Templates, varied: Templates, sizes: FloatArray) -> Templates:
    values = nominal.values + sizes * (varied.values - nominal.values)
    # Linear in the errors and not in the variances, because the two are fully correlated.
    errors = (1 - sizes) * np.sqrt(nominal.variances) + sizes * np.sqrt(varied.variances)
    return Templates(values, errors**2)


def _chosen(which: BoolArray, first: Templates, other: Templates) -> Templates:
    return Templates(np.where(which, first.values, other.values), np.where(which, first.variances, other.variances))
