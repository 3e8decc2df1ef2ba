"""Minima within ranges, of functions whose minima are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
from datacard_fit.minimum.minimiser import Box, minimise

if TYPE_CHECKING:
    from datacard_core import FloatArray


def box(low: float = -np.inf, high: float = np.inf, size: int = 2) -> Box:
    return Box(low=np.full(size, low), high=np.full(size, high), fixed=np.zeros(size, dtype=np.bool_))


@attrs.frozen(eq=False)
class Point:
    """A function at one point."""

    value: float
    gradient: FloatArray
    hessian: FloatArray
    expected: FloatArray


def rosenbrock(at: FloatArray) -> Point:
    """(1 - x)² + 100 (y - x²)², with the matrix of Gauss and Newton as the expected Hessian."""
    x, y = at
    value = (1 - x) ** 2 + 100 * (y - x * x) ** 2
    gradient = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
    exact, expected = (
        np.array([[curved, -400 * x], [-400 * x, 200.0]]) for curved in (2 - 400 * (y - 3 * x * x), 2 + 800 * x * x)
    )
    return Point(value, gradient, exact, expected)


def saddle(at: FloatArray) -> Point:
    """x⁴ - x² + y², which has a saddle at 0 and minima at x² = 1/2."""
    x, y = at
    return Point(
        x**4 - x * x + y * y,
        np.array([4 * x**3 - 2 * x, 2 * y]),
        np.diag([12 * x * x - 2, 2.0]),
        np.diag([12 * x * x + 0.1, 2.0]),
    )


def test_curved_valley() -> None:
    """The valley of Rosenbrock's function leads to (1, 1), where the Hessian is positive."""
    found = minimise(rosenbrock, np.array([-1.2, 1.0]), box(), tolerance=1e-15)
    assert not found.problem
    assert found.at == pytest.approx([1, 1], abs=1e-5)
    # The inverse of [[802, -400], [-400, 200]].
    assert found.covariance == pytest.approx(np.array([[0.5, 1], [1, 2.005]]), rel=1e-3)


def test_edge_of_the_range() -> None:
    """With x at most 0.5 the minimum is at (0.5, 0.25), and x is not free."""
    limits = Box(low=np.full(2, -5.0), high=np.array([0.5, 5.0]), fixed=np.zeros(2, dtype=np.bool_))
    found = minimise(rosenbrock, np.array([-1.2, 1.0]), limits)
    assert found.at == pytest.approx([0.5, 0.25], abs=1e-6)
    assert found.free.tolist() == [False, True]
    assert found.covariance[0].tolist() == [0, 0]


def test_start_near_a_saddle() -> None:
    """A start with an indefinite Hessian goes to a minimum, not to the saddle."""
    found = minimise(saddle, np.array([0.01, 1.0]), box(-2, 2))
    assert not found.problem
    assert abs(found.at[0]) == pytest.approx(np.sqrt(0.5), abs=1e-5)


def test_fixed_parameter() -> None:
    """A fixed parameter stays, also outside its range."""
    held = Box(low=np.full(2, -1.0), high=np.full(2, 1.0), fixed=np.array([True, False]))
    found = minimise(rosenbrock, np.array([3.0, 0.0]), held)
    assert found.at == pytest.approx([3, 1])
    assert not found.free[0]


@pytest.mark.slow
def test_no_minimum() -> None:
    """A function without a lower bound gives no result that looks like one."""

    def falling(at: FloatArray) -> Point:
        return Point(-float(at.sum()), np.full(2, -1.0), -1e-9 * np.eye(2), 1e-9 * np.eye(2))

    assert minimise(falling, np.zeros(2), box()).problem
