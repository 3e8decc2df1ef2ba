"""Combine's own files beside a fit: files of v10.6 for the shared card 33, and trees with the branches of others."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from datacard_fit import fit
from datacard_fit.exchange.combine_files import CombineResult, read_combine
from datacard_fit.exchange.differences import compared

from datacard_core import InputError
from tests.support.commands import datacard
from tests.support.likelihoods import LIKELIHOOD, REFERENCES, of_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_fit import Likelihood

FILES = Path(__file__).parent / "combine"
FIT, LIMITS, SIGNIFICANCE = (
    FILES / f"higgsCombine.{name}.mH120.root" for name in ("mdf.MultiDimFit", "al.AsymptoticLimits", "sig.Significance")
)
CARD = (
    "imax *\njmax *\nkmax *\nbin SR\nobservation 25\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"
    "bn lnN - 1.1\n"
)


@pytest.fixture(scope="module")
def likelihood(tmp_path_factory: pytest.TempPathFactory) -> Likelihood:
    return of_text(CARD, tmp_path_factory.mktemp("card"))


def written(path: Path, name: str, **branches: Any) -> Path:
    """Write a tree with some branches."""
    arrays = {branch: np.array(values) for branch, values in branches.items()}
    with uproot.recreate(path) as file:
        file.mktree(name, {branch: values.dtype for branch, values in arrays.items()}).extend(arrays)
    return path


class TestReading:
    @pytest.mark.slow
    def test_multidimfit(self) -> None:
        """The POI has its interval, and tracked parameters their values."""
        found = read_combine(FIT).parameters
        # Printed by Combine: r = +0.157 -0.899/+0.918 (68 %).
        assert found["r"] == pytest.approx((0.15720, -0.89932, 0.91812), abs=2e-5)
        assert found["sh1"][0] == pytest.approx(0.0394, abs=1e-4)

    @pytest.mark.slow
    def test_limits(self) -> None:
        """The five expected limits have their quantiles."""
        found = read_combine(LIMITS)
        assert found.expected == pytest.approx(
            {0.025: 0.97534, 0.16: 1.30479, 0.5: 1.83594, 0.84: 2.63361, 0.975: 3.68196}, abs=1e-5
        )
        assert (found.observed, found.significance) == (None, None)

    @pytest.mark.slow
    def test_significance(self) -> None:
        """A file of Significance has no limit."""
        found = read_combine(SIGNIFICANCE)
        assert found.significance == pytest.approx(0.173443, abs=1e-6)
        assert (found.observed, found.expected) == (None, {})

    @pytest.mark.slow
    def test_observed_limit(self, tmp_path: Path) -> None:
        """The row with the quantile -1 is the observed limit."""
        tree = {"limit": [1.0, 2.0, 4.0], "quantileExpected": [0.16, 0.5, -1.0]}
        found = read_combine(written(tmp_path / "higgsCombine.root", "limit", **tree))
        assert (found.expected, found.observed) == ({0.16: 1.0, 0.5: 2.0}, 4.0)

    @pytest.mark.slow
    def test_intervals_of_several_pois(self, tmp_path: Path) -> None:
        """Rows with the ends of one POI have the other at its best value."""
        tree = {
            "limit": [0.0] * 5,
            "deltaNLL": [0.0] * 5,
            "quantileExpected": [-1, -0.32, 0.32, -0.32, 0.32],
            "r_a": [1.0, 0.5, 2.0, 1.0, 1.0],
            "r_b": [3.0, 3.0, 3.0, 2.0, 5.0],
        }
        found = read_combine(written(tmp_path / "fit.root", "limit", **tree)).parameters
        assert found == {"r_a": (1.0, -0.5, 1.0), "r_b": (3.0, -1.0, 2.0)}

    @pytest.mark.slow
    def test_fit_diagnostics(self, tmp_path: Path) -> None:
        """Of FitDiagnostics the POI has its errors, and measured values are no parameters."""
        tree = {"fit_status": [0], "r": [1.0], "rErr": [0.5], "rLoErr": [0.4], "rHiErr": [0.6], "nll_min": [3.0]}
        path = written(tmp_path / "fit.root", "tree_fit_sb", **tree, bn=[0.2], bn_In=[0.0])
        found = read_combine(path).parameters
        assert found["r"] == (1.0, -0.4, 0.6)
        assert list(found) == ["r", "bn"]

    def test_impacts(self, tmp_path: Path) -> None:
        """The JSON of impacts has intervals of all parameters."""
        content = {"POIs": [{"name": "r", "fit": [0.5, 1, 2]}], "params": [{"name": "bn", "fit": [-1, 0, 1]}]}
        (tmp_path / "impacts.json").write_text(json.dumps(content), encoding="utf-8")
        assert read_combine(tmp_path / "impacts.json").parameters == {"r": (1, -0.5, 1), "bn": (0, -1, 1)}

    def test_ends_that_combine_lacks(self, tmp_path: Path) -> None:
        """An end at the value itself is none: Combine has found no interval there."""
        content = {"POIs": [{"name": "r", "fit": [1, 1, 2]}], "params": []}
        (tmp_path / "impacts.json").write_text(json.dumps(content), encoding="utf-8")
        value, down, up = read_combine(tmp_path / "impacts.json").parameters["r"]
        assert (value, math.isnan(down), up) == (1, True, 1)

    @pytest.mark.slow
    def test_limit_tree_without_a_fit(self, tmp_path: Path) -> None:
        """Points of a scan without the best fit are refused: the first of them is no best fit."""
        tree = {"limit": [0.0], "deltaNLL": [2.0], "quantileExpected": [0.1], "r": [5.0]}
        with pytest.raises(InputError, match="has no best fit"):
            read_combine(written(tmp_path / "scan.root", "limit", **tree))

    @pytest.mark.parametrize("name", ["impacts.json", "card.txt", "empty.root"])
    def test_other_files(self, name: str, tmp_path: Path) -> None:
        """A file that holds no results is refused by name."""
        (tmp_path / name).write_text("{}", encoding="utf-8")
        if name == "empty.root":
            written(tmp_path / name, "limit", limit=np.zeros(0))
        with pytest.raises(InputError, match=name):
            read_combine(tmp_path / name)


class TestComparison:
    @pytest.mark.slow
    def test_differences(self, likelihood: Likelihood) -> None:
        """Differences are in errors of the parameter, the largest first; a parameter of Combine alone is told."""
        fitted = fit(likelihood)
        here = dict(zip(fitted.names, zip(fitted.values, fitted.errors, strict=True), strict=True))
        value, error = here["r"]
        theirs = CombineResult(
            parameters={"bn": (here["bn"][0], 0, 0), "r": (value - 0.3 * error, -9, 9), "other": (0, 0, 0)}
        )
        table = compared(likelihood, fitted, theirs)
        by_name = {record["quantity"]: record["difference"] for record in table.records}
        assert by_name["r"] == pytest.approx(0.3)
        assert by_name["bn"] == pytest.approx(0)
        assert [record["quantity"] for record in table.records][-2:] == ["r", "bn"]
        assert table.note == "not here: other"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("freeze", "noted"), [((), "not in Combine's file, as where a fit failed: bn"), (["bn"], "")]
    )
    def test_impact_of_a_failed_fit(
        self, likelihood: Likelihood, freeze: Sequence[str], noted: str, tmp_path: Path
    ) -> None:
        """A free parameter that Combine's impacts lack is told."""
        (tmp_path / "impacts.json").write_text('{"POIs": [{"name": "r", "fit": [0, 1, 2]}], "params": []}', "utf-8")
        combine = read_combine(tmp_path / "impacts.json")
        assert compared(likelihood, fit(likelihood, freeze=freeze), combine, freeze=freeze).note == noted

    @pytest.mark.slow
    @pytest.mark.parametrize(("status", "warned"), [(0, False), (-1, True), (300, True)])
    def test_failed_fit(self, status: int, warned: bool, tmp_path: Path) -> None:
        """A fit of Combine that failed is a warning beside the table, and stands in the JSON."""
        path = written(tmp_path / "fit.root", "tree_fit_sb", fit_status=[status], r=[1.0], bn=[0.2])
        (tmp_path / "card.txt").write_text(CARD, encoding="utf-8")
        said = f"the fit of Combine has the status {status}, expected 0"
        result = datacard("fit", tmp_path / "card.txt", "--compare-combine", path, "--json")
        assert (said in result.stderr) == warned
        assert [problem[: len(said)] for problem in json.loads(result.stdout)["problems"]] == [said] * warned

    @pytest.mark.slow
    @pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers")
    def test_command(self) -> None:
        """A fit, limits and a significance of Combine agree, to the accuracy that Combine gives its limits."""
        for path, most in ((FIT, 1e-3), (LIMITS, 0.04), (SIGNIFICANCE, 1e-3)):
            result = datacard("fit", LIKELIHOOD / "33_mcstats_0" / "card.txt", "--compare-combine", path, "--json")
            differences = [abs(record["difference"]) for record in json.loads(result.stdout)["differences"]]
            assert differences
            assert max(differences) < most, path
