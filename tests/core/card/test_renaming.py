"""Cards that are written with other names than those of their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import Analysis, Cards, Datacard, Systematics, SystematicUncertainty, read_card
from tests.support import analyses, outputs
from tests.support.declarations import refused

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"lumi": "lumi_13p6TeV_2022", "ttbar": "TT", "SF_ttbar": "CMS_SF_tt", "JES": "CMS_scale_j", "unused": "x"}


@pytest.fixture(scope="module")
def made() -> Cards:
    """Return the cards of an analysis that has a map of names."""
    lumi = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], analyses.YEARS, 1.02, groups=["experiment"])
    jes = outputs.shape("JES", ["signal", "ttbar"], analyses.YEARS, groups=["experiment"])
    declared = analyses.declarations(names=NAMES, systematics=Systematics([lumi, jes]))
    return Analysis(**declared).build(analyses.output(), verbose=False)


@pytest.mark.slow
def test_cards_of_an_analysis(made: Cards, tmp_path: Path) -> None:
    """All files have the names of the map, groups too, and the card tells the map."""
    made.dump(tmp_path)
    card = read_card(tmp_path / "datacard_SR_run3.txt")
    model = card.model()
    (channel,) = model.channels
    assert [nuisance.name for nuisance in channel.nuisances] == ["lumi_13p6TeV_2022", "CMS_scale_j"]
    assert [column.name for column in channel.columns][2:] == ["TT_2022", "TT_2023"]
    assert model.groups == {"experiment": ("CMS_scale_j", "lumi_13p6TeV_2022")}
    assert "# 'ttbar' of the analysis is 'TT'" in card.text.splitlines()
    assert "unused" not in card.text


def test_built_cards_keep_their_names(made: Cards) -> None:
    """The map is for what is written: cards in the script have the names of the declarations."""
    assert list(made["SR"].process_id)[2:] == ["ttbar_2022", "ttbar_2023"]
    assert list(made.renamed(NAMES)["SR"].process_id)[2:] == ["TT_2022", "TT_2023"]


@pytest.mark.slow
def test_map_of_a_dump(made: Cards, tmp_path: Path) -> None:
    """A map that is given to dump takes the place of that of the analysis."""
    made.dump(tmp_path, names={"lumi": "L"}, jobs=2)
    text = (tmp_path / "datacard_CR_run3.txt").read_text(encoding="utf-8")
    assert "L" in outputs.rows(text)
    assert "JES" in outputs.rows(text)


@pytest.mark.slow
def test_single_card(tmp_path: Path) -> None:
    """One card takes a map too, also after it was looked into."""
    card = outputs.card(outputs.two_years())
    assert outputs.template(card, "ttbar_2022") == [10, 20]
    card.dump(tmp_path, names={"ttbar": "TT"})
    assert "TT_2022" in (tmp_path / "datacard.txt").read_text(encoding="utf-8")
    assert outputs.template(card.renamed({"ttbar": "TT"}), "TT_2022") == [10, 20]


def test_misspelt_name(made: Cards, tmp_path: Path) -> None:
    """A misspelt name is an error before a file is written."""
    (problem,) = refused(lambda: made.dump(tmp_path, names={"lmui": "x"}))
    assert problem == "names: no process and no parameter is called 'lmui' (did you mean 'lumi'?)"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_lines_of_a_subclass() -> None:
    """A subclass that writes lines itself is refused, because the old names would stay in them."""

    class Mine(Datacard):
        def rate_parameters_section(self) -> str:
            return ""

    output = outputs.two_years()
    years = ["2022", "2023"]
    arguments = (
        output.histograms,
        output.metadata,
        output.cutflow,
        years,
        outputs.two_processes(years),
        Systematics([]),
    )
    card = Mine(*arguments, "SR", verbose=False, plugins=outputs.PLUGINS)
    (problem,) = refused(lambda: card.renamed({"ttbar": "TT"}))
    assert problem.startswith("names: class 'Mine' writes rate_parameters_section itself")
