"""Exact first derivatives of the negative log-likelihood by its parameters.

Variables are the ordinary parameters and, behind them, the values of formulas. V of a bin is Σ w·t over the columns,
with yields w and templates t; Q is Σ w²·e².
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Bins, Data, Yields
    from datacard_fit.evaluation.compiled import Compiled
    from datacard_fit.evaluation.layout import Layout
    from datacard_fit.formulas.functions import Derived


@attrs.frozen(eq=False, kw_only=True)
class Gradient:
    """First derivatives at one point."""

    compiled: Compiled
    layout: Layout
    yields: Yields
    by_total: FloatArray
    """Derivatives by V, shape (channels, bins)."""
    shift: FloatArray | None
    """Derivatives of V by Q, from measured values of the parameters of bins; None without such values."""
    by_square: FloatArray
    """Derivatives by the square of the yield of each column, shape (columns,)."""
    by_yield: FloatArray
    """Derivatives by the yield of each column, shape (columns,)."""
    tau: FloatArray
    """Derivatives by the parameter of each pair, for a yield of 1, shape (pairs,)."""
    tau_bend: FloatArray
    """Derivatives by x·σ(x/q) of each pair, shape (pairs,)."""
    by_variable: FloatArray
    """Derivatives by the variables, shape (variables,)."""
    by_cell: FloatArray
    """Derivatives by the parameters of cells, shape (cells,)."""

    @classmethod
    def of(
        cls, compiled: Compiled, layout: Layout, yields: Yields, terms: Bins, data: Data, active: FloatArray
    ) -> Gradient:
        """Return the derivatives at the point of some yields and terms."""
        by_total, shift = terms.slope * active, None
        by_squared = -0.5 * by_total * terms.slope
        if data.bins.any():
            # A measured value ν₀ moves V by ν₀√Q.
            shift = np.divide(data.bins, 2 * np.sqrt(yields.squared), out=np.zeros_like(by_total), where=data.bins != 0)
            by_squared += by_total * shift
        by_content = by_total.take(layout.channel, axis=0)
        by_square = np.einsum("cb,cb->c", by_squared.take(layout.channel, axis=0), compiled.squares)
        by_yield = np.einsum("cb,cb->c", by_content, yields.content) + 2 * by_square * yields.values
        if yields.factor is not None:
            by_content *= yields.factor
        morphing, templates = compiled.morphing, yields.templates
        found = morphing.changes.products(templates.by_sums(by_content.take(morphing.moving, axis=0)))
        by_difference, tau_bend = found[: len(found) // 2], found[len(found) // 2 :]
        tau = by_difference + templates.slope * tau_bend
        by_variable = yields.weights.gradient(by_yield)
        # Several pairs have one parameter: bincount adds them up, an index would keep the last one.
        moved = np.bincount(morphing.parameter, yields.values[layout.column] * tau, compiled.ordinary)
        by_variable[: compiled.ordinary] += moved
        by_variable[compiled.penalised] += yields.variables[compiled.penalised] / compiled.widths**2
        return cls(
            compiled=compiled,
            layout=layout,
            yields=yields,
            by_total=by_total,
            shift=shift,
            by_square=by_square,
            by_yield=by_yield,
            tau=tau,
            tau_bend=tau_bend,
            by_variable=by_variable,
            by_cell=_by_cell(compiled, layout, yields, by_total),
        )

    def by_parameters(self) -> FloatArray:
        """Return the derivatives by the ordinary parameters and those of cells, shape (parameters,)."""
        size = self.compiled.ordinary
        gradient = self.by_variable[:size].copy()
        for place, derived in enumerate(self.formulas(), size):
            gradient[derived.parameters] += self.by_variable[place] * derived.gradient
        return np.concatenate([gradient, self.by_cell])

    def formulas(self) -> list[Derived]:
        """Return the formulas with their derivatives."""
        return list(self.compiled.functions.derived(self.yields.variables))


def _by_cell(compiled: Compiled, layout: Layout, yields: Yields, by_total: FloatArray) -> FloatArray:
    cells = compiled.cells
    if not cells.events.size:
        return np.zeros(0)
    by_cell: FloatArray = by_total[layout.channel[cells.column], cells.bin] * cells.slopes(yields)
    return by_cell
