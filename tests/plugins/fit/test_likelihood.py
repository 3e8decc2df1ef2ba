"""The likelihood of small cards, with numbers by hand, and its derivatives by differences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import hist
import numpy as np
import pytest
import uproot
from datacard_fit import Likelihood

from datacard_core import DeclarationError, Model, Systematics, SystematicUncertainty
from datacard_core.testing import small_card
from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

COUNTING = """\
imax *
jmax *
kmax *
bin SR
observation 25
bin SR SR
process sig bkg
process 0 1
rate 10 15
bnorm lnN - 1.2
"""

KINDS = """\
imax *
jmax *
kmax *
shapes * * shapes.root $PROCESS $PROCESS_$SYSTEMATIC
shapes * CR FAKE
bin SR CR
observation -1 40
bin SR SR SR CR
process sig top wj top
process 0 1 2 1
rate -1 90 20 38
lumi lnN 1.02 1.02 1.02 1.02
xs lnN - 0.9/1.2 - 0.9/1.2
u lnU - - 1.3 -
n gmN 40 - - 0.5 -
lin trG - 0.1 - -0.2
jes shape - 1 0.5 -
jer shapeN - - - 1
p param 1.1 -0.1/+0.3 [0.5,2]
SF rateParam SR top 1 [0,5]
F rateParam CR top sqrt(@0)*@1*(0.3+@2) SF,p,x
x extArg 0.7 [0,2]
c constr p*lumi-0.6 0.5
{statistics}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with templates of three processes in three bins, and variations of `jes`."""
    made = tmp_path_factory.mktemp("likelihood")
    contents = {
        "data_obs": [50, 62, 7],
        "sig": [3, 5, 1],
        "top": [40, 45, 5],
        "wj": [12, 8, 0],
        "top_jesUp": [44, 46, 6],
        "top_jesDown": [36, 43, 5],
        "wj_jesUp": [13, 8, 1],
        "wj_jesDown": [11, 8, 0],
    }
    with uproot.recreate(made / "shapes.root") as root:
        for name, values in contents.items():
            histogram = hist.Hist.new.Reg(3, 0, 3).Weight()
            histogram.view()["value"] = values
            histogram.view()["variance"] = [value / (2 if name == "top" else 0.5) for value in values]
            root[name] = histogram
    return made


class TestCounting:
    @pytest.mark.slow
    def test_names(self, tmp_path: Path) -> None:
        """The POI and the nuisance are the parameters, with Combine's start values."""
        likelihood = of_text(COUNTING, tmp_path)
        assert likelihood.names == ("r", "bnorm")
        assert likelihood.initial.tolist() == [1, 0]
        assert repr(likelihood) == "<Likelihood of 1 channels, 1 bins, 2 parameters>"

    @pytest.mark.slow
    def test_value(self, tmp_path: Path) -> None:
        """At r = 2 and θ = 1 the likelihood is λ - 25 log λ + 1/2 with λ = 20 + 18."""
        likelihood = of_text(COUNTING, tmp_path)
        assert likelihood.nll({"r": 2, "bnorm": 1}) == pytest.approx(38 - 25 * math.log(38) + 0.5, rel=1e-12)

    @pytest.mark.slow
    def test_expected(self, tmp_path: Path) -> None:
        """A log-normal of 1.2 gives 15/1.2 at θ = -1, and r scales the signal alone."""
        found = of_text(COUNTING, tmp_path).expected({"r": 3, "bnorm": -1})
        assert {name: events.tolist() for name, events in found["SR"].items()} == {"sig": [30], "bkg": [12.5]}

    def test_array_of_all_parameters(self, tmp_path: Path) -> None:
        """All parameters may be given as an array in the order of the names."""
        likelihood = of_text(COUNTING, tmp_path)
        assert likelihood.nll(np.array([2.0, 1.0])) == likelihood.nll({"r": 2, "bnorm": 1})

    @pytest.mark.slow
    def test_no_positive_expectation(self, tmp_path: Path) -> None:
        """Where no events are expected although there are some, the fit sees an infinite value."""
        likelihood = of_text(COUNTING, tmp_path)
        evaluation = likelihood.engine.evaluate(np.array([-2.0, 0.0]), likelihood.data)
        assert evaluation.value == math.inf

    @pytest.mark.slow
    def test_constraint_of_a_formula(self, tmp_path: Path) -> None:
        """A `constr` line adds half the squared value of its formula over its width."""
        plain = of_text(COUNTING, tmp_path)
        constrained = of_text(COUNTING + "c constr r*bnorm-2 0.5\n", tmp_path)
        values = {"r": 2.0, "bnorm": 0.5}
        assert constrained.nll(values) - plain.nll(values) == pytest.approx(((2 * 0.5 - 2) / 0.5) ** 2 / 2)

    @pytest.mark.slow
    def test_constraint_of_an_external_parameter(self, tmp_path: Path) -> None:
        """A `param` of the name of an `extArg` decides start and density, in each order of the lines of a model."""
        likelihood = of_text(COUNTING + "x extArg 2.0 [const]\nx param 1 0.5\n", tmp_path)
        model = attrs.evolve(likelihood.model, parameters=likelihood.model.parameters[::-1])
        for found in (likelihood, Likelihood(model)):
            assert dict(zip(found.names, found.initial.tolist(), strict=True))["x"] == 1
            # (1.5 - 1)²/(2·0.5²)
            assert found.nll({"x": 1.5}) - found.nll({}) == pytest.approx(0.5)


class TestPOIs:
    @pytest.mark.slow
    def test_name_of_the_poi(self, tmp_path: Path) -> None:
        """The POI may have another name."""
        assert of_text(COUNTING, tmp_path, poi="mu").names[0] == "mu"

    @pytest.mark.slow
    def test_poi_of_a_background(self, tmp_path: Path) -> None:
        """A mapping gives a process a POI; signals that it does not name have none."""
        likelihood = of_text(COUNTING, tmp_path, poi={"SR/b*": "k"})
        assert likelihood.pois == ("k",)
        found = likelihood.expected({"k": 2})["SR"]
        assert (found["sig"].tolist(), found["bkg"].tolist()) == ([10], [30])

    @pytest.mark.slow
    def test_unknown_process(self, tmp_path: Path) -> None:
        """A process that no channel has is told with the known ones."""
        with pytest.raises(DeclarationError, match="no process 'ttt' for a POI, of bkg, sig"):
            of_text(COUNTING, tmp_path, poi={"ttt": "k"})


class TestRefused:
    @pytest.mark.slow
    def test_unknown_parameter(self, tmp_path: Path) -> None:
        """An unknown parameter is told with the closest one."""
        with pytest.raises(DeclarationError, match=r"no parameter 'bnrom'.*'bnorm'"):
            of_text(COUNTING, tmp_path).nll({"bnrom": 1})

    @pytest.mark.slow
    def test_array_of_other_length(self, tmp_path: Path) -> None:
        """An array of another length is refused."""
        with pytest.raises(DeclarationError, match="shape"):
            of_text(COUNTING, tmp_path).nll(np.zeros(3))

    @pytest.mark.slow
    def test_unknown_channel_to_mask(self, tmp_path: Path) -> None:
        """A channel to mask that does not exist is refused."""
        with pytest.raises(DeclarationError, match=r"no channel 'SRR' to mask.*'SR'"):
            of_text(COUNTING, tmp_path, masked=["SRR"])

    @pytest.mark.slow
    def test_lines_without_formula(self, tmp_path: Path) -> None:
        """A formula with an unknown function and a width that is a parameter are refused, both at once."""
        card = COUNTING + "c constr bnorm-1 r\nk rateParam SR bkg exp2(@0) bnorm\n"
        with pytest.raises(DeclarationError) as raised:
            of_text(card, tmp_path)
        assert len(raised.value.problems) == 2
        assert "c constr bnorm-1 r" in str(raised.value)
        assert "exp2(a0)" in str(raised.value)


@pytest.mark.parametrize("statistics", ["", "SR autoMCStats 0", "SR autoMCStats 30 1", "SR autoMCStats 1000"])
class TestDerivatives:
    """All kinds in two channels, without statistics, with parameters of bins, and with those of cells."""

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", [1, 2])
    def test_differences(self, folder: Path, statistics: str, seed: int) -> None:
        """Gradient and Hessian are those of small differences, at two random points."""
        likelihood = _likelihood(folder, statistics)
        engine, data = likelihood.engine, likelihood.data
        table, random = likelihood.compiled.parameters, np.random.default_rng(seed)
        size = len(data.centers)
        # Away from the points where a smoothed step ends: there the third derivative jumps.
        start = table.initial[:size] + random.uniform(-0.4, 0.4, size) * np.minimum(1, table.initial[:size] + 1)
        found = engine.evaluate(start, data)
        for place in range(size):
            step = 1e-5 * np.eye(size)[place]
            up, down = engine.evaluate(start + step, data), engine.evaluate(start - step, data)
            assert found.gradient[place] == pytest.approx((up.value - down.value) / 2e-5, rel=1e-5, abs=1e-4)
            np.testing.assert_allclose(found.hessian[place], (up.gradient - down.gradient) / 2e-5, rtol=1e-4, atol=1e-3)

    @pytest.mark.slow
    def test_expected_hessian(self, folder: Path, statistics: str) -> None:
        """The expected Hessian has no negative eigenvalue at a point where the exact one may have."""
        likelihood = _likelihood(folder, statistics)
        start = likelihood.compiled.parameters.initial[: len(likelihood.data.centers)]
        fisher = likelihood.engine.evaluate(start, likelihood.data).expected
        assert np.linalg.eigvalsh(fisher).min() > -1e-9

    @pytest.mark.slow
    def test_measured_values_of_bins(self, folder: Path, statistics: str) -> None:
        """With measured values of bins, as toys have them, the derivatives hold too."""
        likelihood = _likelihood(folder, statistics)
        engine, plain = likelihood.engine, likelihood.data
        bins = np.where(likelihood.compiled.has_sum, 0.7, 0.0)
        data = type(plain)(events=plain.events, centers=plain.centers, bins=bins)
        start = likelihood.compiled.parameters.initial[: len(plain.centers)] + 0.05
        found = engine.evaluate(start, data)
        for place in range(len(start)):
            step = 1e-5 * np.eye(len(start))[place]
            up, down = engine.evaluate(start + step, data), engine.evaluate(start - step, data)
            assert found.gradient[place] == pytest.approx((up.value - down.value) / 2e-5, rel=1e-5, abs=1e-4)
            np.testing.assert_allclose(found.hessian[place], (up.gradient - down.gradient) / 2e-5, rtol=1e-4, atol=1e-3)


def _likelihood(folder: Path, statistics: str) -> Likelihood:
    card = KINDS.format(statistics=statistics).replace("jer shapeN - - - 1\n", "")
    return of_text(card, folder)


class TestBinStatistics:
    @pytest.mark.slow
    def test_profiled_parameter(self, folder: Path) -> None:
        """The parameter of a bin is at its minimum: no other value gives a smaller likelihood."""
        likelihood = of_text(KINDS.format(statistics="SR autoMCStats 0").replace("jer shapeN - - - 1\n", ""), folder)
        name = "prop_binSR_bin1"
        profiled = likelihood.nll({"r": 2}, profiled=True)
        others = {f"prop_binSR_bin{at}": 0.0 for at in range(3)}
        at, bins = likelihood.split(likelihood.array({"r": 2}))
        pulls = likelihood.engine.pulls(at, likelihood.data)[0]
        best = dict(zip(others, pulls.tolist(), strict=True))
        assert likelihood.nll({"r": 2, **best}) == pytest.approx(profiled, abs=1e-10)
        for shift in (-0.01, 0.01):
            assert likelihood.nll({"r": 2, **best, name: best[name] + shift}) > profiled
        assert not bins.any()


class TestModels:
    @pytest.mark.slow
    def test_card_of_a_script(self) -> None:
        """The model of a card that was just built has a likelihood, without files."""
        lumi = SystematicUncertainty("lumi", typ="lnN", processes=["signal"], years=["2022"], value=1.02)
        card = small_card(systematics=Systematics([lumi]))
        likelihood = Likelihood(Model.of([card.channel]))
        assert "lumi" in likelihood.names
        total = likelihood.expected({})[card.channel.bin]
        np.testing.assert_allclose([events.sum() for events in total.values()], card.channel.rates, rtol=1e-6)
