"""The values of declarations: numbers of any library."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from datacard_core import is_finite_number
from tests.support.cases import case


class TestIsFiniteNumber:
    def test_finite_number(self) -> None:
        """Finite real numbers of any library are accepted."""
        cases: list[Any] = [0, -1, 2.5, np.int64(3), np.float32(0.5), Fraction(1, 3), 10**300]
        for value in cases:
            with case(value):
                assert is_finite_number(value)

    def test_number_beyond_a_card(self) -> None:
        """NaN, infinities and integers that no double can hold are refused."""
        cases: list[Any] = [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400]
        for value in cases:
            with case(value):
                assert not is_finite_number(value)

    def test_other_value(self) -> None:
        """Bools, strings, complex numbers and containers are refused."""
        cases: list[Any] = [True, False, "1", None, 1j, (1,), [1.0], np.array([1.0]), Decimal(1)]
        for value in cases:
            with case(value):
                assert not is_finite_number(value)
