"""Expected events of each column and bin, with their derivatives by the parameters.

The parameter ν of a whole bin moves V = Σ y by ν√Q, of which Combine gives each column the part of its squared error:
its events are y + ν·s/√Q, with s = (w·e)² and Q = Σ s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import FloatArray
    from datacard_fit.evaluation.bins import Data, Yields
    from datacard_fit.evaluation.engine import Engine


@attrs.frozen(eq=False)
class Response:
    """Events of one channel at one point."""

    events: FloatArray
    """Shape (columns, bins)."""
    jacobian: FloatArray
    """Derivatives by the ordinary parameters and those of cells, shape (parameters, columns, bins).

    Those of whole bins follow the others to their minimum, if there are data.
    """
    own: FloatArray
    """Change by one standard deviation of the parameter of each whole bin with all others fixed, (columns, bins)."""


def responses(engine: Engine, at: FloatArray, bins: FloatArray, data: Data | None) -> Iterator[Response]:
    """Yield the events of each channel, in the order of the model.

    Args:
        engine: the likelihood's function of arrays.
        at: parameters, shape (parameters,).
        bins: parameters of whole bins, shape (channels, bins).
        data: observations that the parameters of whole bins are fitted to; without, they have their prior width.
    """
    yields, layout, compiled = engine.yields(at), engine.layout, engine.compiled
    # One channel at a time: with all columns together, the zeros of the other channels would take the memory.
    for place, (start, stop) in enumerate(zip(compiled.starts.tolist(), layout.stops.tolist(), strict=True)):
        columns, inner = slice(start, stop), slice(None, compiled.bins[place])
        by_yield = _by_yield(yields, columns)
        content = yields.values[columns, None] * yields.content[columns, inner]
        jacobian = by_yield[:, :, None] * yields.content[columns, inner]
        _add_templates(jacobian, engine, yields, columns)
        squares = yields.values[columns, None] ** 2 * compiled.squares[columns, inner]
        by_squares = by_yield[:, :, None] * (2 * yields.values[columns, None] * compiled.squares[columns, inner])
        jacobian, by_squares = (_by_parameters(of, engine, yields) for of in (jacobian, by_squares))
        _add_cells(jacobian, engine, yields, columns)
        events = np.zeros(compiled.bins[place]) if data is None else data.events[place, inner]
        active = np.zeros_like(events) if data is None else engine.active[place, inner]
        plain = Response(content, jacobian, np.zeros_like(content))
        yield _moved(plain, squares, by_squares, bins[place, inner], events * active, active)


def _by_yield(yields: Yields, columns: slice) -> FloatArray:
    """Return the derivatives of the yields of some columns by the variables, shape (variables, columns)."""
    weights = yields.weights
    jacobian = np.zeros((weights.variables, columns.stop - columns.start))
    exponents = weights.exponents()[columns]
    jacobian[: exponents.shape[1]] = (exponents * yields.values[columns, None]).T
    jacobian[weights.factors.linear] += weights.by_variable()[columns].T
    return jacobian


def _add_templates(jacobian: FloatArray, engine: Engine, yields: Yields, columns: slice) -> None:
    """Add the derivatives of the templates that move, shape (variables, columns, bins)."""
    column, morphing = engine.layout.column, engine.compiled.morphing
    pairs = np.flatnonzero((column >= columns.start) & (column < columns.stop))
    if not pairs.size:
        return
    moved = yields.templates.derivatives(pairs)[0] * yields.values[column[pairs], None]
    if yields.factor is not None:
        moved *= yields.factor[column[pairs]]
    # A parameter and a column are one pair at most: nothing would be lost by adding to an index.
    jacobian[morphing.parameter[pairs], column[pairs] - columns.start] += moved[:, : jacobian.shape[2]]


def _by_parameters(jacobian: FloatArray, engine: Engine, yields: Yields) -> FloatArray:
    """Return derivatives by the parameters from those by the variables, by the chain rule; 0 for those of cells."""
    compiled, size = engine.compiled, engine.compiled.ordinary
    found = np.zeros((size + len(compiled.cells.events), *jacobian.shape[1:]))
    found[:size] = jacobian[:size]
    for place, derived in enumerate(compiled.functions.derived(yields.variables), size):
        found[derived.parameters] += derived.gradient[:, None, None] * jacobian[place]
    return found


def _add_cells(jacobian: FloatArray, engine: Engine, yields: Yields, columns: slice) -> None:
    cells = engine.compiled.cells
    if not cells.events.size:
        return
    inside = np.flatnonzero((cells.column >= columns.start) & (cells.column < columns.stop))
    place = engine.compiled.ordinary + inside, cells.column[inside] - columns.start, cells.bin[inside]
    jacobian[place] = cells.slopes(yields)[inside]


def _moved(
    plain: Response,
    squares: FloatArray,
    by_squares: FloatArray,
    bins: FloatArray,
    counts: FloatArray,
    active: FloatArray,
) -> Response:
    """Return the response with the parameters of whole bins.

    The minimum by ν is where √Q·(1 - n/λ) + ν - ν₀ = 0; its derivative follows the other parameters.

    Args:
        plain: the response without.
        squares: s, shape (columns, bins).
        by_squares: its derivatives, shape (parameters, columns, bins).
        bins: ν, shape (bins,).
        counts: n, shape (bins,), 0 for bins that do not count.
        active: 1 for the bins that count, 0 for those in which nothing but its constraint holds ν.
    """
    total, root = plain.events.sum(axis=0), np.sqrt(squares.sum(axis=0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    share = squares * inverse
    by_root = 0.5 * by_squares.sum(axis=1) * inverse
    by_share = by_squares * inverse - share * (by_root * inverse)[:, None, :]
    events = plain.events + bins * share
    jacobian = plain.jacobian + bins * by_share
    expected = np.maximum(total + bins * root, np.finfo(float).tiny)
    weight = counts / expected**2
    # The second derivative by ν, of which 1 is the constraint.
    bend = 1 + weight * root**2
    slope = active * (1 - counts / expected)
    by_bin = -(slope * by_root + weight * root * (plain.jacobian.sum(axis=1) + bins * by_root)) / bend
    return Response(events, jacobian + share * by_bin[:, None, :], share / np.sqrt(bend))
