"""The negative log-likelihood of arrays.

The likelihood of a bin with n events, an expected yield V and the squared error Q of that yield is the Poisson
probability of n at λ = V + ν√Q, times a unit normal density of ν. The minimum by ν has a closed form (Conway,
arXiv:1103.0354). Bins without such a parameter have Q = 0.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_fit.evaluation.bins import Bins, Data, Yields, profiled
from datacard_fit.evaluation.constraints import Constraints
from datacard_fit.evaluation.derivatives.gradient import Gradient
from datacard_fit.evaluation.derivatives.hessian import hessian
from datacard_fit.evaluation.layout import Layout
from datacard_fit.evaluation.morphing import FLOOR

if TYPE_CHECKING:
    from datacard_core import FloatArray
    from datacard_fit.evaluation.compiled import Compiled


@attrs.frozen(eq=False, kw_only=True)
class Evaluation:
    """The negative log-likelihood at one point. Its derivatives are made when they are asked for."""

    engine: Engine
    at: FloatArray
    data: Data
    yields: Yields
    terms: Bins
    value: float
    """Infinite where a bin with events has no positive expectation.

    Combine's value there is that at a small number, whose derivatives are those of another function.
    """

    @cached_property
    def gradient(self) -> FloatArray:
        """The derivatives by the parameters, shape (parameters,)."""
        gradient = self._first.by_parameters()
        self.engine.constraints.add_gradient(self.at, self.data.centers, gradient)
        return gradient

    @cached_property
    def hessian(self) -> FloatArray:
        """The second derivatives, shape (parameters, parameters)."""
        return self._hessian(fisher=False)

    @cached_property
    def expected(self) -> FloatArray:
        """The expectation of the Hessian, which has no negative eigenvalue."""
        return self._hessian(fisher=True)

    @cached_property
    def _first(self) -> Gradient:
        engine = self.engine
        return Gradient.of(engine.compiled, engine.layout, self.yields, self.terms, self.data, engine.active)

    def _hessian(self, *, fisher: bool) -> FloatArray:
        found = hessian(self._first, self.terms, self.data, self.engine.active, fisher=fisher)
        found[np.diag_indices(len(found))] += self.engine.constraints.curvature(self.at, self.data.centers)
        return found


@attrs.frozen(eq=False)
class Engine:
    """The negative log-likelihood of one model.

    Its parameters are the ordinary ones and those of cells; those of whole bins are at their minimum.
    """

    compiled: Compiled
    layout: Layout
    constraints: Constraints
    """Of the ordinary parameters and those of cells."""
    active: FloatArray
    """1 for the bins that count, 0 for masked channels and for bins that a channel does not have."""

    @classmethod
    def of(cls, compiled: Compiled, masked: frozenset[str] = frozenset()) -> Engine:
        """Return the engine of a compiled model.

        Args:
            compiled: the arrays.
            masked: names of channels that do not count.
        """
        size = compiled.ordinary + len(compiled.cells.events)
        constraints = Constraints.of([parameter.density for parameter in compiled.parameters.parameters[:size]])
        counting = np.array([name not in masked for name in compiled.channels])
        return cls(compiled, Layout.of(compiled), constraints, compiled.valid * counting[:, None].astype(float))

    def yields(self, at: FloatArray) -> Yields:
        """Return the expected events at some parameters."""
        compiled = self.compiled
        theta = at[: compiled.ordinary]
        variables = compiled.functions.extended(theta)
        weights = compiled.factors.weights(variables)
        values = weights.values
        templates = compiled.morphing.at(theta)
        content, factor = templates.values, None
        if compiled.cells.events.size:
            factor, addition = compiled.cells.multipliers(at[compiled.ordinary :], content.shape)
            content = content * factor + addition
        total = np.add.reduceat(values[:, None] * content, compiled.starts, axis=0)
        squared = np.add.reduceat((values**2)[:, None] * compiled.squares, compiled.starts, axis=0)
        return Yields(
            variables=variables,
            weights=weights,
            values=values,
            templates=templates,
            content=content,
            factor=factor,
            total=total,
            squared=squared,
        )

    def value(self, at: FloatArray, data: Data, bins: FloatArray | None = None) -> float:
        """Return the negative log-likelihood.

        Args:
            at: parameters, shape (parameters,).
            data: the observations.
            bins: parameters of whole bins, shape (channels, bins); at their minimum without.
        """
        yields = self.yields(at)
        if bins is None:
            bin_terms = self._terms(yields, data)
            value = self._sum(bin_terms, data)
        else:
            expected = _expected(yields, bins)
            # A masked channel loses its Poisson terms, the constraints of its bins stay.
            pulls = (bins - data.bins)[self.compiled.has_sum]
            value = _poisson(expected, data.events, self.active) + 0.5 * float(pulls @ pulls)
        return value + self._constraints(at, yields, data)

    def expected(self, at: FloatArray, bins: FloatArray) -> FloatArray:
        """Return the expected events, shape (channels, bins).

        Args:
            at: parameters, shape (parameters,).
            bins: parameters of whole bins, shape (channels, bins).
        """
        return _expected(self.yields(at), bins)

    def evaluate(self, at: FloatArray, data: Data) -> Evaluation:
        """Return the negative log-likelihood with its derivatives.

        Args:
            at: parameters, shape (parameters,).
            data: the observations.
        """
        yields = self.yields(at)
        terms = self._terms(yields, data)
        # A step into such a region is rejected by the minimiser, whatever the derivatives there say.
        negligible = (self.active * terms.negligible).any()
        value = np.inf if negligible else self._sum(terms, data) + self._constraints(at, yields, data)
        return Evaluation(engine=self, at=at, data=data, yields=yields, terms=terms, value=value)

    def pulls(self, at: FloatArray, data: Data) -> FloatArray:
        """Return the parameters of whole bins at their minimum, shape (channels, bins); 0 where there is none."""
        counting = self.active * self.compiled.has_sum
        pulls: FloatArray = (data.bins + self._terms(self.yields(at), data).pull) * counting
        return pulls

    def _constraints(self, at: FloatArray, yields: Yields, data: Data) -> float:
        pulls = yields.variables[self.compiled.penalised] / self.compiled.widths
        return self.constraints.value(at, data.centers) + 0.5 * float(pulls @ pulls)

    def _terms(self, yields: Yields, data: Data) -> Bins:
        total = yields.total + data.bins * np.sqrt(yields.squared) if data.bins.any() else yields.total
        return profiled(total, yields.squared, data.events)

    def _sum(self, terms: Bins, data: Data) -> float:
        poisson = _poisson(terms.expected, data.events, self.active)
        return poisson + 0.5 * float((terms.pull**2 * self.active).sum())


def _expected(yields: Yields, bins: FloatArray) -> FloatArray:
    return np.maximum(yields.total + bins * np.sqrt(yields.squared), FLOOR)


def _poisson(expected: FloatArray, events: FloatArray, active: FloatArray) -> float:
    return float(((expected - events * np.log(expected)) * active).sum())
