"""Correlation matrices, and their factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.errors import DeclarationError
from datacard_core.grammar import is_finite_number
from datacard_core.names import closest, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_ROUNDING = 1e-9
"""Largest difference that counts as an error of rounding: in the matrix, and of its eigenvalues from 0."""
_NO_PIVOT = 1e-12
"""Largest remainder of a diagonal that counts as 0: the member is then a combination of those before it."""


def factor_of(rho: Any, labels: Sequence[str]) -> Matrix:
    """Return L with L·Lᵀ = rho, shape (members, parts), by Cholesky's method.

    Member i has the weight `L[i, j]` of part j, which begins at a member that is no combination of those before it.
    A matrix of a rank below n has as many parts as its rank.

    Args:
        rho: the correlation matrix: n rows of n numbers, or a dict of dicts by label.
        labels: names of the n members, in the order of rows and columns.

    Raises:
        DeclarationError: it is no correlation matrix; all reasons are told, with numbers.
    """
    matrix = _array(rho, labels)
    if problems := list(_problems(matrix, labels)):
        raise DeclarationError(problems)
    left = matrix.copy()
    parts = []
    for pivot in range(len(labels)):
        # Of a semi-definite matrix, the whole row is 0 where the diagonal is.
        if left[pivot, pivot] > _NO_PIVOT:
            part = left[:, pivot] / np.sqrt(left[pivot, pivot])
            # Zero but for rounding, because the pivots before have taken these members out.
            part[:pivot] = 0.0
            parts.append(np.clip(part, -1, 1))
            left -= np.outer(part, part)
    return np.array(parts).T


def _array(rho: Any, labels: Sequence[str]) -> Matrix:
    """Return a matrix of numbers with a row for each label.

    Raises:
        DeclarationError: it has another form, or other entries than finite numbers.
    """
    if isinstance(rho, Mapping):
        rho = _ordered(rho, labels)
    try:
        # Objects first, because numpy would make 1.0 of True and text of mixed entries.
        matrix = np.array(rho, dtype=object)
    except ValueError:  # rows of several lengths
        matrix = np.empty(0, dtype=object)
    expected = f"a matrix of {len(labels)} rows and columns, for {listing(labels)} in this order"
    if matrix.shape != (len(labels), len(labels)):
        form = f", of the shape {matrix.shape}" if matrix.ndim and matrix.size else ""
        raise DeclarationError(f"rho is {rho!r:.120}{form}: expected a number from 0 to 1, or {expected}")
    strange = [entry for entry in matrix.flat if not is_finite_number(entry)]
    if strange:
        raise DeclarationError(f"rho has the entry {strange[0]!r}, expected {expected}, of finite numbers")
    return matrix.astype(np.float64)


def _ordered(rho: Mapping[str, Any], labels: Sequence[str]) -> list[list[Any]]:
    """Return the entries of a dict of dicts by label.

    Raises:
        DeclarationError: its labels are not those expected.
    """
    rows = {"rho": rho, **{f"rho[{label!r}]": row for label, row in rho.items()}}
    problems = [
        f"{where} is {row!r:.80}, expected a dict with a number for each of {listing(labels)}"
        for where, row in rows.items()
        if not isinstance(row, Mapping)
    ]
    for where, row in rows.items():
        if isinstance(row, Mapping):
            problems += [f"{where} has no entry {label!r}" for label in labels if label not in row]
            problems += [
                f"{where}: there is no {label!r}{closest(label, labels)}" for label in row if label not in labels
            ]
    if problems:
        raise DeclarationError(problems)
    return [[rho[row][column] for column in labels] for row in labels]


def _problems(matrix: Matrix, labels: Sequence[str]) -> Iterator[str]:
    for label, entry in zip(labels, np.diag(matrix), strict=True):
        if abs(entry - 1) > _ROUNDING:
            yield f"rho of {label} with itself is {entry:g}, expected 1: a covariance is divided by both uncertainties"
    rows, columns = np.triu_indices(len(labels), 1)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        above, below = matrix[row, column], matrix[column, row]
        pair = f"{labels[row]} and {labels[column]}"
        if abs(above - below) > _ROUNDING:
            yield f"rho of {pair} is {above:g} above the diagonal and {below:g} below it: expected a symmetric matrix"
        elif abs(above) > 1 + _ROUNDING:
            yield f"rho of {pair} is {above:g}, expected a number from -1 to 1"
    # Of the symmetric part: numpy would use the lower triangle alone.
    lowest = float(np.linalg.eigvalsh((matrix + matrix.T) / 2)[0])
    if lowest < -_ROUNDING * len(labels):
        yield (
            f"rho has the eigenvalue {lowest:.4g}, and no uncertainties have such correlations: expected a positive "
            "semi-definite matrix, whose eigenvalues are 0 or above"
        )
