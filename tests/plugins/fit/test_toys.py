"""Toys and the goodness of fit."""

from __future__ import annotations

import concurrent.futures
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datacard_fit import fit, goodness_of_fit, impacts, read_toys, scan, toys

from datacard_core import DeclarationError, InputError
from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "imax *\njmax *\nkmax *\n"
# Four counts of 100 events each are expected, and only their sum has a free parameter.
COUNTS = HEAD + (
    "bin a b c d\nobservation 110 90 100 120\nbin a a b b c c d d\nprocess s b s b s b s b\nprocess 0 1 0 1 0 1 0 1\n"
    "rate 90 10 90 10 90 10 90 10\n"
)


class TestGoodnessOfFit:
    @pytest.mark.slow
    def test_statistic(self, tmp_path: Path) -> None:
        """The statistic is 2 Σ(λ - n + n log n/λ), with λ = 105 in each bin."""
        found = goodness_of_fit(of_text(COUNTS, tmp_path))
        events = [110, 90, 100, 120]
        expected = 2 * sum(105 - n + n * math.log(n / 105) for n in events)
        assert found.observed == pytest.approx(expected, rel=1e-5)
        assert found.p_value is None

    @pytest.mark.slow
    def test_toys(self, tmp_path: Path) -> None:
        """The statistic of toys has the mean of χ² with three degrees of freedom."""
        likelihood = of_text(COUNTS, tmp_path)
        found = goodness_of_fit(likelihood, toys=200, seed=3)
        # The mean of 200 numbers with variance 6 is within four standard deviations, 0.69, of 3.
        assert found.toys.mean() == pytest.approx(3, abs=4 * math.sqrt(6 / 200))
        assert found.p_value == pytest.approx(np.mean(found.toys >= found.observed))

    @pytest.mark.slow
    def test_seed(self, tmp_path: Path) -> None:
        """Equal seeds give equal toys, also if more are drawn."""
        likelihood = of_text(COUNTS, tmp_path)
        few, more = (goodness_of_fit(likelihood, toys=count, seed=7).toys for count in (3, 5))
        assert few.tolist() == more[:3].tolist()
        assert goodness_of_fit(likelihood, toys=3, seed=8).toys.tolist() != few.tolist()


class TestToys:
    @pytest.mark.slow
    def test_counts(self, tmp_path: Path) -> None:
        """Counts of toys have the mean and the variance of what the start values expect, and none depends on data."""
        likelihood = of_text(COUNTS, tmp_path)
        drawn = toys(likelihood, 300, seed=5).arrays()["events/a"][:, 0]
        # 100 events: the mean of 300 toys has an error of 0.6, their variance one of 8.
        assert drawn.mean() == pytest.approx(100, abs=4 * 0.6)
        assert drawn.var() == pytest.approx(100, abs=4 * 8.2)
        other = of_text(COUNTS.replace("110 90 100 120", "1 2 3 4"), tmp_path)
        assert toys(other, 300, seed=5).arrays()["events/a"][:, 0].tolist() == drawn.tolist()

    @pytest.mark.slow
    def test_measured_values(self, tmp_path: Path) -> None:
        """Measured values are drawn too, and a fit takes a toy as its data."""
        likelihood = of_text(CARD, tmp_path)
        found = toys(likelihood, 2, fitted=True)
        assert len(set(found.arrays()["constraint/bn"].tolist())) == 2
        assert fit(likelihood, data=found.data[1]).status == "converged"

    def test_file(self, tmp_path: Path) -> None:
        """Toys that are read are those that were written, bit by bit."""
        likelihood = of_text(CARD, tmp_path)
        drawn = toys(likelihood, 2)
        arrays: dict[str, Any] = dict(drawn.arrays())
        np.savez(tmp_path / "toys.npz", **arrays)
        read = read_toys(likelihood, tmp_path / "toys.npz")
        for mine, written in zip(read.data, drawn.data, strict=True):
            assert (mine.events == written.events).all()
            assert (mine.centers == written.centers).all()
            assert (mine.bins == written.bins).all()
        assert {name: array.tolist() for name, array in read.arrays().items()} == {
            name: array.tolist() for name, array in drawn.arrays().items()
        }

    def test_file_of_other_cards(self, tmp_path: Path) -> None:
        """All arrays are told that the cards have not, that the file has not, or that have no counts."""
        likelihood = of_text(CARD, tmp_path)
        arrays: dict[str, Any] = dict(toys(likelihood, 2).arrays())
        arrays["events/S"] = arrays.pop("events/SR")
        arrays["events/CR"] = -arrays["events/CR"]
        arrays["constraint/bn"] = np.array([1.0, math.nan])
        arrays["constraint/r"] = np.ones((3, 1))
        np.savez(tmp_path / "toys.npz", **arrays)
        with pytest.raises(InputError) as caught:
            read_toys(likelihood, tmp_path / "toys.npz")
        said = str(caught.value)
        for part in (
            "no array 'events/SR'",
            "the cards have no 'events/S'",
            "'events/CR' has -",
            "'constraint/bn' has values that are no finite numbers",
            "'constraint/r' has toys of shape (1,), expected ()",
            "the arrays have 2, 3 toys",
        ):
            assert part in said
        (tmp_path / "toys.npz").write_text("imax 1", encoding="utf-8")
        np.save(tmp_path / "array.npy", np.ones(3))
        for name in ("toys.npz", "array.npy"):
            with pytest.raises(InputError, match="cannot be read as a file of toys"):
                read_toys(likelihood, tmp_path / name)

    @pytest.mark.parametrize("name", ["toys.root", "toys.npz"])
    def test_toys_of_combine(self, name: str, tmp_path: Path) -> None:
        """A ROOT file is refused by its content, with the reason and what to do; a missing file is named."""
        likelihood = of_text(CARD, tmp_path)
        with pytest.raises(InputError, match=f"{name} cannot be read as a file of toys: .*No such file"):
            read_toys(likelihood, tmp_path / name)
        (tmp_path / name).write_bytes(b"root\x00\x00\xf5\x00" + bytes(100))
        with pytest.raises(InputError, match=r"which ROOT alone can read\. Draw toys with `datacard toys --output"):
            read_toys(likelihood, tmp_path / name)


CARD = HEAD + (
    "bin SR CR\nobservation 25 400\nbin SR SR CR\nprocess sig bkg bkg\nprocess 0 1 1\nrate 10 15 400\n"
    "bn lnN - 1.1 1.1\n"
)


class TestScan:
    @pytest.mark.slow
    def test_profile(self, tmp_path: Path) -> None:
        """A scan in one parameter is the profile likelihood, 0 at the best fit."""
        likelihood = of_text(CARD, tmp_path)
        found = scan(likelihood, {"r": [0.0, 1.0, 2.0]})
        assert found.best == pytest.approx((1.0,), abs=1e-3)
        assert found.rise[1] == pytest.approx(0, abs=1e-5)
        # The background hardly moves: the rise is nearly that of 15 expected events.
        assert found.rise[0] == pytest.approx(15 - 25 + 25 * math.log(25 / 15), rel=0.05)

    @pytest.mark.slow
    def test_plane(self, tmp_path: Path) -> None:
        """A scan in two parameters fixes both: it is the likelihood itself here."""
        likelihood = of_text(CARD, tmp_path)
        found = scan(likelihood, {"r": [0.5, 2.0], "bn": [-1.0, 0.0, 1.0]})
        best = likelihood.nll({"r": 1.0, "bn": 0.0})
        for point, rise in zip(found.points.tolist(), found.rise.tolist(), strict=True):
            assert rise == pytest.approx(likelihood.nll({"r": point[0], "bn": point[1]}) - best, abs=1e-4)

    @pytest.mark.slow
    def test_three_parameters(self, tmp_path: Path) -> None:
        """A scan of no parameter is refused."""
        with pytest.raises(DeclarationError, match="a scan of 0 parameters, expected one or two"):
            scan(of_text(CARD, tmp_path), {})


class TestImpacts:
    @pytest.mark.slow
    def test_sign_and_order(self, tmp_path: Path) -> None:
        """More background means less signal, by (15·κ^θ - 15)/10 at the ends of the nuisance's interval."""
        found = impacts(of_text(CARD, tmp_path))
        (impact,) = found.impacts
        low, value, high = impact.fitted
        assert low < value < high
        for end, r in zip((low, high), impact.poi[::2], strict=True):
            # r follows the background of the signal region alone, since that count has no other parameter.
            assert r == pytest.approx((25 - 15 * 1.1**end) / 10, rel=1e-3)
        assert impact.size == pytest.approx(max(abs(r - impact.poi[1]) for r in impact.poi))
        assert found.to_dict()["params"][0]["type"] == "Gaussian"


@pytest.mark.slow
def test_workers(tmp_path: Path) -> None:
    """Impacts, scans and toys are the same, digit by digit, wherever they are made."""
    rows = "".join(f"n{number} lnN 1.0{number} 1.1 1.0{number + 1}\n" for number in range(1, 9))
    # A formula is a function that only cloudpickle takes along.
    formula = "SF rateParam SR bkg (1+0.1*@0) x\nx param 0 1\n"
    likelihood = of_text(CARD + rows + formula, tmp_path)
    grid = {"r": np.linspace(0, 2, 19).tolist()}

    def made(**where: Any) -> list[object]:
        return [
            impacts(likelihood, **where),
            scan(likelihood, grid, **where).to_dict(),
            goodness_of_fit(likelihood, toys=9, **where).to_dict(),
        ]

    here = made()
    assert made(jobs=2) == here
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert made(executor=pool) == here
