"""The exact and the expected Hessian of the negative log-likelihood.

It is the sum of one outer product of Jacobians for each bin, and of the second derivatives of the yields w and of the
templates t, which need only sums over the bins of a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from datacard_core import FloatArray, IntArray
    from datacard_fit.evaluation.bins import Bins, Data
    from datacard_fit.evaluation.derivatives.gradient import Gradient


def hessian(first: Gradient, terms: Bins, data: Data, active: FloatArray, *, fisher: bool) -> FloatArray:
    """Return the Hessian by the ordinary parameters and those of cells, exact or expected.

    Args:
        first: the first derivatives.
        terms: terms of the bins.
        data: the observations.
        active: 1 for the bins that count, shape (channels, bins).
        fisher: take the expectation.
    """
    yields = first.yields
    # The expectation of n/(λ² + nQ) with n = λ.
    weight = active / (terms.expected + yields.squared) if fisher else active * terms.bend
    second = _Second.of(first)
    outer = second.by_bins(-terms.slope if first.shift is None else first.shift - terms.slope)
    # One product of a matrix with itself for all bins: the largest part of the Hessian at the speed of BLAS.
    # The weights are not negative, so that their roots make it symmetric, of which BLAS computes one half.
    rooted = (outer * np.sqrt(weight)).reshape(len(outer), -1)
    found: FloatArray = rooted @ rooted.T
    if not fisher:
        second.add_curvature(found)
        if first.shift is not None:
            second.add_measured(found, data)
    penalised = first.compiled.penalised
    found[penalised, penalised] += first.compiled.widths**-2.0
    if first.by_cell.size:
        found = second.with_cells(found, outer, weight, fisher=fisher)
    if first.compiled.functions.formulas:
        found = _without_formulas(found, first, fisher=fisher)
    return found


def _without_formulas(by_variables: FloatArray, first: Gradient, *, fisher: bool) -> FloatArray:
    """Return the Hessian by the parameters, from that by all variables and cells: the chain rule."""
    size, formulas = first.compiled.ordinary, first.formulas()
    chain = np.delete(np.eye(len(by_variables)), np.s_[size : size + len(formulas)], axis=1)
    bends = np.zeros((chain.shape[1], chain.shape[1]))
    for place, derived in enumerate(formulas, size):
        chain[place, derived.parameters] = derived.gradient
        # Second derivatives of a formula count with the derivative by its value.
        if not fisher:
            bends[np.ix_(derived.parameters, derived.parameters)] += first.by_variable[place] * derived.hessian
    return chain.T @ by_variables @ chain + bends


@attrs.frozen(eq=False, kw_only=True)
class _Second:
    """Second derivatives at one point."""

    first: Gradient
    exponents: FloatArray
    """Derivatives of the exponents of the yields, shape (columns, parameters)."""
    linear: FloatArray
    """Derivatives of the yields by the variables of linear factors, shape (columns, linear)."""
    jacobian: FloatArray
    """Derivatives of the yields, shape (columns, variables)."""
    pairs: IntArray
    """Pairs of columns that are cropped, logarithmic, or have factors in bins, in the order of their bundles."""
    derivatives: FloatArray
    """Derivatives of the templates by the parameters of these pairs, shape (pairs, bins)."""
    by_ratio: FloatArray
    """Derivatives of the logarithms of their integrals, shape (pairs,)."""

    @classmethod
    def of(cls, first: Gradient) -> _Second:
        yields, layout = first.yields, first.layout
        weights, templates = yields.weights, yields.templates
        exponents, linear = weights.exponents(), weights.by_variable()
        jacobian = np.zeros((len(exponents), weights.variables))
        np.multiply(exponents, weights.values[:, None], out=jacobian[:, : exponents.shape[1]])
        jacobian[:, weights.factors.linear] += linear
        apart = templates.cropped() | layout.has_counts
        pairs = layout.order[apart[templates.morphing.row[layout.order]]]
        none = np.zeros((0, templates.values.shape[1])), np.zeros(0)
        derivatives, by_ratio = templates.derivatives(pairs) if pairs.size else none
        return cls(
            first=first,
            exponents=exponents,
            linear=linear,
            jacobian=jacobian,
            pairs=pairs,
            derivatives=derivatives,
            by_ratio=by_ratio,
        )

    def by_bins(self, ratio: FloatArray) -> FloatArray:
        """Return the derivatives of V + ratio·Q by the variables, shape (variables, channels, bins).

        Args:
            ratio: weight of Q, shape (channels, bins).
        """
        first = self.first
        yields, layout, squares = first.yields, first.layout, first.compiled.squares
        content = yields.content + 2 * yields.values[:, None] * ratio.take(layout.channel, axis=0) * squares
        found = self._by_channels(content)
        flat = found.reshape(-1, found.shape[2])
        weights = yields.values[layout.column] / yields.templates.ratio[yields.templates.morphing.row]
        # These are added below: their derivatives differ from bin to bin.
        weights[self.pairs] = 0.0
        weights = np.concatenate([weights, weights * yields.templates.slope])
        flat[layout.group] += layout.by_group.sums(weights)
        if self.pairs.size:
            column, bundle = layout.column[self.pairs], layout.bundle[self.pairs]
            moved = self.derivatives * yields.values[column, None]
            if yields.factor is not None:
                moved *= yields.factor[column]
            # Sorted rows are added up in one pass.
            begins = np.flatnonzero(np.diff(bundle, prepend=-1))
            flat[layout.group[bundle[begins]]] += np.add.reduceat(moved, begins, axis=0)
        return found

    def _by_channels(self, rows: FloatArray) -> FloatArray:
        """Return the products of the Jacobian with rows of columns, shape (variables, channels, bins)."""
        compiled, layout = self.first.compiled, self.first.layout
        found = np.empty((self.jacobian.shape[1], len(compiled.starts), rows.shape[1]))
        # Columns of one channel act in its bins alone, so the product is one for each channel.
        for place, (start, stop) in enumerate(zip(compiled.starts.tolist(), layout.stops.tolist(), strict=True)):
            found[:, place] = self.jacobian[start:stop].T @ rows[start:stop]
        return found

    def add_curvature(self, hessian: FloatArray) -> None:
        """Add the second derivatives of yields and templates, and their products."""
        first, exponents, linear = self.first, self.exponents, self.linear
        weights, compiled, layout = first.yields.weights, first.compiled, first.layout
        columns, size = exponents.shape
        by_yield, values = first.by_yield, weights.values
        tau = np.bincount(layout.flat, first.tau, columns * size).reshape(columns, size)
        # Twice the square of a yield has the derivative 4 times, of which the sum below takes the half.
        bend = by_yield + 2 * first.by_square * values
        half = tau + (0.5 * bend)[:, None] * exponents
        half *= values[:, None]
        # Both halves of the symmetric sum, in one product.
        block = exponents.T @ half
        hessian[:size, :size] += block + block.T
        diagonal = weights.power_curvature * ((by_yield * values) @ weights.factors.difference)
        bends = values[layout.column] * first.yields.templates.curvature * first.tau_bend
        diagonal += np.bincount(compiled.morphing.parameter, bends, size)
        hessian[np.arange(size), np.arange(size)] += diagonal
        at = weights.factors.linear
        mixed = linear.T @ (tau + bend[:, None] * exponents)
        hessian[at, :size] += mixed
        hessian[:size, at] += mixed.T
        hessian[np.ix_(at, at)] += (linear.T * (2 * first.by_square)) @ linear
        weights.add_products(hessian, by_yield)
        if self.by_ratio.any():
            self._add_ratios(hessian[:size, :size])
        if compiled.morphing.log.any():
            self._add_log(hessian[:size, :size])

    def _add_ratios(self, hessian: FloatArray) -> None:
        """Add the products of templates and their integrals, for columns that keep them."""
        first, columns = self.first, len(self.exponents)
        places = first.layout.flat[self.pairs]
        by_ratio = np.bincount(places, self.by_ratio, columns * len(hessian)).reshape(columns, -1)
        weighted = first.tau * first.yields.values[first.layout.column]
        tau = np.bincount(first.layout.flat, weighted, columns * len(hessian)).reshape(columns, -1)
        mixed = by_ratio.T @ tau
        hessian -= mixed + mixed.T

    def _add_log(self, hessian: FloatArray) -> None:
        """Add the products of the derivatives of two parameters that move the logarithms of one column."""
        morphing, yields = self.first.compiled.morphing, self.first.yields
        rows = np.flatnonzero(morphing.log)
        place = np.full(len(morphing.moving), -1)
        place[rows] = np.arange(len(rows))
        which = np.flatnonzero(morphing.log[morphing.row])
        raw = yields.templates.raw(which)
        cells = np.zeros((len(hessian), len(rows), raw.shape[1]))
        np.add.at(cells, (morphing.parameter[which], place[morphing.row[which]]), raw)
        column = morphing.moving[rows]
        by_content = self.first.by_total[self.first.layout.channel[morphing.moving]]
        if yields.factor is not None:
            by_content = by_content * yields.factor[morphing.moving]
        corrected = yields.templates.corrected(by_content)[rows]
        weight = (corrected * yields.templates.values[column] * yields.values[column, None]).ravel()
        flat = cells.reshape(len(hessian), -1)
        hessian += (flat * weight) @ flat.T

    def add_measured(self, hessian: FloatArray, data: Data) -> None:
        """Add the second derivatives by Q that come from measured values of the parameters of bins."""
        first = self.first
        measured = data.bins != 0
        extra = np.zeros_like(first.by_total)
        extra[measured] = -(first.by_total * data.bins)[measured] / (4 * first.yields.squared[measured] ** 1.5)
        by_squares = self._by_channels(2 * first.yields.values[:, None] * first.compiled.squares)
        flat = by_squares.reshape(len(by_squares), -1)
        hessian += (flat * extra.ravel()) @ flat.T

    def with_cells(self, hessian: FloatArray, outer: FloatArray, weight: FloatArray, *, fisher: bool) -> FloatArray:
        """Return the Hessian by the variables and the parameters of cells.

        Args:
            hessian: that by the variables.
            outer: derivatives of V + ratio·Q by the variables, shape (variables, channels, bins).
            weight: weights of the bins, shape (channels, bins).
            fisher: take the expectation.
        """
        first, size = self.first, len(hessian)
        cells, yields = first.compiled.cells, first.yields
        channel = first.layout.channel[cells.column]
        own = cells.slopes(yields)
        by_total, bend = first.by_total[channel, cells.bin], weight[channel, cells.bin]
        mixed = outer[:, channel, cells.bin] * (bend * own)
        if not fisher:
            mixed += (self.jacobian[cells.column] * (by_total * cells.inner(yields))[:, None]).T
            self._add_mixed(mixed, by_total)
        # Cells meet only in their bin.
        same = (channel[:, None] == channel) & (cells.bin[:, None] == cells.bin)
        found = np.empty((size + len(own), size + len(own)))
        found[:size, :size] = hessian
        found[:size, size:], found[size:, :size] = mixed, mixed.T
        found[size:, size:] = same * np.outer(own, own * bend)
        return found

    def _add_mixed(self, mixed: FloatArray, by_total: FloatArray) -> None:
        """Add second derivatives by a parameter of a template and one of a cell, shape (variables, cells)."""
        compiled, layout = self.first.compiled, self.first.layout
        cell, pair = layout.mixed_cell, layout.mixed_pair
        place = np.full(len(layout.column), -1)
        place[self.pairs] = np.arange(len(self.pairs))
        inner = self.derivatives[place[pair], compiled.cells.bin[cell]] / compiled.cells.events[cell]
        yields = self.first.yields.values[layout.column[pair]]
        np.add.at(mixed, (compiled.morphing.parameter[pair], cell), by_total[cell] * inner * yields)
