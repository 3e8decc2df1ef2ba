"""Varied templates without positive integral: Combine stops at them, so the effect on their column is left out."""

from __future__ import annotations

import numpy as np

from datacard_core import Column, Shape, Templates
from datacard_core.treatments.empty_variations import drop_empty_variations

COLUMNS = (Column("tt_2022", "tt", "2022", 1), Column("vv_2022", "vv", "2022", 2))


def shape(up: list[list[float]], down: list[list[float]]) -> Shape:
    both = [Templates(np.array(values), np.ones((2, 2))) for values in (up, down)]
    return Shape(np.array([4, 7]), both[0], both[1], np.ones(2))


def test_usable_shape_is_kept() -> None:
    """A shape with positive integrals on all columns stays as it is, without finding."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    kept, findings = drop_empty_variations(effect, COLUMNS, np.array([3.0, 5.0]), "JES")
    assert kept is effect
    assert findings == ()


def test_empty_direction_drops_the_column() -> None:
    """A column with an empty Down loses the effect, and a warning has both integrals and the rate."""
    effect = shape([[1, 2], [3, 4]], [[1, 1], [0, 0]])
    kept, findings = drop_empty_variations(effect, COLUMNS, np.array([3.0, 5.0]), "JES")
    assert kept.columns.tolist() == [4]
    assert kept.up.values.tolist() == [[1, 2]]
    (told,) = findings
    assert (told.code, told.column, told.systematic) == ("empty-variation", "vv_2022", "JES")
    assert "7 (Up) and 0 (Down) for a nominal of 5" in told.message


def test_column_without_rate_is_not_told() -> None:
    """A column of rate 0 loses the effect without finding: Combine leaves the column out."""
    effect = shape([[0, 0], [3, 4]], [[0, 0], [1, 1]])
    kept, findings = drop_empty_variations(effect, COLUMNS, np.array([0.0, 5.0]), "JES")
    assert kept.columns.tolist() == [7]
    assert findings == ()
