"""Templates between Down, nominal and Up, with exact derivatives.

Source: `FastVerticalInterpHistPdf2` and `CMSHistFunc` of Combine. The content of a bin is nominal + Σ x/2·[(up - down)
+ σ(x/q)·(up + down - 2 nominal)] with x = scale·θ, cropped at a small number; templates of `shapeN` have the sum in the
exponent, and are scaled to the integral of the nominal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.interpolation import smoothed

if TYPE_CHECKING:
    from datacard_core import BoolArray, FloatArray, IntArray

FLOOR = 1e-9
"""Smallest content of a bin, as in Combine."""


@attrs.frozen(eq=False, kw_only=True)
class Morphing:
    """All columns with templates that move, and the differences that move them.

    A pair is one nuisance on one column. Pairs of one column stand together, in the order of the columns.
    """

    nominal: FloatArray
    """Templates of all columns, shape (columns, bins); of columns in `moving` before the crop, logarithms for `log`."""
    moving: IntArray
    """Positions of the columns with pairs, rising, shape (moving,)."""
    rescaled: BoolArray
    """Columns that keep their integral, shape (moving,)."""
    log: BoolArray
    """Columns whose logarithms move, shape (moving,)."""
    total: FloatArray
    """Integrals of the nominal templates, shape (moving,)."""
    valid: FloatArray
    """1 for the bins that a column has, 0 for those that fill up the arrays, shape (moving, bins)."""
    starts: IntArray
    """Position of the first pair of each moving column, shape (moving,)."""
    row: IntArray
    """Position in `moving` of the column of each pair, shape (pairs,)."""
    parameter: IntArray
    """Position of the parameter of each pair, shape (pairs,)."""
    scale: FloatArray
    region: FloatArray
    """q of each pair, shape (pairs,)."""
    half_difference: FloatArray
    """scale·(up - down)/2 of each pair, shape (pairs, bins)."""
    half_sum: FloatArray
    """(up + down)/2 - nominal of each pair, shape (pairs, bins)."""

    def at(self, theta: FloatArray) -> Morphed:
        """Return the templates at some parameters, shape (parameters,)."""
        values = self.nominal.copy()
        if not self.moving.size:
            none = np.zeros(0)
            return Morphed(self, values, np.zeros(self.valid.shape, dtype=np.bool_), none, none, none)
        moved_by = theta[self.parameter]
        step = smoothed(self.scale * moved_by, self.region)
        # In place where possible: these arrays are as large as all varied templates.
        moves = moved_by[:, None] * self.half_difference
        moves += step.value[:, None] * self.half_sum
        # Pairs of one column stand together, so that one pass adds them up.
        found = values[self.moving] + np.add.reduceat(moves, self.starts, axis=0)
        if self.log.any():
            # The exponential of bins that only fill up the array is 1.
            found[self.log] = np.exp(found[self.log]) * self.valid[self.log]
        open_bins = found > FLOOR
        cropped = np.where(open_bins, found, FLOOR * self.valid)
        if self.log.any():
            # Combine crops logarithmic templates after they are scaled, if at all: they are above 0.
            cropped[self.log], open_bins[self.log] = found[self.log], True
        ratio = np.where(self.rescaled, cropped.sum(axis=1) / self.total, 1.0)
        values[self.moving] = cropped / ratio[:, None]
        slope, curvature = self.scale * step.slope, self.scale**2 * step.curvature
        return Morphed(self, values, open_bins, ratio, slope, curvature)


@attrs.frozen(eq=False)
class Morphed:
    """Templates at one point, with what their derivatives need."""

    morphing: Morphing
    values: FloatArray
    """Shape (columns, bins)."""
    open_bins: BoolArray
    """Bins that are not cropped, shape (moving, bins)."""
    ratio: FloatArray
    """Integrals of the cropped templates over those of the nominal ones, shape (moving,)."""
    slope: FloatArray
    """Derivatives of x·σ(x/q) by the parameter of each pair, shape (pairs,)."""
    curvature: FloatArray
    """Second derivatives, shape (pairs,)."""

    def raw(self) -> FloatArray:
        """Return the derivatives of the sums by the parameter of each pair, shape (pairs, bins)."""
        raw: FloatArray = self.slope[:, None] * self.morphing.half_sum
        raw += self.morphing.half_difference
        return raw

    @property
    def is_plain(self) -> bool:
        """True if no bin is cropped and no logarithm moves: the templates are the sums, and each integral stays."""
        return not self.morphing.log.any() and bool((self.open_bins | (self.morphing.valid == 0)).all())

    def derivatives(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of the templates, and of the logarithms of their integrals.

        They have the shapes (pairs, bins) and (pairs,).

        Args:
            raw: the result of `raw()`.
        """
        morphing = self.morphing
        if not morphing.moving.size:
            return raw, np.zeros(0)
        content = self.values[morphing.moving][morphing.row]
        log = morphing.log[morphing.row]
        inner = raw * self.open_bins[morphing.row] / self.ratio[morphing.row][:, None]
        inner[log] = raw[log] * content[log]
        by_ratio = np.where(morphing.rescaled[morphing.row], inner.sum(axis=1) / morphing.total[morphing.row], 0.0)
        return inner - content * by_ratio[:, None], by_ratio
