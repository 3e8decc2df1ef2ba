"""Tests of the search for a failing input."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from datacard_core.testing.search import search
from tests.support.conformance import CALLS


@pytest.mark.slow
def test_smallest_failing_input() -> None:
    """The failure is that of the smallest input that fails."""

    def body(number: int) -> None:
        if number >= 100:
            raise ValueError(f"{number}")

    with pytest.raises(ValueError, match=r"^100$"):
        search(st.integers(0, 10**6), body, most=100)


def test_input_that_fails_sometimes() -> None:
    """A function that fails only sometimes is reported with its failure."""

    def body(number: int) -> None:
        if next(CALLS) % 5 == 0:
            raise ValueError(f"with {number}")

    with pytest.raises(ValueError, match=r"^with \d+$"):
        search(st.integers(0, 10**6), body, most=100)


@pytest.mark.usefixtures("few_examples")
def test_profile_with_few_examples() -> None:
    """A profile of hypothesis limits the number of inputs that are drawn."""
    drawn: list[int] = []
    search(st.integers(0, 10**6), drawn.append, most=100)
    assert len(drawn) == settings().max_examples == 1
