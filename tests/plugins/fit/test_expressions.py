"""Formulas of parameters, with derivatives by hand and by differences."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from datacard_fit.formulas.expressions import Formula, FormulaError
from hypothesis import given
from hypothesis import strategies as st

FORMS = [
    "@0*@1",
    "(1-@0)",
    "max(@0,0.5)*@1^2",
    "TMath::Exp(-@0/@1)+pow(@0,@1)",
    "x/(x+y)",
    "sqrt(@0*@0+@1)",
    "(@0>1)*@0+3^@1",
    "log(@0)/abs(-@1)",
    "@0**3/@1**-2",
    "min(@0,@1)-tanh(@0)*sin(@1)+cos(@0)+tan(@1/9)+atan(@0)+erf(@1)+log10(@0)",
    "+@0-pi",
]
FORMULAS = {form: Formula.of(form, ["x", "y"]) for form in FORMS}


def test_value_and_derivatives() -> None:
    """x²y at (3, 2) is 18, with the derivatives 2xy, x² and 2y, 2x, 0."""
    value, slopes, bends = Formula.of("@0^2*@1", ["x", "y"])([3.0, 2.0])
    assert value == 18
    assert slopes.tolist() == [12, 9]
    assert bends.tolist() == [[4, 6], [6, 0]]


@pytest.mark.slow
@given(x=st.floats(0.6, 0.99), y=st.floats(1.1, 1.9))
def test_derivatives_by_differences(x: float, y: float) -> None:
    """First and second derivatives of each form are those of small differences."""
    at, step = np.array([x, y]), 1e-5
    for form, formula in FORMULAS.items():
        value, slopes, bends = formula(at.tolist())
        assert math.isfinite(value), form
        for place in range(2):
            above, below = (formula((at + sign * step * np.eye(2)[place]).tolist()) for sign in (1, -1))
            found = np.array([slopes[place], *bends[place]])
            expected = np.array([above[0] - below[0], *(above[1] - below[1])]) / (2 * step)
            assert (abs(found - expected) <= 1e-7 + 1e-5 * abs(expected)).all(), form


def test_power_zero_at_zero() -> None:
    """The derivative of x⁰ and of x¹ exists at 0."""
    assert Formula.of("@0^0", ["x"])([0.0])[1].tolist() == [0]
    assert Formula.of("@0^1", ["x"])([0.0])[1].tolist() == [1]


def test_refused() -> None:
    """Another form, function or name is refused with the part that is not known."""
    for form, told in [
        ("@0*@2", "'a2'"),
        ("z*@0", "'z'"),
        ("gaus(@0)", "'gaus"),
        ("@0 ? 1 : 2", "no formula that can be derived"),
        ("__import__('os')", "__import__"),
        ("@0.real", "which cannot be derived here"),
        ("exp(@0,@1)", "exp has 2 arguments, expected 1"),
        ("'text'", "'text'"),
        ("(@0", "no formula that can be derived"),
        ("1<@0<2", "1 < a0 < 2"),
    ]:
        with pytest.raises(FormulaError, match=re.escape(told)):
            Formula.of(form, ["x", "y"])


def test_no_value() -> None:
    """A point without a value is told with the parameters."""
    for form in ("1/@0", "log(@0)", "@0^-1", "exp(1000-@0)"):
        with pytest.raises(FormulaError, match="has no value at x = 0"):
            Formula.of(form, ["x"])([0.0])
