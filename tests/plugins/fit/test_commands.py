"""The commands fit, limit, impacts, scan and gof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.commands import datacard, failed

if TYPE_CHECKING:
    from pathlib import Path

CARD = (
    "imax *\njmax *\nkmax *\nbin {bin}\nobservation 25\nbin {bin} {bin}\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"
    "bn lnN - 1.1\n"
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.txt"
    path.write_text(CARD.format(bin="SR"), encoding="utf-8")
    return path


def answer(*arguments: object) -> dict[str, Any]:
    result = datacard(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class TestFit:
    @pytest.mark.slow
    def test_json(self, card: Path) -> None:
        """The JSON has the POI with its interval, the nuisances, the status and the significance."""
        found = answer("fit", card)
        assert found["r"]["value"] == pytest.approx(1, abs=1e-3)
        assert found["r"]["down"] < 0 < found["r"]["up"]
        assert found["nuisances"]["bn"]["value"] == pytest.approx(0, abs=1e-3)
        assert found["status"] == "converged"
        assert found["significance"] > 1

    @pytest.mark.slow
    def test_table(self, card: Path) -> None:
        """Without --json the command prints one line for the POI and a table of nuisances."""
        lines = datacard("fit", card).stdout.splitlines()
        assert lines[0].startswith("r = 1 -0.")
        assert any("bn" in line for line in lines)

    @pytest.mark.slow
    def test_options(self, card: Path) -> None:
        """Parameters are frozen, set and bounded, and Asimov data taken, by options."""
        options = ["--asimov", "--expect-signal", "2", "--freeze", "bn", "--set", "bn=1", "--range", "r=0,9"]
        found = answer("fit", card, *options)
        assert found["r"]["value"] == pytest.approx(2, abs=1e-3)
        assert found["nuisances"]["bn"] == {"value": 1.0, "error": None}

    @pytest.mark.slow
    def test_missing_numbers_are_null(self, card: Path) -> None:
        """An end that is missing is null, and the problem is printed."""
        result = datacard("fit", card, "--range", "r=-1,0.5", "--json")
        assert json.loads(result.stdout)["r"]["up"] is None
        assert "Warning: r is at the end of its range" in result.stderr

    @pytest.mark.slow
    def test_poi_of_a_process(self, card: Path) -> None:
        """A POI is given to a process by --poi PROCESS=NAME."""
        assert answer("fit", card, "--poi", "bkg=k")["k"]["value"] == pytest.approx(1, abs=1e-3)

    @pytest.mark.slow
    def test_breakdown(self, card: Path) -> None:
        """The uncertainty is printed by groups, with the rest that the counts leave."""
        card.write_text(card.read_text(encoding="utf-8") + "rates group = bn\n", encoding="utf-8")
        assert list(answer("fit", card, "--breakdown")["breakdown"]["parts"]) == ["rates", "statistical"]
        assert "statistical" in datacard("fit", card, "--breakdown").stdout

    @pytest.mark.slow
    def test_yields_and_shapes(self, card: Path) -> None:
        """The yields are printed as a document of their own, and the templates are written."""
        result = datacard("fit", card, "--yields", "csv", "--shapes", card.with_suffix(".root"))
        lines = result.stdout.splitlines()
        assert lines[0] == "channel,process,stage,yield,error"
        assert lines[1].startswith("SR,sig,prefit,10.0,")
        assert card.with_suffix(".root").read_bytes().startswith(b"root")
        assert "TH1D in place of TGraphAsymmErrors" in result.stderr

    @pytest.mark.slow
    def test_minimizer(self, card: Path) -> None:
        """MIGRAD of iminuit finds the same minimum."""
        pytest.importorskip("iminuit")
        found = answer("fit", card, "--minimizer", "minuit")
        assert found["status"] == "converged"
        assert found["r"] == pytest.approx(answer("fit", card)["r"], rel=1e-3)


class TestCards:
    @pytest.mark.slow
    def test_folder(self, tmp_path: Path) -> None:
        """The cards of a folder are fitted together: twice the events halve the variance."""
        for name in ("SR", "CR"):
            (tmp_path / f"{name}.txt").write_text(CARD.format(bin=name), encoding="utf-8")
        alone = answer("fit", tmp_path / "SR.txt", "--freeze", "bn")["r"]["up"]
        both = answer("fit", tmp_path, "--freeze", "bn")["r"]["up"]
        assert both == pytest.approx(alone / 2**0.5, rel=0.05)

    def test_folder_without_cards(self, tmp_path: Path) -> None:
        """A folder without a card is told."""
        assert "has no card: expected files that end in .txt" in failed(datacard("limit", tmp_path))

    @pytest.fixture
    def constrained(self, tmp_path: Path) -> list[Path]:
        """Return two cards, of which the first constrains the scale of its background, and freezes a parameter."""
        paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
        lines = "SF rateParam SR bkg 1 [0,5]\nSF param 1 0.05\nq lnN - 1.5\nnuisance edit freeze q\n"
        for path, channel, more in zip(paths, ("SR", "CR"), (lines, ""), strict=True):
            path.write_text(CARD.format(bin=channel) + more, encoding="utf-8")
        return paths

    @pytest.mark.slow
    def test_shared_parameters(self, constrained: list[Path], tmp_path: Path) -> None:
        """Constraints and frozen parameters of a card stay when it is fitted with others, as in the joined card."""
        joined = tmp_path / "joined.out"
        labelled = [f".={path}" for path in constrained]
        assert datacard("combine", *labelled, "-o", joined).exit_code == 0
        together, one = answer("fit", *constrained), answer("fit", joined)
        assert together["r"] == pytest.approx(one["r"], rel=1e-4)
        assert together["nuisances"]["SF"] == pytest.approx(one["nuisances"]["SF"], rel=1e-3)
        assert together["nuisances"]["q"]["error"] is None

    @pytest.mark.slow
    def test_contradicting_parameters(self, constrained: list[Path]) -> None:
        """A parameter with two constraints is refused, and both are told."""
        second = constrained[1]
        second.write_text(second.read_text(encoding="utf-8") + "SF param 1 0.1\n", encoding="utf-8")
        message = failed(datacard("fit", *constrained))
        assert f"'SF param 1.0 0.05' in card '{constrained[0]}' is 'SF param 1.0 0.1' in card '{second}'" in message

    @pytest.mark.slow
    def test_contradicting_cards(self, card: Path) -> None:
        """Two cards with one channel are refused; a card that is given twice is one."""
        other = card.with_name("other.txt")
        other.write_bytes(card.read_bytes())
        assert "several channels are called 'SR'" in failed(datacard("fit", card, other))
        assert answer("fit", card, card.parent / "." / card.name)["r"] == answer("fit", card)["r"]

    @pytest.mark.slow
    def test_control_region(self, card: Path) -> None:
        """A control region without a signal is fitted with others, also in a folder with a log, and not alone."""
        text = CARD.format(bin="CR").replace("sig bkg", "qcd bkg").replace("process 0 1", "process 2 1")
        region = card.with_name("region.txt")
        region.write_text(text, encoding="utf-8")
        card.with_name("log.txt").write_text("done\n", encoding="utf-8")
        assert set(answer("fit", card.parent)["nuisances"]) == set(answer("fit", card)["nuisances"])
        assert "signal" in failed(datacard("fit", region))


@pytest.mark.slow
def test_wrong_options(card: Path) -> None:
    """A wrong option is one message."""
    for option, told in [
        (["--set", "bn"], "--set 'bn', expected NAME=VALUE"),
        (["--range", "r=1"], "--range 'r=1', expected NAME=LOW,HIGH"),
        (["--set", "bn=x"], "--set 'bn=x', expected NAME=VALUE"),
        (["--freeze", "bm"], "no parameter and no group 'bm' to freeze"),
        (["--mask", "XX"], "no channel 'XX' to mask"),
        (["--poi", "a", "--poi", "b"], "several POIs need their processes"),
    ]:
        assert told in failed(datacard("fit", card, *option))


@pytest.mark.slow
def test_limit(card: Path) -> None:
    """The limits are five expected ones and the observed one, which a blind run has not."""
    found = answer("limit", card)
    assert found["expected"] == sorted(found["expected"])
    assert found["observed"] > found["expected"][2]
    assert answer("limit", card, "--blind")["observed"] is None


@pytest.mark.slow
def test_significance(card: Path) -> None:
    """The expected significance is that of a signal of 1, and that of the data is shown only where the data are."""
    # 25 events over 15 ± 10 %, of the data and of the expectation alike.
    found = answer("limit", card, "--significance")["significance"]
    assert found["observed"] == pytest.approx(found["expected"], rel=1e-3)
    assert found["expected"] == pytest.approx(answer("fit", card)["significance"], rel=1e-3)
    assert list(answer("limit", card, "--significance", "--blind")["significance"]) == ["expected"]
    assert "expected significance" in datacard("limit", card, "--significance").stdout
    assert datacard("limit", card).stdout.startswith("observed r < ")


@pytest.mark.slow
def test_impacts(card: Path) -> None:
    """The JSON has the form of plotImpacts.py."""
    found = answer("impacts", card)
    assert found["POIs"][0]["name"] == "r"
    assert [parameter["name"] for parameter in found["params"]] == ["bn"]
    assert len(found["params"][0]["r"]) == 3
    assert "bn" in datacard("impacts", card).stdout


@pytest.mark.slow
def test_scan(card: Path) -> None:
    """A grid is given by its ends and its number of points."""
    found = answer("scan", card, "--grid", "r=0,2,5")
    assert [point["r"] for point in found["points"]] == [0, 0.5, 1, 1.5, 2]
    assert "2ΔNLL" in datacard("scan", card, "--grid", "r=0,2,3").stdout


@pytest.mark.slow
def test_gof(card: Path) -> None:
    """The goodness of fit has a p-value if toys are asked for."""
    assert answer("gof", card)["p_value"] is None
    assert 0 <= answer("gof", card, "--toys", "5", "--seed", "2")["p_value"] <= 1
    assert "from 5 toys" in datacard("gof", card, "--toys", "5").stdout


@pytest.mark.slow
def test_toys(card: Path, tmp_path: Path) -> None:
    """Toys are written to a file of arrays, equal for equal seeds."""
    files = [tmp_path / f"{name}.npz" for name in ("one", "two")]
    for path in files:
        assert datacard("toys", card, "--toys", "3", "--seed", "4", "--output", path).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    with np.load(files[0]) as found:
        assert sorted(found) == ["constraint/bn", "constraint/prop_binSR", "constraint/r", "events/SR"]
        assert found["events/SR"].shape == (3, 1)
        # The minimum of a counting card has the observed number of events.
        events, pull = found["events/SR"][1, 0], found["constraint/bn"][1]
    fitted = answer("fit", card, "--toy", files[0], 2)
    assert fitted["nuisances"]["bn"]["value"] == pytest.approx(pull, abs=1e-3)
    assert 10 * fitted["r"]["value"] + 15 * 1.1**pull == pytest.approx(events, rel=1e-3)
    assert "has 3 toys, and no toy 4" in failed(datacard("fit", card, "--toy", files[0], 4))
    both = failed(datacard("fit", card, "--asimov", "--toy", files[0], 1), status=2)
    assert "--asimov and --toy exclude each other" in both
    alone = failed(datacard("fit", card, "--expect-signal", 3), status=2)
    assert "--expect-signal is the signal of --asimov" in alone


@pytest.mark.slow
def test_jobs_and_scheduler(card: Path) -> None:
    """Processes and a cluster exclude each other."""
    result = datacard("impacts", card, "-j", "2", "--scheduler", "tcp://x:1")
    assert "--jobs and --scheduler exclude each other" in result.stderr
