"""Parameters of single processes in single bins, from autoMCStats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray, IntArray
    from datacard_fit.evaluation.bins import Yields


@attrs.frozen(eq=False, kw_only=True)
class Cells:
    """Parameters of one process in one bin, in the order of their parameters."""

    column: IntArray
    """Positions of the columns, shape (cells,)."""
    bin: IntArray
    """Positions of the bins in their channels, shape (cells,)."""
    events: FloatArray
    """Events of a Poisson parameter, which multiplies the content by its value over this; 0 for a normal one."""
    error: FloatArray
    """Error of the content before all factors, by which a normal parameter changes it; 0 for a Poisson one."""

    def multipliers(self, at: FloatArray, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Return factors on the contents and additions to them, both of the shape of all templates."""
        factor, addition = np.ones(shape), np.zeros(shape)
        poisson = self.events > 0
        factor[self.column[poisson], self.bin[poisson]] = at[poisson] / self.events[poisson]
        addition[self.column, self.bin] = self.error * np.where(poisson, 0.0, at)
        return factor, addition

    def inner(self, yields: Yields) -> FloatArray:
        """Return the derivatives of the contents by the parameters, shape (cells,)."""
        poisson = self.events > 0
        content = yields.templates.values[self.column, self.bin] / np.where(poisson, self.events, 1)
        return np.where(poisson, content, self.error)

    def slopes(self, yields: Yields) -> FloatArray:
        """Return the derivatives of the expected events by the parameters, shape (cells,)."""
        slopes: FloatArray = yields.values[self.column] * self.inner(yields)
        return slopes
