"""Kinds of changes, and their order."""

from __future__ import annotations

import math

from datacard_core import Change
from datacard_core.comparison.change import TITLES, before_after, in_order, number_of


def test_order() -> None:
    """Changes stand in the order of their kinds, the largest of each first, and first of all what is no number."""
    changes = [
        Change(kind="rate", size=0.1),
        Change(kind="rate", size=math.inf),
        Change(kind="rate", size=math.nan),
        Change(kind="channel.gone"),
        Change(kind="rate", size=0.2),
    ]
    found = sorted(changes, key=in_order)
    assert [change.kind for change in found] == ["channel.gone", *["rate"] * 4]
    assert [change.size for change in found[3:]] == [0.2, 0.1]


def test_words() -> None:
    """Numbers of objects have their plural, and texts stand on their side."""
    assert [number_of(count, "column") for count in (0, 1, 2)] == ["0 columns", "1 column", "2 columns"]
    assert before_after("gone", "x") == ("x", "")
    assert before_after("appeared", "x") == ("", "x")
    assert len(set(TITLES.values())) == len(TITLES)
