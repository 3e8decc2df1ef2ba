"""The values of declarations: numbers of any library."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from datacard_core import is_finite_number


class TestIsFiniteNumber:
    @pytest.mark.parametrize("value", [0, -1, 2.5, np.int64(3), np.float32(0.5), Fraction(1, 3), 10**300], ids=repr)
    def test_finite_number(self, value: Any) -> None:
        """Finite real numbers of any library are accepted."""
        assert is_finite_number(value)

    @pytest.mark.parametrize(
        "value",
        [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400],
        ids=["nan", "inf", "-inf", "nan of numpy", "large integer"],
    )
    def test_number_beyond_a_card(self, value: Any) -> None:
        """NaN, infinities and integers that no double can hold are refused."""
        assert not is_finite_number(value)

    @pytest.mark.parametrize("value", [True, False, "1", None, 1j, (1,), [1.0], np.array([1.0]), Decimal(1)], ids=repr)
    def test_other_value(self, value: Any) -> None:
        """Bools, strings, complex numbers and containers are refused."""
        assert not is_finite_number(value)
