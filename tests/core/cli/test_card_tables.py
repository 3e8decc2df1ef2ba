"""The command `datacard correlations`: forms of the table, findings and the exit status."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.cards import HEAD, SHAPES
from tests.support.commands import datacard, entries, failed

if TYPE_CHECKING:
    from pathlib import Path

LUMI = "lumi lnN 1.02 1.02 1.02 1.02 1.02\n"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Return a counting card with two channels, beside a file that is no card."""
    (tmp_path / "notes.txt").write_text("imaximum\n", encoding="utf-8")
    path = tmp_path / "card.txt"
    path.write_text(f"{HEAD}{LUMI}bnorm lnN - 1.1 - 0.9/1.2 -\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_table(card: Path) -> None:
    """A row has a parameter, its kind, the columns and a value for each channel."""
    result = datacard("correlations", card)
    assert result.exit_code == 0, result.output
    assert entries(result.stdout, "bnorm") == ["bnorm", "lnN", "top", "1.1", "0.9/1.2"]
    assert result.stderr == ""


@pytest.mark.slow
def test_directory(card: Path) -> None:
    """Of a directory, all cards are read, and files that are none are passed over."""
    card.with_name("other.txt").write_text(HEAD.replace("SR", "VR") + LUMI, encoding="utf-8")
    result = datacard("correlations", card.parent, "--format", "csv")
    lines = list(csv.DictReader(result.stdout.splitlines()))
    # CR stands in both cards, so that the names of the cards tell them apart.
    assert {line["channel"] for line in lines} == {"SR", "card:CR", "VR", "other:CR"}


@pytest.mark.slow
def test_json(card: Path) -> None:
    """The document is standard output alone."""
    document = json.loads(datacard("correlations", card, "--format", "json").stdout)
    assert len(document["cells"]) == 7


@pytest.mark.slow
def test_latex(card: Path) -> None:
    """LaTeX is printed as it is."""
    assert r"bnorm & lnN & top & 1.1 & 0.9/1.2 \\" in datacard("correlations", card, "--format", "latex").stdout


@pytest.mark.slow
def test_accidents(card: Path) -> None:
    """Findings are told on standard error, and with --check the exit status is 1."""
    other = card.with_name("other.txt")
    other.write_text(HEAD + LUMI.replace("lumi", "Lumi"), encoding="utf-8")
    assert datacard("correlations", card.parent).exit_code == 0
    result = datacard("correlations", card.parent, "--check")
    assert result.exit_code == 1
    assert "warning [similar-names] Lumi: 'lumi' differs from it in case alone" in result.stderr


@pytest.mark.slow
def test_card_without_templates(tmp_path: Path) -> None:
    """A card whose templates are missing has the values of its rows, and a line says so."""
    path = tmp_path / "card.txt"
    path.write_text(f"{SHAPES}jes shape 1 1 - - -\n", encoding="utf-8")
    result = datacard("correlations", path)
    assert result.exit_code == 0, result.output
    assert entries(result.stdout, "jes") == ["jes", "shape", "sig, top", "1"]
    assert "without templates, values of shapes are those of their rows" in result.stderr


@pytest.mark.slow
def test_unreadable_cards(card: Path) -> None:
    """Faults of all cards, and directories without a card, are told together."""
    card.with_name("other.txt").write_text(HEAD.replace("8.25", "8,25"), encoding="utf-8")
    (card.parent / "empty").mkdir()
    result = failed(datacard("correlations", card.parent, card.parent / "empty"))
    assert "other.txt:11:6: rate '8,25' is not a number" in result
    assert "empty has no card: expected files that end in .txt and have a line 'imax'" in result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "first", "expected"),
    [
        # 1.8 and 9 up, 1.76 and 8.2 down; 5.6 and 56 up, 5.5 and 28 down
        ("yields", "top", ["top", "90 ± 0 +9/-8", "280 ± 0 +60/-30"]),
        ("systematics", "bnorm", ["bnorm", "lnN", "-", "10.0 to 20.0", "-"]),
        ("years", "bnorm", ["bnorm", "lnN", "top"]),
        ("coverage", "bnorm", ["bnorm", "lnN", "-", "factor", "-"]),
        ("correlations", "bnorm", ["bnorm", "lnN", "top", "1.1", "0.9/1.2"]),
    ],
)
def test_kinds(card: Path, kind: str, first: str, expected: list[str]) -> None:
    """Each kind of table is made of a card that another program wrote."""
    result = datacard("table", kind, card)
    assert result.exit_code == 0, result.output
    assert entries(result.stdout, first) == expected


@pytest.mark.slow
def test_forms(card: Path) -> None:
    """Documents are standard output alone, with full numbers for programs and rounded ones for people."""
    lines = list(csv.DictReader(datacard("table", "yields", card, "--format", "csv").stdout.splitlines()))
    assert [line["yield"] for line in lines if line["process"] == "top"] == ["90.0", "280.0"]
    assert "| top " in datacard("table", "yields", card, "--format", "markdown").stdout
    assert failed(datacard("table", "yield", card), 2)


@pytest.mark.slow
def test_channels_of_one_name(card: Path) -> None:
    """Channels that several cards have are told apart by the names of the cards."""
    card.with_name("other.txt").write_text(HEAD.replace("SR", "VR") + LUMI, encoding="utf-8")
    document = json.loads(datacard("table", "yields", card.parent, "--format", "json").stdout)
    assert {cell["channel"] for cell in document["cells"]} == {"SR", "card:CR", "VR", "other:CR"}
