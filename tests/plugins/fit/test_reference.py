"""Combine's likelihood, card by card: expected events, differences of the likelihood, fits and limits of v10.6."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_fit import goodness_of_fit, scan, significance

from tests.support import pages, validation_page
from tests.support.likelihoods import REFERENCES, best_fit, impacts_of, limit_of, of_reference, ranges_of, reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers"),
]

# In points of a masked channel Combine keeps the constraints of bins that it does not profile.
PROFILED = [name for name in REFERENCES if name != "48_masked"]

# Cards with another likelihood each; all of them are compared by hand before a release.
LIMITS = [name for name in REFERENCES if name[:2] in ("02", "06", "07", "08", "20", "26", "34", "36", "53", "90", "92")]


def assert_none(differences: Mapping[Any, float], tolerance: float) -> None:
    """Assert that no difference is larger; a message has those that are, by the names of their cards."""
    assert differences == pytest.approx(dict.fromkeys(differences, 0.0), abs=tolerance)


def points(name: str) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
    """Yield each point of a card, with the parameters that the likelihood has."""
    likelihood = of_reference(name)
    for point in reference(name)["points"]:
        yield point, {parameter: value for parameter, value in point["params"].items() if parameter in likelihood.names}


def test_parameters() -> None:
    """Names, start values and ranges are those of Combine's workspace."""
    values, ranges = {}, {}
    for name in REFERENCES:
        likelihood, expected = of_reference(name), reference(name)["model"]["parameters"]
        found = {parameter.name: parameter for parameter in likelihood.compiled.parameters.parameters}
        assert sorted(found) == sorted(one for one in expected if not one.startswith("mask_")), name
        for parameter in found.values():
            combine = expected[parameter.name]
            values[name, parameter.name] = parameter.initial - combine["value"]
            # Ranges of POIs are Combine's options; those of counts in bins are quantiles there, and wider here.
            is_count = parameter.name.startswith("prop_bin") and combine["constraint"] == "poisson"
            if parameter.name not in likelihood.pois and not is_count:
                for end, own in (("min", parameter.low), ("max", parameter.high)):
                    # An infinite end is null there; the difference of two infinities would be no number.
                    theirs = {"min": -math.inf, "max": math.inf}[end] if combine[end] is None else combine[end]
                    ranges[name, parameter.name, end] = 0.0 if own == theirs else own - theirs
    assert_none(values, 1e-6)
    assert_none(ranges, 1e-5)


def test_expected_events() -> None:
    """Events of each column and in total agree to 1e-8 at twelve points."""
    wrong = []
    for name in REFERENCES:
        likelihood = of_reference(name)
        for point, values in points(name):
            total, columns = likelihood.total(values), likelihood.expected(values)
            for channel, expected in point["yields"].items():
                pairs = {"total": (total[channel], expected["total"])}
                # A column of rate 0 is left out, in Combine too.
                for column, events in expected.get("processes", {}).items():
                    pairs[f"column {column}"] = columns[channel].get(column, np.zeros(1)), events
                wrong += [
                    (name, channel, which)
                    for which, (here, there) in pairs.items()
                    if not (abs(here - np.array(there)) <= 1e-8 + 1e-8 * np.abs(there)).all()
                ]
    assert wrong == []


def test_likelihood() -> None:
    """Differences of the likelihood agree to 1e-6 at twelve points."""
    differences = {}
    for name in REFERENCES:
        likelihood = of_reference(name)
        nominal = likelihood.nll({})
        for number, (point, values) in enumerate(points(name)):
            differences[name, number] = likelihood.nll(values) - nominal - point["delta_nll"]
    assert_none(differences, 1e-6)


def test_profiled_likelihood() -> None:
    """With the parameters of bins at their minimum, differences of the likelihood agree to 1e-6."""
    differences = {}
    for name in PROFILED:
        likelihood = of_reference(name)
        nominal = likelihood.nll({}, profiled=True)
        for number, (point, values) in enumerate(points(name)):
            if "delta_nll_profiled" in point:
                found = likelihood.nll(values, profiled=True) - nominal
                differences[name, number] = found - point["delta_nll_profiled"]
    assert_none(differences, 1e-6)


def test_fit() -> None:
    """The best fit agrees to 1e-3 of its error, the interval to 2e-3."""
    values, ends = {}, {}
    for name in REFERENCES:
        # In 28 Combine's own fits differ by 0.02 of the error, and its minimum lies above the one that is found here.
        if name.startswith("28"):
            continue
        combine, found = reference(name)["combine"]["multidimfit_tight"], best_fit(name)
        for poi, interval in found.intervals.items():
            expected = combine.get(poi, combine)
            values[name, poi] = (interval.value - expected["value"]) / (expected["up"] - expected["down"])
            ends[name, poi, "down"] = interval.down / expected["down"] - 1
            # The interval of 51 ends beyond the range; Combine then takes the end of the range for it.
            if not math.isnan(interval.up):
                ends[name, poi, "up"] = interval.up / expected["up"] - 1
            else:
                told = f"interval of {poi}, up: the range ends before the likelihood has risen enough"
                assert found.status == told, name
    assert_none(values, 1e-3)
    assert_none(ends, 2e-3)


def test_significance() -> None:
    """The significance agrees to 2e-3 standard deviations, and is the same without the fit."""
    found = {
        name: significance(of_reference(name), ranges=ranges_of(name), fitted=best_fit(name)) for name in REFERENCES
    }
    expected = {name: reference(name)["combine"]["significance"] for name in REFERENCES}
    assert found == pytest.approx(expected, abs=3e-3)
    without = {name: significance(of_reference(name), ranges=ranges_of(name)) for name in REFERENCES[::6]}
    assert without == {name: found[name] for name in without}


def test_goodness_of_fit() -> None:
    """The saturated statistic agrees to 1e-3; in 28 Combine's fit ends above the minimum."""
    differences = {}
    for name in REFERENCES:
        if expected := reference(name)["combine"]["gof_saturated"]:
            tolerance = 0.02 if name.startswith("28") else 1e-3
            differences[name] = (goodness_of_fit(of_reference(name)).observed - expected) / tolerance
    assert_none(differences, 1)


KEYS = ("expected_2.5", "expected_16", "expected_50", "expected_84", "expected_97.5")


@pytest.mark.parametrize("blind", [False, True], ids=["observed", "blind"])
def test_limits(*, blind: bool) -> None:
    """Observed and expected limits agree to 1e-3."""
    ratios = {}
    for name in LIMITS:
        found = limit_of(name, blind=blind)
        combine = reference(name)["combine"]["asymptotic_blind_tight" if blind else "asymptotic_tight"]
        for key, expected in zip(KEYS, found.expected, strict=True):
            ratios[name, key] = expected / combine[key] - 1
        assert (found.observed is None) is blind, name
        if found.observed is not None:
            ratios[name, "observed"] = found.observed / combine["observed"] - 1
    assert_none(ratios, 1e-3)


def test_scan() -> None:
    """Twenty-one points of the profile likelihood agree to 1e-3."""
    for name in REFERENCES:
        if expected := reference(name)["combine"].get("scan_r"):
            found = scan(of_reference(name), {"r": expected["r"]}, ranges={"r": (-20, 20)})
            assert found.rise == pytest.approx(np.array(expected["delta_nll"]), abs=1e-3), name


def test_impacts() -> None:
    """Intervals of all parameters, and the POI at their ends, agree to 1e-2 of their errors."""
    fitted, pois = {}, {}
    for name in ("02_lnN_asym", "12_shape_asym", "33_mcstats_0", "92_mid_rateparams"):
        combine = reference(name)["combine"]
        width = combine["multidimfit_tight"]["r"]["up"]
        by_name = {impact.name: impact for impact in impacts_of(name).impacts}
        for parameter, expected in combine["impacts"]["parameters"].items():
            if parameter in by_name:
                found = by_name[parameter]
                half = (expected["fit"][2] - expected["fit"][0]) / 2
                for place in range(3):
                    fitted[name, parameter, place] = (found.fitted[place] - expected["fit"][place]) / half
                    pois[name, parameter, place] = (found.poi[place] - expected["r"][place]) / width
    assert_none(fitted, 1e-2)
    assert_none(pois, 1e-2)


PAGE = "docs/fit-validation.md"


def test_cards_of_the_page() -> None:
    """Each card has its row between the texts of the script on the page of validation."""
    page = pages.read(PAGE)
    assert page.startswith(validation_page.HEAD)
    assert page.endswith(validation_page.NOTES)
    assert [text.split("`")[1] for text in page.splitlines() if text.startswith("| `")] == REFERENCES


def test_rows_of_the_page() -> None:
    """The rows on the page of validation are those that the fits of today give."""
    # Those with limits above, but for one of many impacts: rows of all cards take half a minute.
    rows = [validation_page.line(validation_page.row(name)) for name in LIMITS if name != "90_mid_full"]
    assert [row for row in rows if row not in pages.read(PAGE)] == []
