"""Fits of counting cards, whose results have closed forms, and results that are no numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot
from datacard_fit import fit, impacts

from datacard_core import DeclarationError
from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_fit import Likelihood

HEAD = "imax *\njmax *\nkmax *\n"
ALONE = HEAD + "bin SR\nobservation 25\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"
"""One bin without nuisances: λ = 10 r + 15, and 25 events."""

TWO = (
    HEAD
    + "bin SR CR\nobservation 25 400\nbin SR SR CR\nprocess sig bkg bkg\nprocess 0 1 1\nrate 10 15 300\n"
    + "SF rateParam * bkg 1 [0,5]\n"
)
"""A control region that fixes the background: SF = 4/3, and r = (25 - 20)/10."""

SADDLE = HEAD + (
    "bin SR\nobservation 40\nbin SR SR SR\nprocess s b c\nprocess 0 1 2\nrate 5 10 10\nn lnN - - 1.1\n"
    "x extArg 0 [-5,5]\nf rateParam SR b @0*@0 x\n"
)
"""At r = 1 and x = 0, 15 events are expected, and 40 are observed."""


def rise(r: float) -> float:
    """Return twice the rise of ALONE's likelihood above its minimum at r = 1."""
    events = 10 * r + 15
    return 2 * (events - 25 - 25 * math.log(events / 25))


@pytest.fixture
def alone(tmp_path: Path) -> Likelihood:
    return of_text(ALONE, tmp_path)


class TestBestFit:
    @pytest.mark.slow
    def test_counting(self, alone: Likelihood) -> None:
        """The best fit is at (25 - 15)/10, its error √25/10, and the ends of the interval have the rise of 68 %."""
        found = fit(alone)
        interval = found.intervals["r"]
        assert found.status == "converged"
        assert interval.value == pytest.approx(1, abs=1e-4)
        assert found.errors[0] == pytest.approx(0.5, rel=1e-4)
        # The quantile of χ² with one degree of freedom at 68 % is 0.98894.
        for end in (interval.value + interval.down, interval.value + interval.up):
            assert rise(end) == pytest.approx(0.98894, rel=2e-3)
        assert interval.down < 0 < interval.up

    @pytest.mark.slow
    def test_confidence(self, alone: Likelihood) -> None:
        """At 95 % the rise is 3.8415."""
        interval = fit(alone, confidence=0.95).intervals["r"]
        assert rise(interval.value + interval.up) == pytest.approx(3.8415, rel=2e-3)

    @pytest.mark.slow
    def test_control_region(self, tmp_path: Path) -> None:
        """Two counts fix two parameters; the variance of r is 25/100 + (15/300)²·400/100."""
        found = fit(of_text(TWO, tmp_path))
        assert dict(zip(found.names, found.values.tolist(), strict=True)) == pytest.approx(
            {"r": 0.5, "SF": 4 / 3}, rel=1e-4
        )
        assert found.errors[0] == pytest.approx(math.sqrt(0.25 + 0.0025 * 4), rel=1e-3)
        # cov(r, SF) = -(15/10)·var(SF), with var(SF) = 400/300².
        correlation = -1.5 * 400 / 300**2 / (math.sqrt(0.26) * math.sqrt(400) / 300)
        assert found.correlation == pytest.approx(np.array([[1, correlation], [correlation, 1]]), rel=1e-3)

    @pytest.mark.slow
    def test_parameter_on_which_nothing_depends(self, alone: Likelihood, tmp_path: Path) -> None:
        """A free parameter that no yield depends on stays at its start value, and the interval is that without it."""
        found = fit(of_text(ALONE + "k extArg 1.5 [0,2]\nk flatParam\n", tmp_path))
        assert (found.status, found.values[1]) == ("converged", 1.5)
        assert found.intervals["r"].up == pytest.approx(fit(alone).intervals["r"].up)

    @pytest.mark.slow
    def test_frozen_parameter(self, tmp_path: Path) -> None:
        """A frozen parameter stays at its start value, and has no error."""
        found = fit(of_text(TWO, tmp_path), freeze=["SF"], values={"SF": 1.2})
        assert found.values.tolist() == pytest.approx([0.7, 1.2], rel=1e-3)
        assert math.isnan(found.errors[1])

    @pytest.mark.slow
    def test_frozen_group(self, tmp_path: Path) -> None:
        """The members of a group are frozen together."""
        card = ALONE + "a lnN - 1.1\nb lnN - 1.1\ng group = a b\n"
        found = fit(of_text(card, tmp_path), freeze=["g"])
        assert np.isnan(found.errors).tolist() == [False, True, True]

    @pytest.mark.slow
    def test_asimov_data(self, alone: Likelihood) -> None:
        """Asimov data give back the parameters that they were made with."""
        found = fit(alone, data=alone.asimov({"r": 2}))
        assert found.intervals["r"].value == pytest.approx(2, rel=1e-4)


class TestProblems:
    @pytest.mark.slow
    def test_end_of_the_range(self, alone: Likelihood) -> None:
        """A best fit at the end of a range is told, and has no number on that side."""
        found = fit(alone, ranges={"r": (-1, 0.5)})
        assert found.values[0] == 0.5
        assert math.isnan(found.intervals["r"].up)
        assert "r is at the end of its range" in found.status

    @pytest.mark.slow
    def test_range_ends_before_the_interval(self, alone: Likelihood) -> None:
        """An interval that reaches beyond the range is told."""
        found = fit(alone, ranges={"r": (-1, 1.1)})
        assert math.isnan(found.intervals["r"].up)
        assert rise(1 + found.intervals["r"].down) == pytest.approx(0.98894, rel=2e-3)
        assert "interval of r, up: the range ends before the likelihood has risen enough" in found.status

    @pytest.mark.slow
    def test_parameter_without_information(self, tmp_path: Path) -> None:
        """A degenerate free parameter has no error that looks like one."""
        card = ALONE + "a rateParam SR bkg 1 [0,5]\n"
        found = fit(of_text(card, tmp_path))
        assert "r and a: the likelihood does not change in this direction" in found.status.replace("a and r", "r and a")
        assert np.isnan(found.errors).all()

    @pytest.mark.slow
    def test_results_are_json(self, alone: Likelihood) -> None:
        """Ends that are missing are None, not numbers."""
        found = fit(alone, ranges={"r": (-1, 0.5)}).to_dict()
        assert found["r"]["up"] is None
        assert found["r"]["value"] == 0.5

    @pytest.mark.slow
    def test_hessian_that_is_not_positive(self, tmp_path: Path) -> None:
        """A point from which the likelihood falls on both sides is told, and there is no error, interval or impact."""
        # The yield 10·x² starts at its least value: the slope there is 0, and the excess pulls to either side.
        likelihood = of_text(SADDLE, tmp_path)
        found = fit(likelihood, freeze=["r"])
        assert found.status.startswith("the Hessian is not positive at the end; interval of r, it is fixed")
        assert np.isnan(found.errors).all()
        assert not found.covariance.any()
        assert all(math.isnan(impact.size) for impact in impacts(likelihood, freeze=["r"]).impacts)
        assert found.to_dict()["nuisances"]["x"]["error"] is None

    def test_kink(self, tmp_path: Path) -> None:
        """A minimum at a crop, where the likelihood has a kink, is told with the column, and has no error."""
        contents = {"data_obs": [2, 20, 5], "sig": [0, 0, 5], "flat": [10, 10, 0], "thin": [5, 5, 0]}
        # The first bin of `thin` is 5 + 5θ, and 0 from θ = -1 on. Two events in 10 draw it further down with a slope of
        # 5·(1 - 2/10) = 4, against a constraint of 1; beyond the crop only the constraint is left.
        contents |= {"thin_tUp": [10, 0, 0], "thin_tDown": [0, 10, 0]}
        with uproot.recreate(tmp_path / "shapes.root") as root:
            for name, values in contents.items():
                root[name] = np.array(values, dtype=float), np.arange(4.0)
        found = fit(
            of_text(
                "imax *\njmax *\nkmax *\nshapes * * shapes.root $PROCESS $PROCESS_$SYSTEMATIC\nbin SR\nobservation -1\n"
                "bin SR SR SR\nprocess sig flat thin\nprocess 0 1 2\nrate -1 -1 -1\nt shape - - 1\n",
                tmp_path,
            ),
            intervals=False,
        )
        assert found.values[found.names.index("t")] == pytest.approx(-1, abs=1e-3)
        assert "bins of 'thin' in 'SR' are cropped at 0, where the likelihood has kinks" in found.status
        assert np.isnan(found.errors).all()


class TestRefused:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"freeze": ["x"]}, "no parameter and no group 'x' to freeze"),
            ({"values": {"q": 1.0}}, "no parameter 'q'"),
            ({"ranges": {"r": (1, 1)}}, "range of 'r' is 1 to 1, expected a lower and a higher number"),
            ({"confidence": 1.5}, "confidence 1.5, expected a number between 0 and 1"),
        ],
    )
    def test_options(self, alone: Likelihood, options: dict[str, object], told: str) -> None:
        """Unknown names and impossible numbers are told."""
        with pytest.raises(DeclarationError, match=told):
            fit(alone, **options)  # type: ignore[arg-type]
