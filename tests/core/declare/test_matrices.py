"""Correlation matrices: factors of those that are one, and reasons for which others are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core.declare.matrices import factor_of
from tests.support.declarations import refused


def test_factor() -> None:
    """The factor of a matrix of full rank is the lower triangular one of textbooks."""
    # 0.8 - 0.6*0.28 = 0.632 = 0.8*0.79, and 0.8^2 = 1 - 0.6^2; 1 - 0.28^2 - 0.79^2 = 0.2975
    factor = factor_of([[1, 0.6, 0.28], [0.6, 1, 0.8], [0.28, 0.8, 1]], "abc")
    assert factor == pytest.approx(np.array([[1, 0, 0], [0.6, 0.8, 0], [0.28, 0.79, 0.2975**0.5]]))


def test_semi_definite() -> None:
    """Members that are fully correlated share their parts: the matrix of rank 2 has two."""
    factor = factor_of([[1, 0.6, 0.6], [0.6, 1, 1], [0.6, 1, 1]], "abc")
    assert factor == pytest.approx(np.array([[1, 0], [0.6, 0.8], [0.6, 0.8]]))


def test_opposite_members() -> None:
    """A correlation of -1 is one part with weights of opposite sign."""
    assert factor_of([[1, -1], [-1, 1]], "ab").tolist() == [[1], [-1]]


def test_dict_by_label() -> None:
    """A dict of dicts is read by its labels, in any order."""
    rho = {"b": {"b": 1, "a": 0.6}, "a": {"b": 0.6, "a": 1}}
    assert factor_of(rho, ["a", "b"]) == pytest.approx(np.array([[1, 0], [0.6, 0.8]]))


@pytest.mark.slow
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_product_is_the_matrix(size: int, rank: int, seed: int) -> None:
    """The factor times its transpose gives any matrix back, also one of a rank below its size."""
    rows = np.random.default_rng(seed).normal(size=(size, rank))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    factor = factor_of(rows @ rows.T, [str(number) for number in range(size)])
    assert factor @ factor.T == pytest.approx(rows @ rows.T, abs=1e-5)
    assert factor.shape[1] <= max(rank, 1)


@pytest.mark.parametrize(
    ("rho", "told"),
    [
        ([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]], "rho has the eigenvalue -0.8"),
        ([[1, 0.2, 0], [0.3, 1, 0], [0, 0, 1]], "rho of x and y is 0.2 above the diagonal and 0.3 below it"),
        ([[1, 0, 0], [0, 0.0144, 0], [0, 0, 1]], "rho of y with itself is 0.0144, expected 1"),
        ([[1, 0, 1.2], [0, 1, 0], [1.2, 0, 1]], "rho of x and z is 1.2, expected a number from -1 to 1"),
        ([[1, 0.2], [0.2, 1]], "of the shape (2, 2): expected a number from 0 to 1, or a matrix of 3 rows"),
        ([[1, 0.2], [0.2, 1, 0], []], "a matrix of 3 rows and columns, for x, y, z in this order"),
        ([[1, 0, float("nan")], [0, 1, 0], [0, 0, 1]], "rho has the entry nan"),
        ([[1, 0, True], [0, 1, 0], [0, 0, 1]], "rho has the entry True"),
        ("high", "rho is 'high': expected a number from 0 to 1"),
        (None, "rho is None: expected a number from 0 to 1"),
        ({"x": 1}, "rho['x'] is 1, expected a dict with a number for each of x, y, z"),
        ({"x": {"x": 1}, "Y": {}}, "rho: there is no 'Y' (did you mean 'y'?)"),
    ],
)
def test_refused(rho: object, told: str) -> None:
    """Each kind of matrix that is no correlation matrix is told with its numbers."""
    assert any(told in problem for problem in refused(lambda: factor_of(rho, ["x", "y", "z"])))


def test_all_reasons_at_once() -> None:
    """A wrong diagonal and an asymmetric pair are told together."""
    assert len(refused(lambda: factor_of([[2, 0.1], [0.2, 1]], ["x", "y"]))) == 2
