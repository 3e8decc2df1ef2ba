"""Numbers in a card."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import grammar, number


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


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.016, "1.016"), (0.1 + 0.2, "0.30000000000000004"), (1, "1.0"), (np.float64(2.5), "2.5")],
    ids=["short", "sum", "int", "numpy"],
)
def test_number_is_written_shortest(value: float, text: str) -> None:
    """The text of a number has no more digits than it needs."""
    assert number(value) == text


@pytest.mark.parametrize("text", ["1", "+8.25e0", "9.E1", ".9", "-1e-300"])
def test_numbers_of_c_and_python(text: str) -> None:
    """A finite number that C and Python read alike is a number."""
    assert grammar.is_number(text)


@pytest.mark.parametrize("text", ["1_0", "nan", "infinity", "1e999", "1,10", "", "0x1p3", "\u0661"])
def test_other_numbers(text: str) -> None:
    """Text that another reader would refuse, or that is not finite, is none."""
    assert not grammar.is_number(text)


@pytest.mark.parametrize("value", ["1.5", b"1", True, None, 1j, [1.0]])
def test_no_number_is_written(value: Any) -> None:
    """Texts, which Python's `float` would read, and other objects are no numbers."""
    with pytest.raises(TypeError, match="is not a number"):
        number(value)


def test_count() -> None:
    """A count has digits alone."""
    assert grammar.is_count("12")
    assert not any(map(grammar.is_count, ["-1", "1.0", "\u0661", ""]))
