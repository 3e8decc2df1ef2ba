"""The kinds `gmN` and `gmM`: yields from a control region, and with a relative width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from datacard_gamma import factors_of
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import ControlRegion, DeclarationError, SystematicUncertainty, load_plugins
from datacard_core.testing import small_card
from tests.support.outputs import card, rows, simulated, two_years

YEARS = ["2022", "2023"]
PLUGINS = load_plugins()


def gamma(value: Any = 1.0, typ: str = "gmN", processes: Any = ("vjets",), **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("fakes", typ, processes, YEARS, value, options=options)


def problems(systematic: SystematicUncertainty) -> list[str]:
    return list(PLUGINS.kinds[systematic.typ].value.problems(systematic))


def effect(systematic: SystematicUncertainty) -> ControlRegion:
    (nuisance,) = small_card(systematic).channel.nuisances
    (found,) = nuisance.effects
    assert isinstance(found, ControlRegion)
    return found


def test_declared_factor() -> None:
    """A declared factor that agrees with the rate gives way to the one whose product is the rate to the last digit."""
    # vjets has 24 and 48 events: 24 / 7 = 3.428571…, and N may differ from the product by 1e-3 of it.
    found = effect(gamma({"2022": 3.4286, "2023": 6.857}, N=7))
    assert (found.factors * 7).tolist() == [24.0, 48.0]


def test_wrong_declared_factors() -> None:
    """Each factor that does not give the rate is told with the product, the rate and the right factor."""
    with pytest.raises(DeclarationError) as raised:
        small_card(gamma(2.5, N=12))
    assert len(raised.value.problems) == 2
    assert "process 'vjets_2022': N times the value is 12 · 2.5 = 30, and the rate is 24" in raised.value.problems[0]
    assert "write 1.0 for the factor 2" in raised.value.problems[0]


@given(st.floats(1e-6, 1e9), st.integers(1, 10**6))
def test_product_is_the_rate(rate: float, events: int) -> None:
    """N times the factor differs from the rate by less than the distance of two doubles."""
    (factor,) = factors_of(np.array([rate]), events)
    assert abs(factor * events - rate) <= np.spacing(rate)


def test_column_without_yield() -> None:
    """A column whose rate is 0 has no cell, because Combine reads a factor of 0 as no effect."""
    output = two_years()
    empty = simulated({"SR": {"nominal": [0, 0]}})
    output.add("TTbar", "2023", empty, part="more")
    output.histograms["TTbar"]["TTbar_2023"] = empty
    systematic = SystematicUncertainty("fakes", "gmN", ["ttbar"], YEARS, 1.0, options={"N": 10})
    assert rows(card(output, systematic).content())["fakes"] == ["fakes", "gmN", "10", "-", "-", "3.0", "-"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "option 'N' is missing"),
        ({"N": 0}, "N 0: expected a number above 0"),
        ({"N": -3}, "expected a number above 0"),
        ({"N": 2.5}, "N 2.5: expected a whole number of events"),
        ({"N": "12"}, "N '12': expected a whole number"),
        ({"N": True}, "N True: expected a whole number"),
    ],
)
def test_wrong_number(options: dict[str, Any], message: str) -> None:
    """The number of events is a whole number above 0."""
    (problem,) = problems(gamma(**options))
    assert message in problem


@pytest.mark.parametrize("value", [0.0, -1.0, (0.9, 1.1), "2"], ids=str)
def test_wrong_factor(value: Any) -> None:
    """A factor is one number above 0, and all mistakes of a declaration are told."""
    found = problems(gamma(value))
    assert len(found) == 2
    assert f"value {value!r}, expected a factor above 0" in found[1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.0, "between 0 and 1"),
        (30.0, "between 0 and 1, such as 0.3 for 30 %"),
        (-0.1, "between 0 and 1"),
        ((0.1, 0.2), "between 0 and 1"),
    ],
    ids=str,
)
def test_wrong_width(value: Any, message: str) -> None:
    """A width is one number between 0 and 1."""
    (problem,) = problems(gamma(value, "gmM"))
    assert message in problem


def test_several_widths() -> None:
    """Different widths of processes are refused, because the row has one parameter."""
    (problem,) = problems(SystematicUncertainty("a", "gmM", {"top": 0.1, "vjets": 0.2}, YEARS))
    assert "values 0.1, 0.2: expected one relative width" in problem
