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
    from datacard_fit.evaluation.bundles import Bundles

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
    row: IntArray
    """Position in `moving` of the column of each pair, shape (pairs,)."""
    parameter: IntArray
    """Position of the parameter of each pair, shape (pairs,)."""
    scale: FloatArray
    region: FloatArray
    """q of each pair, shape (pairs,)."""
    live: BoolArray
    """Bins that a pair changes, shape (moving, bins): a crop elsewhere has no derivative to change."""
    changes: Bundles
    """Changes by moving column: scale·(up - down)/2 of each pair, then (up + down)/2 - nominal of each pair."""

    def at(self, theta: FloatArray) -> Morphed:
        """Return the templates at some parameters, shape (parameters,)."""
        values = self.nominal.copy()
        if not self.moving.size:
            none = np.zeros(0)
            return Morphed(
                morphing=self,
                values=values,
                open_bins=np.zeros(self.valid.shape, dtype=np.bool_),
                ratio=none,
                slope=none,
                curvature=none,
            )
        moved_by = theta[self.parameter]
        step = smoothed(self.scale * moved_by, self.region)
        found = values.take(self.moving, axis=0)
        found += self.changes.sums(np.concatenate([moved_by, step.value]))
        has_log = self.log.any()
        if has_log:
            # The exponential of bins that only fill up the array is 1.
            found[self.log] = np.exp(found[self.log]) * self.valid[self.log]
        open_bins = found > FLOOR
        cropped = np.maximum(found, FLOOR * self.valid)
        if has_log:
            # Combine crops logarithmic templates after they are scaled, if at all: they are above 0.
            cropped[self.log], open_bins[self.log] = found[self.log], True
        ratio = np.ones(len(found))
        if self.rescaled.any():
            ratio = np.where(self.rescaled, cropped.sum(axis=1) / self.total, 1.0)
            cropped /= ratio[:, None]
        values[self.moving] = cropped
        slope, curvature = self.scale * step.slope, self.scale**2 * step.curvature
        return Morphed(morphing=self, values=values, open_bins=open_bins, ratio=ratio, slope=slope, curvature=curvature)


@attrs.frozen(eq=False, kw_only=True)
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

    def cropped(self) -> BoolArray:
        """Return the columns of which a bin that moves is cropped, or whose logarithm moves, shape (moving,)."""
        cropped: BoolArray = self.morphing.log | (self.morphing.live & ~self.open_bins).any(axis=1)
        return cropped

    def corrected(self, by_content: FloatArray) -> FloatArray:
        """Return the derivatives of a function by the content of the moving columns at a constant integral.

        Args:
            by_content: its derivatives by the content, shape (moving, bins).
        """
        morphing = self.morphing
        if not morphing.rescaled.any():
            return by_content
        mean = np.einsum("mb,mb->m", by_content, self.values[morphing.moving]) / morphing.total
        corrected: FloatArray = by_content - np.where(morphing.rescaled, mean, 0.0)[:, None]
        return corrected

    def by_sums(self, by_content: FloatArray) -> FloatArray:
        """Return the derivatives of a function by the sums that move the columns, shape (moving, bins).

        Args:
            by_content: its derivatives by the content, shape (moving, bins).
        """
        morphing = self.morphing
        corrected = self.corrected(by_content)
        found = corrected * self.open_bins
        if morphing.rescaled.any():
            found /= self.ratio[:, None]
        if morphing.log.any():
            found[morphing.log] = (corrected * self.values[morphing.moving])[morphing.log]
        return found

    def derivatives(self, pairs: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of the templates by the parameters of some pairs, and those of their integrals.

        They have the shapes (pairs, bins) and (pairs,); those of the integrals are of their logarithms.

        Args:
            pairs: positions of the pairs, shape (pairs,).
        """
        morphing, raw = self.morphing, self.raw(pairs)
        row = morphing.row[pairs]
        content, log = self.values[morphing.moving][row], morphing.log[row]
        inner = raw * self.open_bins[row] / self.ratio[row][:, None]
        inner[log] = raw[log] * content[log]
        by_ratio = np.where(morphing.rescaled[row], inner.sum(axis=1) / morphing.total[row], 0.0)
        return inner - content * by_ratio[:, None], by_ratio

    def raw(self, pairs: IntArray) -> FloatArray:
        """Return the derivatives of the sums by the parameter of some pairs, shape (pairs, bins)."""
        changes, number = self.morphing.changes, len(self.morphing.parameter)
        raw: FloatArray = changes.rows(pairs) + self.slope[pairs, None] * changes.rows(pairs + number)
        return raw
