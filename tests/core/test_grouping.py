"""Groups of values that one piece of work can serve."""

from __future__ import annotations

from datacard_core.grouping import together


def test_groups() -> None:
    """Items join the first group whose first item is like them, and groups are in the order of their first items."""
    assert together([3, 8, 5, 2, 7], lambda first, item: first % 2 == item % 2) == [[3, 5, 7], [8, 2]]
    assert together([], lambda first, item: first == item) == []


def test_unhashable_items() -> None:
    """Items need no hash."""
    assert together([[1], [2], [1]], list.__eq__) == [[[1], [1]], [[2]]]
