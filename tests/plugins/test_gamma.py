"""The kinds `gmN` and `gmM`: yields from a control region, and with a relative width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from datacard_gamma import factors_of
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import (
    Analysis,
    Category,
    ControlRegion,
    DeclarationError,
    Systematics,
    SystematicUncertainty,
    load_plugins,
)
from datacard_core.testing import small_card
from tests.support import analyses
from tests.support.cases import case
from tests.support.outputs import Output, card, observation, observed, rows, simulated, two_years
from tests.support.outputs import problems as card_problems

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


@pytest.mark.slow
def test_declared_factor() -> None:
    """A declared factor that agrees with the rate gives way to the one whose product is the rate to the last digit."""
    # vjets has 24 and 48 events: 24 / 7 = 3.428571…, and N may differ from the product by 1e-3 of it.
    found = effect(gamma({"2022": 3.4286, "2023": 6.857}, N=7))
    assert (found.factors * 7).tolist() == [24.0, 48.0]


@pytest.mark.slow
def test_wrong_declared_factors() -> None:
    """Each factor that does not give the rate is told with the product, the rate and the right factor."""
    with pytest.raises(DeclarationError) as raised:
        small_card(gamma(2.5, N=12))
    assert len(raised.value.problems) == 2
    assert "process 'vjets_2022': N times the value is 12 · 2.5 = 30, and the rate is 24" in raised.value.problems[0]
    assert "write 1.0 for the factor 2" in raised.value.problems[0]


@pytest.mark.slow
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


def regions(control: list[float]) -> Output:
    """An output with 30 events of ttbar in SR, and some data in SR and in CR."""
    contents = {"SR": {"nominal": [10, 20]}, "CR": {"nominal": [5, 5]}}
    output = Output().add("Signal", "2022", simulated(contents)).add("TTbar", "2022", simulated(contents))
    return output.add("Muon", "2022", observed({"SR": [31, 3], "CR": control}))


def fakes(region: str) -> SystematicUncertainty:
    return SystematicUncertainty("fakes", "gmN", ["ttbar"], ["2022"], 1.0, options={"control_region": region})


def test_control_region_of_a_card() -> None:
    """N is the number of observed events in another category of the histograms, also outside the bins."""
    # Underflow 1, bins 4 and 6, overflow 4.
    made = card(regions([1, 4, 6, 4]), fakes("CR"), data_processes=observation("Muon"))
    assert rows(made.content())["fakes"] == ["fakes", "gmN", "15", "-", "2.0"]


@pytest.mark.parametrize(
    ("control", "region", "message"),
    [
        ([4, 6], "CRR", "the histograms have no category 'CRR' (did you mean 'CR'?)"),
        ([0, 0], "CR", "category 'CR' has 0 observed events, expected a whole number above 0"),
        ([4, 6.5], "CR", "category 'CR' has 10.5 observed events, expected a whole number above 0"),
    ],
)
def test_wrong_control_region(control: list[float], region: str, message: str) -> None:
    """A control region is a category with a whole number of observed events above 0."""
    (problem,) = card_problems(regions(control), fakes(region), data_processes=observation("Muon"))
    assert message in problem


def test_control_region_without_data() -> None:
    """A card without data has no observed events to take."""
    (problem,) = card_problems(regions([4, 6]), fakes("CR"))
    assert "needs the observed events of category 'CR', and the card has no data" in problem


@pytest.mark.slow
def test_control_region_of_an_analysis() -> None:
    """In an analysis, the events are those of the other category's variable and data."""
    declared = analyses.declarations(categories={"SR": Category("m"), "CR": Category("n")})
    declared["systematics"] = Systematics(
        [
            SystematicUncertainty(
                "fakes", "gmN", ["ttbar"], ["2022"], 1.0, options={"control_region": "CR"}, categories=["SR"]
            )
        ]
    )
    cards = Analysis(**declared).build(analyses.output(), verbose=False)
    # The variable n has 20 and 100 events of data in 2022 and twice as many in 2023.
    assert rows(cards["SR"].content())["fakes"][:3] == ["fakes", "gmN", "360"]
    declared["systematics"] = Systematics([fakes("CRX")])
    with pytest.raises(DeclarationError, match="the analysis has no category 'CRX'"):
        Analysis(**declared).build(analyses.output(), verbose=False)


def test_wrong_number() -> None:
    """The number of events is a whole number above 0."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"N": 12, "control_region": "CR"}, "has N and control_region 'CR'"),
        ({"control_region": 5}, "control_region 5: expected the name of a category"),
        ({}, "option 'N' is missing"),
        ({"N": 0}, "N 0: expected a number above 0"),
        ({"N": -3}, "expected a number above 0"),
        ({"N": 2.5}, "N 2.5: expected a whole number of events"),
        ({"N": "12"}, "N '12': expected a whole number"),
        ({"N": True}, "N True: expected a whole number"),
    ]
    for options, message in cases:
        with case(options, message):
            (problem,) = problems(gamma(**options))
            assert message in problem


def test_wrong_factor() -> None:
    """A factor is one number above 0, and all mistakes of a declaration are told."""
    for value in [0.0, -1.0, (0.9, 1.1), "2"]:
        found = problems(gamma(value))
        assert len(found) == 2, value
        assert f"value {value!r}, expected a factor above 0" in found[1], value


def test_wrong_width() -> None:
    """A width is one number between 0 and 1."""
    cases: list[tuple[Any, str]] = [
        (0.0, "between 0 and 1"),
        (30.0, "between 0 and 1, such as 0.3 for 30 %"),
        (-0.1, "between 0 and 1"),
        ((0.1, 0.2), "between 0 and 1"),
    ]
    for value, message in cases:
        with case(value, message):
            (problem,) = problems(gamma(value, "gmM"))
            assert message in problem


def test_several_widths() -> None:
    """Different widths of processes are refused, because the row has one parameter."""
    (problem,) = problems(SystematicUncertainty("a", "gmM", {"top": 0.1, "vjets": 0.2}, YEARS))
    assert "values 0.1, 0.2: expected one relative width" in problem
