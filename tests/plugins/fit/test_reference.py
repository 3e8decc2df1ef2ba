"""Combine's likelihood, card by card: expected events, differences of the likelihood, fits and limits of v10.6."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_fit import fit, goodness_of_fit, impacts, limit, scan, significance

from tests.support.likelihoods import REFERENCES, of_reference, reference

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers"),
]

# In points of a masked channel Combine keeps the constraints of bins that it does not profile.
PROFILED = [name for name in REFERENCES if name != "48_masked"]


def points(name: str) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
    """Yield each point of a card, with the parameters that the likelihood has."""
    likelihood = of_reference(name)
    for point in reference(name)["points"]:
        yield point, {parameter: value for parameter, value in point["params"].items() if parameter in likelihood.names}


@pytest.mark.parametrize("name", REFERENCES)
def test_parameters(name: str) -> None:
    """Names, start values and ranges are those of Combine's workspace."""
    likelihood, expected = of_reference(name), reference(name)["model"]["parameters"]
    found = {parameter.name: parameter for parameter in likelihood.compiled.parameters.parameters}
    assert sorted(found) == sorted(parameter for parameter in expected if not parameter.startswith("mask_"))
    for parameter in found.values():
        combine = expected[parameter.name]
        assert parameter.initial == pytest.approx(combine["value"], abs=1e-6)
        # Ranges of POIs are Combine's options; those of counts in bins are quantiles there, and wider here.
        is_count = parameter.name.startswith("prop_bin") and combine["constraint"] == "poisson"
        if parameter.name not in likelihood.pois and not is_count:
            low, high = combine["min"], combine["max"]
            assert parameter.low == pytest.approx(-math.inf if low is None else low, abs=1e-5)
            assert parameter.high == pytest.approx(math.inf if high is None else high, abs=1e-5)


@pytest.mark.parametrize("name", REFERENCES)
def test_expected_events(name: str) -> None:
    """Events of each column and in total agree to 1e-8 at twelve points."""
    likelihood = of_reference(name)
    for point, values in points(name):
        total, columns = likelihood.total(values), likelihood.expected(values)
        for channel, expected in point["yields"].items():
            np.testing.assert_allclose(total[channel], expected["total"], rtol=1e-8, atol=1e-8)
            for column, events in expected.get("processes", {}).items():
                # A column of rate 0 is left out, in Combine too.
                np.testing.assert_allclose(columns[channel].get(column, 0.0), events, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", REFERENCES)
def test_likelihood(name: str) -> None:
    """Differences of the likelihood agree to 1e-6 at twelve points."""
    likelihood = of_reference(name)
    nominal = likelihood.nll({})
    for point, values in points(name):
        assert likelihood.nll(values) - nominal == pytest.approx(point["delta_nll"], abs=1e-6)


@pytest.mark.parametrize("name", PROFILED)
def test_profiled_likelihood(name: str) -> None:
    """With the parameters of bins at their minimum, differences of the likelihood agree to 1e-6."""
    likelihood = of_reference(name)
    nominal = likelihood.nll({}, profiled=True)
    for point, values in points(name):
        if "delta_nll_profiled" in point:
            found = likelihood.nll(values, profiled=True) - nominal
            assert found == pytest.approx(point["delta_nll_profiled"], abs=1e-6)


def ranges(name: str) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(of_reference(name).pois, (-20.0, 20.0))


# In 28 Combine's own fits differ by 0.02 of the error, and its minimum lies above the one that is found here.
@pytest.mark.parametrize("name", [name for name in REFERENCES if not name.startswith("28")])
def test_fit(name: str) -> None:
    """The best fit agrees to 1e-3 of its error, the interval to 2e-3."""
    likelihood = of_reference(name)
    combine = reference(name)["combine"]["multidimfit_tight"]
    found = fit(likelihood, ranges=ranges(name))
    for poi, interval in found.intervals.items():
        expected = combine.get(poi, combine)
        width = (expected["up"] - expected["down"]) / 2
        assert interval.value == pytest.approx(expected["value"], abs=2e-3 * width)
        assert interval.down == pytest.approx(expected["down"], rel=2e-3)
        # The interval of 51 ends beyond the range; Combine then takes the end of the range for it.
        if not math.isnan(interval.up):
            assert interval.up == pytest.approx(expected["up"], rel=2e-3)
        else:
            assert found.status == f"interval of {poi}, up: the range ends before the likelihood has risen enough"


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_significance(name: str) -> None:
    """The significance agrees to 2e-3 standard deviations."""
    expected = reference(name)["combine"]["significance"]
    assert significance(of_reference(name), ranges=ranges(name)) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize("name", [name for name in REFERENCES if reference(name)["combine"]["gof_saturated"]])
def test_goodness_of_fit(name: str) -> None:
    """The saturated statistic agrees to 1e-3; in 28 Combine's fit ends above the minimum."""
    expected = reference(name)["combine"]["gof_saturated"]
    tolerance = 0.02 if name.startswith("28") else 1e-3
    assert goodness_of_fit(of_reference(name)).observed == pytest.approx(expected, abs=tolerance)


KEYS = ("expected_2.5", "expected_16", "expected_50", "expected_84", "expected_97.5")

# Cards with another likelihood each; all of them are compared by hand before a release.
LIMITS = [name for name in REFERENCES if name[:2] in ("02", "06", "07", "08", "20", "26", "34", "36", "53", "90", "92")]


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("blind", [False, True], ids=["observed", "blind"])
def test_limits(name: str, *, blind: bool) -> None:
    """Observed and expected limits agree to 1e-3."""
    found = limit(of_reference(name), blind=blind)
    combine = reference(name)["combine"]["asymptotic_blind_tight" if blind else "asymptotic_tight"]
    assert found.expected == pytest.approx([combine[key] for key in KEYS], rel=1e-3)
    assert found.observed is None if blind else found.observed == pytest.approx(combine["observed"], rel=1e-3)


@pytest.mark.parametrize("name", [name for name in REFERENCES if "scan_r" in reference(name)["combine"]])
def test_scan(name: str) -> None:
    """Twenty-one points of the profile likelihood agree to 1e-3."""
    expected = reference(name)["combine"]["scan_r"]
    found = scan(of_reference(name), {"r": expected["r"]}, ranges={"r": (-20, 20)})
    assert found.rise == pytest.approx(np.array(expected["delta_nll"]), abs=1e-3)


@pytest.mark.parametrize("name", ["02_lnN_asym", "12_shape_asym", "33_mcstats_0", "92_mid_rateparams"])
def test_impacts(name: str) -> None:
    """Intervals of all parameters, and the POI at their ends, agree to 1e-2 of their errors."""
    combine = reference(name)["combine"]
    width = combine["multidimfit_tight"]["r"]["up"]
    by_name = {impact.name: impact for impact in impacts(of_reference(name), ranges={"r": (-20, 20)}).impacts}
    for parameter, expected in combine["impacts"]["parameters"].items():
        if parameter in by_name:
            found = by_name[parameter]
            half = (expected["fit"][2] - expected["fit"][0]) / 2
            assert found.fitted == pytest.approx(expected["fit"], abs=1e-2 * half)
            assert found.poi == pytest.approx(expected["r"], abs=1e-2 * width)
