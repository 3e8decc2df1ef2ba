"""Limits and significances of counting cards, with the asymptotic formulas by hand."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import pytest
from datacard_fit import limit, significance
from datacard_fit.limits import cls

from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_fit import Likelihood

CARD = "imax *\njmax *\nkmax *\nbin SR\nobservation {}\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 100\n"


def counting(folder: Path, events: int) -> Likelihood:
    return of_text(CARD.format(events), folder)


def rise(r: float, events: float) -> float:
    """Return q̃: twice the rise above the minimum with r at least 0."""

    def nll(r: float) -> float:
        return 10 * r + 100 - events * math.log(10 * r + 100)

    return 2 * (nll(r) - nll(max(0.0, (events - 100) / 10)))


class TestLimit:
    @pytest.mark.slow
    def test_expected(self, tmp_path: Path) -> None:
        """At the expected limit at N standard deviations √q of 100 events is F(1 - 0.05 Φ(N)) + N."""
        normal = NormalDist()
        found = limit(counting(tmp_path, 100), blind=True)
        assert found.status == "converged"
        assert found.observed is None
        for quantile, value in zip((0.025, 0.16, 0.5, 0.84, 0.975), found.expected, strict=True):
            wanted = normal.inv_cdf(1 - 0.05 * quantile) + normal.inv_cdf(quantile)
            assert math.sqrt(rise(value, 100)) == pytest.approx(wanted, rel=1e-4)

    @pytest.mark.slow
    @pytest.mark.parametrize("events", [80, 100, 115])
    def test_observed(self, tmp_path: Path, events: int) -> None:
        """At the observed limit CLs is 0.05, with q̃ of the data and of 100 expected events."""
        value = limit(counting(tmp_path, events)).observed
        assert value is not None
        assert cls(rise(value, events), rise(value, 100)) == pytest.approx(0.05, rel=1e-4)

    def test_cls_formula(self) -> None:
        """CLs is (1 - Φ(√q))/(1 - Φ(√q - √q_A)), and beyond q_A its other form, which joins it there."""
        below = (1 - NormalDist().cdf(1.5)) / NormalDist().cdf(2 - 1.5)
        assert cls(1.5**2, 2**2) == pytest.approx(below, rel=1e-12)
        assert cls(4.0, 4.0) == pytest.approx(cls(4.0 + 1e-9, 4.0), rel=1e-6)

    @pytest.mark.slow
    def test_blind_ignores_data(self, tmp_path: Path) -> None:
        """Blind limits are the same for any data."""
        first = limit(counting(tmp_path, 80), blind=True).expected
        assert limit(counting(tmp_path, 130), blind=True).expected == first

    @pytest.mark.slow
    def test_range_too_small(self, tmp_path: Path) -> None:
        """A range that ends before the limit is told, and gives no number."""
        found = limit(counting(tmp_path, 100), ranges={"r": (0, 1)})
        assert math.isnan(found.expected[2])
        assert found.observed is not None
        assert math.isnan(found.observed)
        assert "the range ends" in found.status


class TestSignificance:
    @pytest.mark.slow
    def test_excess(self, tmp_path: Path) -> None:
        """The significance of 130 events over 100 is √(2(130 log 1.3 - 30))."""
        expected = math.sqrt(2 * (130 * math.log(1.3) - 30))
        assert significance(counting(tmp_path, 130)) == pytest.approx(expected, rel=1e-4)

    @pytest.mark.slow
    def test_deficit(self, tmp_path: Path) -> None:
        """A deficit has the significance 0."""
        assert significance(counting(tmp_path, 90)) == 0
