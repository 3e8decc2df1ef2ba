"""Weighted sums of rows in bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from datacard_fit.evaluation.bundles import Bundles

if TYPE_CHECKING:
    from datacard_core import FloatArray

LENGTHS = (3, 0, 1, 40, 39, 2)
"""Rows of each bundle; with 1000 numbers each, those of 40 and of 3 rows are not filled up to one length."""


@pytest.fixture
def rows() -> FloatArray:
    return np.random.default_rng(1).normal(size=(sum(LENGTHS), 1000))


# In a random order: rows of one bundle need not stand together.
BUNDLE = np.random.default_rng(2).permutation(np.repeat(np.arange(len(LENGTHS)), LENGTHS))


def test_sums(rows: FloatArray) -> None:
    """Each bundle has the weighted sum of its rows, an empty one 0."""
    bundles, weights = Bundles.of(rows, BUNDLE, len(LENGTHS)), np.arange(len(rows), dtype=float)
    assert len(bundles.parts) > 1
    expected = [weights[bundle == BUNDLE] @ rows[bundle == BUNDLE] for bundle in range(len(LENGTHS))]
    np.testing.assert_allclose(bundles.sums(weights), expected, atol=1e-10)


def test_products(rows: FloatArray) -> None:
    """Each row is multiplied with the vector of its bundle."""
    vectors = np.random.default_rng(3).normal(size=(len(LENGTHS), 1000))
    expected = [row @ vectors[bundle] for row, bundle in zip(rows, BUNDLE, strict=True)]
    np.testing.assert_allclose(Bundles.of(rows, BUNDLE, len(LENGTHS)).products(vectors), expected, atol=1e-10)


def test_rows(rows: FloatArray) -> None:
    """Rows come back under their positions."""
    which = np.array([7, 0, 83])
    np.testing.assert_array_equal(Bundles.of(rows, BUNDLE, len(LENGTHS)).rows(which), rows[which])
