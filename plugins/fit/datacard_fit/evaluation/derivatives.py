"""Exact derivatives of the negative log-likelihood by its parameters.

Variables are the ordinary parameters and, behind them, the values of formulas. V of a bin is Σ w·t over the columns,
with yields w and templates t; Q is Σ w²·e². The Hessian is the sum of one outer product of Jacobians per bin and of
the second derivatives of w and t, which need only sums over the bins of a column.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Bins, Data, Yields
    from datacard_fit.evaluation.compiled import Compiled
    from datacard_fit.evaluation.layout import Layout


@attrs.frozen(eq=False, kw_only=True)
class Derivatives:
    """Derivatives at one point."""

    compiled: Compiled
    layout: Layout
    yields: Yields
    active: FloatArray
    terms: Bins
    by_total: FloatArray
    """Derivatives by V, shape (channels, bins)."""
    ratio: FloatArray
    """Weight of Q beside V in the outer product of a bin, of that shape."""
    extra: FloatArray
    """Further second derivative by Q, from a measured value of the bin's parameter that is not 0, of that shape."""
    exponents: FloatArray
    """Derivatives of the exponents of the yields, shape (columns, parameters)."""
    jacobian: FloatArray
    """Derivatives of the yields, shape (columns, variables)."""
    by_square: FloatArray
    """Derivatives by the square of the yield of each column, shape (columns,)."""
    by_yield: FloatArray
    """Derivatives by the yield of each column, shape (columns,)."""

    @classmethod
    def of(
        cls, compiled: Compiled, layout: Layout, yields: Yields, terms: Bins, data: Data, active: FloatArray
    ) -> Derivatives:
        """Return the derivatives at the point of some yields and terms."""
        shift, extra = np.zeros((2, *terms.slope.shape))
        measured = data.bins != 0
        # A measured value ν₀ moves V by ν₀√Q.
        error = np.sqrt(yields.squared[measured])
        shift[measured] = data.bins[measured] / (2 * error)
        extra[measured] = -(terms.slope * data.bins * active)[measured] / (4 * error**3)
        exponents = yields.weights.exponents()
        by_total = terms.slope * active
        by_squared = by_total * (shift - terms.slope / 2)
        by_square = np.einsum("cb,cb->c", by_squared[layout.channel], compiled.squares)
        by_content = np.einsum("cb,cb->c", by_total[layout.channel], yields.content)
        return cls(
            compiled=compiled,
            layout=layout,
            yields=yields,
            active=active,
            terms=terms,
            by_total=by_total,
            ratio=shift - terms.slope,
            extra=extra,
            exponents=exponents,
            jacobian=yields.weights.jacobian(exponents),
            by_square=by_square,
            by_yield=by_content + 2 * by_square * yields.values,
        )

    def by_parameters(self, *, fisher: bool) -> tuple[FloatArray, FloatArray]:
        """Return the gradient, shape (parameters,), and the Hessian, exact or expected.

        Parameters are the ordinary ones and those of cells.
        """
        pairs = Pairs.of(self)
        # The expectation of n/(λ² + nQ) with n = λ.
        bend = 1 / (self.terms.expected + self.yields.squared) if fisher else self.terms.bend
        weight = bend * self.active
        gradient = self.by_yield @ self.jacobian
        np.add.at(gradient, self.compiled.morphing.parameter, pairs.weights * pairs.tau)
        outer, squares = self._by_bins(pairs)
        # One product of matrices for all bins: the largest part of the Hessian at the speed of BLAS.
        flat = outer.reshape(len(gradient), -1)
        hessian = (flat * weight.ravel()) @ flat.T
        if not fisher:
            self._add_curvature(hessian, pairs)
            if self.extra.any():
                flat_squares = squares.reshape(len(gradient), -1)
                hessian += (flat_squares * self.extra.ravel()) @ flat_squares.T
        penalised, inverse = self.compiled.penalised, self.compiled.widths**-2.0
        gradient[penalised] += self.yields.variables[penalised] * inverse
        hessian[penalised, penalised] += inverse
        if self.compiled.cells.events.size:
            gradient, hessian = self._with_cells((gradient, hessian), outer, weight, pairs, fisher=fisher)
        if self.compiled.functions.formulas:
            gradient, hessian = self._without_formulas(gradient, hessian, fisher=fisher)
        return gradient, hessian

    def _by_bins(self, pairs: Pairs) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of V + ratio·Q, and those of Q, both of shape (variables, channels, bins)."""
        shape = (self.jacobian.shape[1], *self.by_total.shape)
        total, squared = np.zeros(shape), np.zeros(shape)
        doubled = 2 * self.yields.values[:, None] * self.jacobian
        # Columns of one channel act in its bins alone, so the product is one for each channel.
        for place, (start, stop) in enumerate(zip(self.compiled.starts, self.layout.stops, strict=True)):
            total[:, place] = self.jacobian[start:stop].T @ self.yields.content[start:stop]
            if self.compiled.has_sum[place].any():
                squared[:, place] = doubled[start:stop].T @ self.compiled.squares[start:stop]
        pairs.add_by_bins(total)
        total += self.ratio * squared
        return total, squared

    def _add_curvature(self, hessian: FloatArray, pairs: Pairs) -> None:
        self.yields.weights.add_curvature(hessian, self.exponents, self.by_yield)
        if self.by_square.any():
            hessian += 2 * self.jacobian.T @ (self.by_square[:, None] * self.jacobian)
        pairs.add_curvature(hessian, self.jacobian)

    def _without_formulas(
        self, gradient: FloatArray, hessian: FloatArray, *, fisher: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives by the parameters, from those by all variables and cells."""
        size, functions = self.compiled.ordinary, self.compiled.functions
        formulas = len(functions.formulas)
        # The chain rule; second derivatives of a formula count with the derivative by its value.
        chain = np.delete(np.eye(len(gradient)), np.s_[size : size + formulas], axis=1)
        bends = np.zeros((chain.shape[1], chain.shape[1]))
        for place, derived in enumerate(functions.derived(self.yields.variables), size):
            chain[place, derived.parameters] = derived.gradient
            if not fisher:
                bends[np.ix_(derived.parameters, derived.parameters)] += gradient[place] * derived.hessian
        return gradient @ chain, chain.T @ hessian @ chain + bends

    def _with_cells(
        self,
        variables: tuple[FloatArray, FloatArray],
        outer: FloatArray,
        weight: FloatArray,
        pairs: Pairs,
        *,
        fisher: bool,
    ) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives by the variables and by the parameters of cells."""
        cells, size = self.compiled.cells, len(variables[0])
        channel = self.layout.channel[cells.column]
        poisson = cells.events > 0
        inner = np.where(
            poisson,
            self.yields.templates.values[cells.column, cells.bin] / np.where(poisson, cells.events, 1),
            cells.error,
        )
        own = self.yields.values[cells.column] * inner
        by_total, bend = self.by_total[channel, cells.bin], weight[channel, cells.bin]
        mixed = outer[:, channel, cells.bin] * (bend * own)
        if not fisher:
            mixed += (self.jacobian[cells.column] * (by_total * inner)[:, None]).T
            pairs.add_mixed(mixed, by_total)
        # Cells meet only in their bin.
        same = (channel[:, None] == channel) & (cells.bin[:, None] == cells.bin)
        total = size + len(own)
        hessian = np.zeros((total, total))
        hessian[:size, :size] = variables[1]
        hessian[:size, size:], hessian[size:, :size] = mixed, mixed.T
        hessian[size:, size:] = same * np.outer(own, own * bend)
        return np.concatenate([variables[0], by_total * own]), hessian


@attrs.frozen(eq=False, kw_only=True)
class Pairs:
    """Derivatives of the templates by the parameters that move them."""

    compiled: Compiled
    layout: Layout
    yields: Yields
    by_total: FloatArray
    """Derivatives by V, shape (channels, bins)."""
    raw: FloatArray
    """Derivatives of the sums that move the templates, shape (pairs, bins)."""
    derivatives: FloatArray
    """Derivatives of the templates, shape (pairs, bins)."""
    by_ratio: FloatArray
    """Derivatives of the logarithms of the integrals, shape (pairs,)."""
    weights: FloatArray
    """Yields of the columns of the pairs, shape (pairs,)."""
    tau: FloatArray
    """Derivatives of the likelihood by the parameters, without the yields, shape (pairs,)."""

    @classmethod
    def of(cls, at: Derivatives) -> Pairs:
        """Return the derivatives of all templates."""
        raw = at.yields.templates.raw()
        derivatives, by_ratio = at.yields.templates.derivatives(raw)
        return cls(
            compiled=at.compiled,
            layout=at.layout,
            yields=at.yields,
            by_total=at.by_total,
            raw=raw,
            derivatives=derivatives,
            by_ratio=by_ratio,
            weights=at.yields.values[at.layout.column],
            tau=_by_pairs(at, derivatives),
        )

    def add_by_bins(self, total: FloatArray) -> None:
        """Add the derivatives of V by the parameters, to an array of shape (variables, channels, bins)."""
        layout = self.layout
        if not layout.order.size:
            return
        # A sum over the columns of a channel for each parameter: sorted rows are added up in one pass.
        moved = self.derivatives * self.weights[:, None]
        if self.yields.factor is not None:
            moved *= self.yields.factor[layout.column]
        total.reshape(-1, total.shape[2])[layout.group] += np.add.reduceat(moved[layout.order], layout.first, axis=0)

    def add_curvature(self, hessian: FloatArray, jacobian: FloatArray) -> None:
        """Add the second derivatives of the templates, and their products with those of the yields."""
        morphing = self.compiled.morphing
        if not morphing.moving.size:
            return
        parameters = self.compiled.ordinary
        tau, by_ratio = np.zeros((2, len(morphing.moving), parameters))
        # A nuisance may have two rows in a card, and so two pairs with one column.
        np.add.at(tau, (morphing.row, morphing.parameter), self.tau)
        np.add.at(by_ratio, (morphing.row, morphing.parameter), self.by_ratio)
        yields = self.yields.values[morphing.moving]
        # Products of the derivatives of a yield and of a template of the same column.
        mixed = jacobian[morphing.moving].T @ tau
        # Templates that keep their integral: the derivative of one over the integral, times that of the content.
        mixed[:parameters] -= by_ratio.T @ (yields[:, None] * tau)
        hessian[:, :parameters] += mixed
        hessian[:parameters, :] += mixed.T
        diagonal = np.zeros(parameters)
        np.add.at(diagonal, morphing.parameter, self.weights * self._second())
        hessian[np.arange(parameters), np.arange(parameters)] += diagonal
        if morphing.log.any():
            self._add_log(hessian[:parameters, :parameters], yields)

    def _second(self) -> FloatArray:
        """Return the second derivatives of the templates by the parameter of each pair, summed over the bins."""
        morphing, templates = self.compiled.morphing, self.yields.templates
        if templates.is_plain and self.yields.factor is None:
            return templates.curvature * _by_channels(self.by_total, self.layout, morphing.half_sum)
        content = templates.values[morphing.moving]
        open_bins = np.where(morphing.log[:, None], content, templates.open_bins / templates.ratio[:, None])
        rows = (self._corrected() * open_bins)[morphing.row]
        second: FloatArray = templates.curvature * np.einsum("pb,pb->p", rows, morphing.half_sum)
        return second

    def _corrected(self) -> FloatArray:
        """Return the derivatives by the content of the moving columns at a constant integral, shape (moving, bins)."""
        morphing = self.compiled.morphing
        by_content = self.by_total[self.layout.channel[morphing.moving]]
        if self.yields.factor is not None:
            by_content = by_content * self.yields.factor[morphing.moving]
        mean = np.einsum("mb,mb->m", by_content, self.yields.templates.values[morphing.moving]) / morphing.total
        corrected: FloatArray = by_content - np.where(morphing.rescaled, mean, 0.0)[:, None]
        return corrected

    def _add_log(self, hessian: FloatArray, yields: FloatArray) -> None:
        """Add the products of the derivatives of two parameters that move the logarithms of one column."""
        morphing = self.compiled.morphing
        rows = np.flatnonzero(morphing.log)
        place = np.full(len(morphing.moving), -1)
        place[rows] = np.arange(len(rows))
        which = np.flatnonzero(morphing.log[morphing.row])
        bins = self.raw.shape[1]
        cells = np.zeros((len(hessian), len(rows), bins))
        np.add.at(cells, (morphing.parameter[which], place[morphing.row[which]]), self.raw[which])
        content = self.yields.templates.values[morphing.moving[rows]]
        weight = (self._corrected()[rows] * content * yields[rows, None]).ravel()
        flat = cells.reshape(len(hessian), -1)
        hessian += (flat * weight) @ flat.T

    def add_mixed(self, mixed: FloatArray, by_total: FloatArray) -> None:
        """Add second derivatives by a parameter of a template and one of a cell, shape (variables, cells)."""
        cells, cell, pair = self.compiled.cells, self.layout.mixed_cell, self.layout.mixed_pair
        inner = self.derivatives[pair, cells.bin[cell]] * self.weights[pair] / cells.events[cell]
        np.add.at(mixed, (self.compiled.morphing.parameter[pair], cell), by_total[cell] * inner)


def _by_pairs(at: Derivatives, derivatives: FloatArray) -> FloatArray:
    """Return the derivatives of the likelihood by the parameter of each pair, for a yield of 1, shape (pairs,)."""
    if at.yields.factor is None:
        return _by_channels(at.by_total, at.layout, derivatives)
    rows = at.by_total[at.layout.pair_channel] * at.yields.factor[at.layout.column]
    by_pairs: FloatArray = np.einsum("pb,pb->p", rows, derivatives)
    return by_pairs


def _by_channels(by_total: FloatArray, layout: Layout, rows: FloatArray) -> FloatArray:
    """Return the sums over the bins of rows of pairs times those of their channels, shape (pairs,)."""
    sums = np.empty(len(rows))
    bounds = layout.pair_starts.tolist()
    # A product for each channel: rows of channels repeated for all pairs would be as large as the templates.
    for place, (start, stop) in enumerate(itertools.pairwise(bounds)):
        sums[start:stop] = rows[start:stop] @ by_total[place]
    return sums
