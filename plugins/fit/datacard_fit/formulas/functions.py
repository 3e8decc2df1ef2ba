"""Formulas of parameters as further variables of the likelihood, with exact derivatives by the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import FloatArray, IntArray
    from datacard_fit.formulas.expressions import Formula


@attrs.frozen(eq=False)
class Derived:
    """The value of a formula and its derivatives by the parameters that it depends on."""

    value: float
    parameters: IntArray
    """Positions of the parameters, shape (n,)."""
    gradient: FloatArray
    """Shape (n,)."""
    hessian: FloatArray
    """Shape (n, n)."""


@attrs.frozen(eq=False)
class Functions:
    """Formulas in an order in which each one comes behind those that it depends on."""

    formulas: tuple[Formula, ...]
    arguments: tuple[tuple[int, ...], ...]
    """Positions of the arguments: parameters first, then formulas."""
    positions: Mapping[str, int]
    """Position of each formula among the variables."""
    parameters: int
    """Number of parameters."""

    @classmethod
    def of(cls, formulas: Mapping[str, Formula], position: Mapping[str, int]) -> Functions:
        """Return formulas in order.

        Args:
            formulas: the formulas by name, without circles.
            position: position of each parameter.
        """
        # Formulas whose arguments are all known come next; the reader has refused circles.
        variables, rest = dict(position), dict(formulas)
        while ready := [name for name, formula in rest.items() if not rest.keys() & set(formula.arguments)]:
            for name in ready:
                variables[name] = len(position) + len(formulas) - len(rest)
                del rest[name]
        ordered = sorted(formulas, key=lambda name: variables[name])
        return cls(
            tuple(formulas[name] for name in ordered),
            tuple(tuple(variables[argument] for argument in formulas[name].arguments) for name in ordered),
            {name: variables[name] for name in ordered},
            len(position),
        )

    def extended(self, theta: FloatArray) -> FloatArray:
        """Return parameters and the values of the formulas, shape (variables,)."""
        if not self.formulas:
            return theta
        values = np.concatenate([theta, np.zeros(len(self.formulas))])
        for place, (formula, arguments) in enumerate(zip(self.formulas, self.arguments, strict=True)):
            values[len(theta) + place] = formula(values[list(arguments)].tolist())[0]
        return values

    def derived(self, variables: FloatArray) -> Iterator[Derived]:
        """Yield each formula with its derivatives, at the variables of `extended`."""
        found: list[Derived] = []
        for formula, arguments in zip(self.formulas, self.arguments, strict=True):
            derived = self._chained(formula, arguments, variables, found)
            found.append(derived)
            yield derived

    def _chained(
        self, formula: Formula, arguments: tuple[int, ...], variables: FloatArray, earlier: list[Derived]
    ) -> Derived:
        value, slopes, bends = formula(variables[list(arguments)].tolist())
        inner = [self._argument(position, variables, earlier) for position in arguments]
        parameters = np.unique(np.concatenate([part.parameters for part in inner]))
        jacobian = np.zeros((len(arguments), len(parameters)))
        hessian = np.zeros((len(parameters), len(parameters)))
        for row, (part, slope) in enumerate(zip(inner, slopes, strict=True)):
            at = np.searchsorted(parameters, part.parameters)
            jacobian[row, at] = part.gradient
            hessian[np.ix_(at, at)] += slope * part.hessian
        hessian += jacobian.T @ bends @ jacobian
        return Derived(value, parameters, slopes @ jacobian, hessian)

    def _argument(self, position: int, variables: FloatArray, earlier: list[Derived]) -> Derived:
        if position >= self.parameters:
            return earlier[position - self.parameters]
        return Derived(float(variables[position]), np.array([position]), np.ones(1), np.zeros((1, 1)))
