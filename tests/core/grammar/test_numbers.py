"""Numbers in a card."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import grammar, number
from tests.support.cases import case


@pytest.mark.slow
@given(st.floats(allow_nan=False))
def test_number_reads_back_equal(value: float) -> None:
    """The text of a number reads back as the same number."""
    assert float(number(value)) == value


@pytest.mark.slow
@given(st.floats(allow_nan=False, width=32))
def test_numpy_number_reads_back_equal(value: float) -> None:
    """The text of a number of numpy reads back as the same number."""
    assert float(number(np.float32(value))) == value  # type: ignore[arg-type]


@pytest.mark.slow
@given(st.floats())
def test_number_is_one_word(value: float) -> None:
    """The text of a number has no blanks."""
    assert re.fullmatch(r"\S+", number(value))


def test_number_is_written_shortest() -> None:
    """The text of a number has no more digits than it needs."""
    cases: list[tuple[float, str]] = [
        (1.016, "1.016"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1, "1.0"),
        (np.float64(2.5), "2.5"),
    ]
    for value, text in cases:
        with case(value, text):
            assert number(value) == text


def test_numbers_of_c_and_python() -> None:
    """A finite number that C and Python read alike is a number."""
    cases: list[str] = ["1", "+8.25e0", "9.E1", ".9", "-1e-300"]
    for text in cases:
        with case(text):
            assert grammar.is_number(text)


def test_other_numbers() -> None:
    """Text that another reader would refuse, or that is not finite, is none."""
    cases: list[str] = ["1_0", "nan", "infinity", "1e999", "1,10", "", "0x1p3", "\u0661"]
    for text in cases:
        with case(text):
            assert not grammar.is_number(text)


def test_no_number_is_written() -> None:
    """Texts, which Python's `float` would read, and other objects are no numbers."""
    cases: list[Any] = ["1.5", b"1", True, None, 1j, [1.0]]
    for value in cases:
        with case(value), pytest.raises(TypeError, match="is not a number"):
            number(value)


def test_count() -> None:
    """A count has digits alone."""
    assert grammar.is_count("12")
    assert not any(map(grammar.is_count, ["-1", "1.0", "\u0661", ""]))
