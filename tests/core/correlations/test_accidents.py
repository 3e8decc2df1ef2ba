"""Correlations that look like accidents are told, and families of names are not."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Cell
from datacard_core.correlations.accidents import accidents


def cell(nuisance: str, channel: str = "SR", process: str = "ttbar", **changes: Any) -> Cell:
    return Cell(nuisance=nuisance, channel=channel, process=process, **{"keyword": "lnN", "value": "1.1", **changes})


def told(*cells: Cell) -> list[tuple[str, str, str]]:
    return [(one.code, one.severity.name.lower(), one.systematic or one.column) for one in accidents(cells)]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("JES_Total", "jes_total"),
        ("CMS_res_j", "CMS_Res_j"),
    ],
)
def test_names_that_differ_in_case(first: str, other: str) -> None:
    """Names that differ in case alone are a warning, also where a column has both."""
    assert told(cell(first), cell(other)) == [("similar-names", "warning", other)]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("pileup", "pilup"),
        ("pileup", "pielup"),
        ("pileup_2022", "pileop_2022"),
        ("lumi_13TeV", "lumi13TeV"),
        ("CMS_btag_heavy", "CMS_btag_haevy"),
    ],
)
def test_names_that_differ_in_a_letter(first: str, other: str) -> None:
    """A letter more, less, swapped or other is a notice, unless a column has both names."""
    assert told(cell(first, "SR"), cell(other, "CR")) == [("similar-names", "notice", other)]
    assert told(cell(first, "SR"), cell(other, "SR")) == []


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("pileup_2022", "pileup_2023"),
        ("CMS_scale_e", "CMS_scale_m"),
        ("btag_lf", "btag_hf"),
        ("pdf_1", "pdf_10"),
        ("pileup", "lumi"),
        ("QCDscale_V", "QCDscale_VV"),
        ("ZJets_norm", "WJets_norm"),
        ("MonoW_stat", "MonoJ_stat"),
        ("tZPDFChoice", "tWZPDFChoice"),
    ],
)
def test_families_of_names(first: str, other: str) -> None:
    """Years, numbers and the short words that tell a family apart are no slips."""
    assert told(cell(first, "SR"), cell(other, "CR")) == []


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([cell("jes"), cell("jes", "CR", keyword="shape", value="0.9/1.1")], "mixed-kinds"),
        ([cell("jes"), cell("jes", "CR", keyword="lnU")], "other-constraint"),
        ([cell("stat", keyword="gmN 7"), cell("stat", "CR", keyword="gmN 8")], "other-constraint"),
        (
            [cell("SF", keyword="rateParam", value="1 [0,5]"), cell("SF", "CR", keyword="rateParam", value="1 [0,9]")],
            "other-constraint",
        ),
        ([cell("SF"), cell("SF", "CR", keyword="rateParam", value="1")], "other-constraint"),
    ],
    ids=["shape and lnN", "lnN and lnU", "events of gmN", "range", "lnN and rateParam"],
)
def test_one_name_for_different_effects(cells: list[Cell], code: str) -> None:
    """Another kind, number of events, start or range in another channel is a warning."""
    assert told(*cells) == [(code, "warning", cells[0].nuisance)]


def test_formulas_by_channel() -> None:
    """A parameter that is one function in one channel and another in the next is meant."""
    cells = [cell("f", name, keyword="rateParam", value=f"@0*{name} of a") for name in ("SR", "CR")]
    assert told(*cells) == []


def test_signal_and_background() -> None:
    """A process that is a signal in one channel and a background in another is a warning with the channels."""
    cells = [cell("lumi", "SR", "ttH", is_signal=True), cell("lumi", "CR", "ttH"), cell("lumi", "CR", "ttbar")]
    (finding,) = accidents(cells)
    assert (finding.code, finding.column) == ("signal-and-background", "ttH")
    assert finding.message.startswith("it is a signal in SR and a background in CR")


def test_same_names() -> None:
    """A nuisance of one kind in several channels gives no finding."""
    assert told(cell("lumi"), cell("lumi", "CR"), cell("lumi", "CR", "vjets")) == []
