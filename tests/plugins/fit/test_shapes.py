"""Expected events before and after a fit, with uncertainties."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import attrs
import hist
import numpy as np
import pytest
import uproot
from datacard_fit import fit, shapes, stages
from datacard_fit.evaluation.derivatives.responses import responses
from datacard_fit.exchange.shapes_file import write_shapes
from datacard_fit.exchange.yields import yields_of

from datacard_core import DatacardError
from tests.support.likelihoods import REFERENCES, of_reference, of_text

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_fit import Likelihood, Shapes

    from datacard_core import FloatArray

HEAD = "imax *\njmax *\nkmax *\n"
TWO = (
    HEAD
    + "bin SR CR\nobservation 25 400\nbin SR SR CR\nprocess sig bkg bkg\nprocess 0 1 1\nrate 10 15 300\n"
    + "SF rateParam * bkg 1 [0,5]\nlumi lnN 1.02 - -\n"
)
"""SF = 4/3 and r = 1/2, with variances 400/300² and 25/100 + (15/300)²·4; `lumi` moves the signal alone."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Likelihood:
    return of_text(TWO, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def of_two(two: Likelihood) -> dict[str, Shapes]:
    return stages(two)


class TestCounting:
    """A card whose events and errors have closed forms."""

    @pytest.mark.slow
    def test_before(self, of_two: dict[str, Shapes]) -> None:
        """Before the fit, constrained parameters alone have a width: ln 1.02 of the signal."""
        channel = of_two["prefit"]["SR"]
        assert (channel.processes["sig"].norm, channel.processes["bkg"].norm) == (10, 15)
        assert channel.processes["sig"].norm_error == pytest.approx(10 * math.log(1.02))
        assert (channel.processes["bkg"].norm_error, channel.total.norm) == (0, 25)

    @pytest.mark.slow
    def test_after(self, of_two: dict[str, Shapes]) -> None:
        """After it, the total has the error of its count, and the background that of the control region."""
        channel = of_two["fit_s"]["SR"]
        assert channel.total.norm == pytest.approx(25, rel=1e-4)
        assert channel.total.norm_error == pytest.approx(5, rel=1e-3)
        assert channel.processes["bkg"].norm_error == pytest.approx(15 * 20 / 300, rel=1e-3)
        # The signal is the difference: var = 25 + 1.
        assert channel.processes["sig"].norm_error == pytest.approx(math.sqrt(26), rel=1e-3)
        assert channel.covariance == pytest.approx(np.array([[25.0]]), rel=2e-3)

    @pytest.mark.slow
    def test_without_signal(self, of_two: dict[str, Shapes]) -> None:
        """The fit of the backgrounds has r = 0: 425 events are 315·SF."""
        channel = of_two["fit_b"]["SR"]
        assert (channel.processes["sig"].norm, channel.processes["sig"].norm_error) == (0, 0)
        assert channel.total.norm == pytest.approx(15 * 425 / 315, rel=1e-4)
        assert channel.total.norm_error == pytest.approx(15 * math.sqrt(425) / 315, rel=1e-3)

    @pytest.mark.slow
    def test_sums(self, of_two: dict[str, Shapes]) -> None:
        """A channel without signals has no sum of signals, as in Combine's files."""
        assert list(of_two["fit_s"]["CR"].sums) == ["total_background", "total"]
        assert list(of_two["fit_s"]["SR"].sums) == ["total_signal", "total_background", "total"]

    @pytest.mark.slow
    def test_frozen_parameters(self, two: Likelihood) -> None:
        """A frozen parameter has no width before the fit."""
        assert shapes(two, freeze=["lumi"])["SR"].processes["sig"].norm_error == 0


@pytest.mark.slow
@pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers")
@pytest.mark.parametrize(
    "name", ["28_rateParam_formula", "38_mcstats_lowstat", "48_masked", "54_mcstats_shape_scale", "55_mcstats_shapeN"]
)
def test_derivatives(name: str) -> None:
    """The derivatives are those of finite differences, with the parameters of bins at their minimum."""
    likelihood = of_reference(name)
    engine, data, size = likelihood.engine, likelihood.data, len(likelihood.engine.constraints.centers)
    at = likelihood.initial[:size] + np.linspace(0.05, 0.3, size)

    def events(point: FloatArray) -> FloatArray:
        found = responses(engine, point, engine.pulls(point, data), data)
        return np.concatenate([response.events.ravel() for response in found])

    found = responses(engine, at, engine.pulls(at, data), data)
    exact = np.concatenate([response.jacobian.reshape(size, -1) for response in found], axis=1)
    finite = np.array([(events(at + 1e-5 * unit) - events(at - 1e-5 * unit)) / 2e-5 for unit in np.eye(size)])
    assert exact == pytest.approx(finite, abs=1e-7 * np.abs(exact).max())
    totals = np.concatenate(list(likelihood.total(likelihood.joined(at, engine.pulls(at, data))).values()))
    summed = [response.events.sum(axis=0) for response in responses(engine, at, engine.pulls(at, data), data)]
    assert np.concatenate(summed) == pytest.approx(totals, rel=1e-12)


class TestBinParameters:
    """Parameters of autoMCStats."""

    @pytest.mark.slow
    def test_before(self, tmp_path: Path) -> None:
        """Before the fit a bin's parameter moves each process by its part of the squared error."""
        channel = shapes(with_statistics(tmp_path))["SR"]
        # Errors 3 and 4 make 5, of which the processes have 9/5 and 16/5.
        assert channel.processes["one"].errors[0] == pytest.approx(9 / 5)
        assert channel.processes["two"].errors[0] == pytest.approx(16 / 5)
        assert channel.total.errors[0] == pytest.approx(5)

    @pytest.mark.slow
    def test_after(self, tmp_path: Path) -> None:
        """In a fit to the expectation the error of a bin is that of its count and of its template together."""
        likelihood = with_statistics(tmp_path)
        data = likelihood.asimov({"r": 0})
        fitted = fit(likelihood, data=data, values={"r": 0}, freeze=["r"], intervals=False)
        channel = shapes(likelihood, fitted, data=data)["SR"]
        # Inverse variances add up: 1/36 of the count, and 1/25 of the templates.
        assert channel.total.errors[0] == pytest.approx((1 / 36 + 1 / 25) ** -0.5, rel=1e-4)
        assert channel.total.norm_error**2 == pytest.approx(channel.covariance.sum(), rel=1e-9)


def with_statistics(folder: Path) -> Likelihood:
    """Return the likelihood of two bins with 36 and 64 events, the first with the errors 3 and 4 of its templates."""
    contents = {
        "sig": ([1.0, 1.0], [1e-6, 1e-6]),
        "one": ([12.0, 32.0], [9.0, 0.0]),
        "two": ([24.0, 32.0], [16.0, 0.0]),
    }
    with uproot.recreate(folder / "t.root") as file:
        for name, (values, variances) in contents.items():
            histogram = hist.Hist(hist.axis.Regular(2, 0, 2, name="x"), storage=hist.storage.Weight())
            histogram.view().value = np.array(values)
            histogram.view().variance = np.array(variances)
            file[name] = histogram
        file["data_obs"] = (np.array([36.0, 64.0]), np.array([0.0, 1.0, 2.0]))
    card = (
        HEAD + "shapes * * t.root $PROCESS\nbin SR\nobservation -1\nbin SR SR SR\nprocess sig one two\nprocess 0 1 2\n"
        "rate -1 -1 -1\nSR autoMCStats 0\n"
    )
    return of_text(card, folder)


class TestPriors:
    """Widths before the fit of all kinds of constraints."""

    @pytest.mark.slow
    def test_kinds(self, tmp_path: Path) -> None:
        """A gamma density of N + 1, the range of a flat one, and the two sides of an asymmetric normal one."""
        card = (
            HEAD + "bin SR\nobservation 10\nbin SR SR SR SR\nprocess sig a b c\nprocess 0 1 2 3\nrate 1 8 5 1\n"
            "count gmN 4 - 2 - -\nflat lnU - - 1.5 -\nside param 1 -0.1/+0.3\nk rateParam SR c side\n"
        )
        card = card.replace("k rateParam SR c side", "side rateParam SR c 1")
        channel = shapes(of_text(card, tmp_path))["SR"]
        # Events are 2·(4 + 1), with the variance 2²·5.
        assert channel.processes["a"].norm_error == pytest.approx(math.sqrt(20))
        assert channel.processes["b"].norm_error == pytest.approx(5 * math.log(1.5) / math.sqrt(3))
        # ∫ x² over the two halves of a normal density of widths 0.1 and 0.3.
        assert channel.processes["c"].norm_error == pytest.approx(math.sqrt((0.1**3 + 0.3**3) / 0.4))


class TestFiles:
    @pytest.mark.slow
    def test_folders(self, of_two: dict[str, Shapes], tmp_path: Path) -> None:
        """Folders and names are those of FitDiagnostics, with errors and a covariance."""
        write_shapes(of_two, tmp_path / "shapes.root")
        with uproot.open(tmp_path / "shapes.root") as file:
            assert file.keys(recursive=False, cycle=False) == ["shapes_prefit", "shapes_fit_b", "shapes_fit_s"]
            folder = file["shapes_fit_s/SR"]
            names = {"sig", "bkg", "total_signal", "total_background", "total", "total_covar", "data"}
            assert set(folder.keys(cycle=False)) == names
            assert folder["total"].errors() == pytest.approx([5], rel=1e-3)
            assert folder["total_covar"].values() == pytest.approx(np.array([[25.0]]), rel=2e-3)
            assert folder["data"].values().tolist() == [25]

    @pytest.mark.slow
    def test_equal_bytes(self, of_two: dict[str, Shapes], tmp_path: Path) -> None:
        """Equal events give equal bytes, whatever the time is, and other events another UUID."""
        files = [tmp_path / f"{number}.root" for number in range(3)]
        write_shapes(of_two, files[0])
        # A date in a ROOT file has a resolution of seconds: two writings within one would not show it.
        time.sleep(1.1)
        write_shapes(of_two, files[1])
        write_shapes({"prefit": of_two["prefit"]}, files[2])
        assert files[0].read_bytes() == files[1].read_bytes()
        uuids = [uproot.open(file).file.uuid for file in files]
        assert uuids[0] == uuids[1] != uuids[2]

    @pytest.mark.slow
    def test_fit_without_end(self, two: Likelihood, tmp_path: Path) -> None:
        """Templates of a fit without a covariance are refused, and an earlier file stays."""
        broken = {"fit_s": shapes(two, attrs.evolve(fit(two, intervals=False), errors=np.full(3, np.nan)))}
        (tmp_path / "shapes.root").write_text("earlier", encoding="utf-8")
        with pytest.raises(DatacardError, match=r"fit_s, channel 'SR': the fit did not converge"):
            write_shapes(broken, tmp_path / "shapes.root")
        assert (tmp_path / "shapes.root").read_text(encoding="utf-8") == "earlier"
        assert "? " in yields_of(broken).markdown()

    @pytest.mark.slow
    def test_blind_cards(self, tmp_path: Path) -> None:
        """Channels that are blind in the card have no data in the file and the table, unless data are given."""
        text = "# blind: data_obs of SR is Asimov data in all bins, signal strength 0\n" + TWO
        likelihood = of_text(text, tmp_path)
        assert likelihood.blind == ("SR",)
        assert shapes(likelihood)["SR"].data is None
        assert shapes(likelihood)["CR"].data is not None
        assert shapes(likelihood, data=likelihood.asimov({}))["SR"].data is not None
        assert shapes(of_text(text, tmp_path, masked=["SR"]))["SR"].data is None


@pytest.mark.slow
def test_table(of_two: dict[str, Shapes]) -> None:
    """The table has a row for each process of each channel, and full numbers in its records."""
    table = yields_of(of_two)
    assert table.lines[1][:2] == ("SR", "bkg")
    assert str(table.lines[1][4]) == "20.0 ± 1.0"
    assert table.records[0] == {
        "channel": "SR",
        "process": "sig",
        "stage": "prefit",
        "yield": 10.0,
        "error": pytest.approx(0.198, abs=1e-3),
    }
    assert r"$20.0 \pm 1.0$" in table.latex()
