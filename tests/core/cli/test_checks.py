"""The commands `datacard check` and `datacard names`: what they show, and their exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.cards import HEAD
from tests.support.commands import datacard, entries, failed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Return a card with a common name, another one, and one of an analysis."""
    rows = [
        f"{name} lnN 1.02 1.02 1.02 1.02 1.02\n"
        for name in ("lumi_13p6TeV_2022", "pileup_weights", "CMS_HIG24001_fakes")
    ]
    path = tmp_path / "card.txt"
    path.write_text(f"{HEAD}{''.join(rows)}SF rateParam SR top 1\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_check(card: Path) -> None:
    """Names are listed with their class; those without one, or without a description, give the exit status 1."""
    result = datacard("names", card)
    assert result.exit_code == 1
    assert entries(result.stdout, "lumi_13p6TeV_2022")[1] == "luminosity"
    assert entries(result.stdout, "CMS_HIG24001_fakes")[1] == "custom"
    assert "warning [undescribed-name] CMS_HIG24001_fakes: it belongs to this analysis" in result.stderr
    assert "SF" not in result.output


@pytest.mark.slow
def test_convention_of_a_project(card: Path) -> None:
    """With the names described, the exit status is 0."""
    ours = card.with_name("ours.yaml")
    ours.write_text("CMS_HIG24001_fakes: custom, Our fakes\n", encoding="utf-8")
    result = datacard("names", card, "--conventions", ours)
    assert result.exit_code == 0, result.output
    assert entries(result.stdout, "CMS_HIG24001_fakes")[1:] == ["custom", "Our fakes"]


@pytest.mark.slow
def test_template(card: Path) -> None:
    """The template has the names that are to be described, and passes when a description stands there."""
    result = datacard("names", card, "--make-template", "--convention", "none")
    assert result.exit_code == 0
    ours = card.with_name("ours.yaml")
    ours.write_text(result.stdout.replace('""', "Described"), encoding="utf-8")
    assert "CMS_HIG24001_fakes:\n  class: custom\n  description: Described\n" in ours.read_text(encoding="utf-8")
    assert datacard("names", card, "--convention", "none", "--conventions", ours).exit_code == 0


def test_unreadable_convention(card: Path) -> None:
    """A convention that is not there is an error with its path."""
    assert "ours.yaml cannot be read" in failed(datacard("names", card, "--conventions", card.with_name("ours.yaml")))


@pytest.fixture
def checked(tmp_path: Path) -> Path:
    """Return a card without warnings, and with one large factor."""
    checked = tmp_path / "card.txt"
    checked.write_text(f"{HEAD}lumi lnN 1.02 1.02 1.02 1.02 1.02\nbnorm lnN - 1.3 - 1.4 -\n", encoding="utf-8")
    return checked


@pytest.mark.slow
def test_without_warnings(checked: Path) -> None:
    """Notices leave the exit status 0, unless they are asked for; of each kind there is one line, with the worst."""
    result = datacard("check", checked)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if "largeNormEff" in line]
    assert line.startswith("notice [largeNormEff] 2 times, such as")
    assert datacard("check", checked, "--fail-on", "notice").exit_code == 1


@pytest.mark.slow
def test_every_finding(checked: Path) -> None:
    """With --all, each finding has a line."""
    result = datacard("check", checked, "--all")
    assert result.stdout.count("[largeNormEff]") == 2


@pytest.mark.slow
def test_json(checked: Path) -> None:
    """The JSON has each finding with code, severity, channel, process and systematic."""
    checked.write_text(checked.read_text(encoding="utf-8").replace("1.02 1.02\n", "1.02 nan\n"), encoding="utf-8")
    result = datacard("check", checked, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)["findings"]
    (large, _) = [one for one in found if one["code"] == "largeNormEff"]
    assert {key: large[key] for key in ("severity", "channel", "process", "systematic")} == {
        "severity": "notice",
        "channel": "SR",
        "process": "top",
        "systematic": "bnorm",
    }
    assert ("value.not-finite", "error") in {(one["code"], one["severity"]) for one in found}


@pytest.mark.slow
def test_names(checked: Path) -> None:
    """With --names, names that no convention has are findings, which may be accepted; a convention may add names."""
    assert "unknown-name" not in datacard("check", checked).stdout
    result = datacard("check", checked, "--names", "--json")
    found = {(one["code"], one["systematic"]) for one in json.loads(result.stdout)["findings"]}
    assert {("unknown-name", "lumi"), ("unknown-name", "bnorm")} <= found
    assert result.exit_code == 1
    assert datacard("check", checked, "--names", "--accept", "unknown-name=old names").exit_code == 0
    ours = checked.with_name("ours.yaml")
    ours.write_text("lumi: luminosity, Luminosity\nbnorm: custom, Norm\n", encoding="utf-8")
    assert datacard("check", checked, "--conventions", ours).exit_code == 0


@pytest.mark.slow
def test_card_that_cannot_be_checked(checked: Path) -> None:
    """A file that cannot be read gives the status 2, and a message."""
    result = datacard("check", checked.with_name("missing.txt"))
    assert result.exit_code == 2
    assert "Error: the card" in result.stderr


@pytest.mark.slow
def test_limits_and_document_of_the_tool(checked: Path, tmp_path: Path) -> None:
    """A limit changes what is found, and the findings of ValidateDatacards are written as the tool writes them."""
    written = tmp_path / "validation.json"
    datacard("check", checked, "--validate-json", written, "--limit", "largest_norm=0.35")
    assert json.loads(written.read_text(encoding="utf-8")) == {
        "largeNormEff": {"bnorm": {"CR": {"top": {"value_d": 0.0, "value_u": 1.4}}}}
    }
    result = datacard("check", checked, "--limit", "largest_norms=0.35")
    assert result.exit_code == 2
    assert "has no option 'largest_norms' (did you mean 'largest_norm'?)" in result.stderr


@pytest.mark.slow
def test_accepted_findings_and_reports(checked: Path, tmp_path: Path) -> None:
    """Accepted findings leave the exit status 0 and are shown with their reason; reports are written."""
    sarif, junit = tmp_path / "found.sarif", tmp_path / "found.xml"
    arguments = ("check", checked, "--fail-on", "notice", "--accept", "process.bin-no-signal=a control region")
    assert datacard(*arguments).exit_code == 1
    result = datacard(*arguments, "--accept", "largeNormEff=known", "--sarif", sarif, "--junit", junit)
    assert result.exit_code == 0, result.output
    assert "(accepted: known)" in result.stdout
    assert json.loads(sarif.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert junit.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
def test_further_plugin(checked: Path) -> None:
    """A plugin that is named runs its checks too, and one that is not installed is an error."""
    # Of 100 events in each channel, a factor of 1.3 is known better than by half.
    result = datacard("check", checked, "--plugin", "fit", "--json")
    assert "prefit.constrained" in {one["code"] for one in json.loads(result.stdout)["findings"]}
    assert "prefit.constrained" not in datacard("check", checked, "--json").stdout
    result = datacard("check", checked, "--plugin", "fits")
    assert result.exit_code == 2
    assert "'fit'" in result.stderr
