"""The command `datacard edit`: order of edits, several cards, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cards import HEAD
from tests.support.commands import datacard, failed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CARD = HEAD + "lumi lnN 1.1 1.1 1.1 1.1 1.1\n"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.txt"
    path.write_text(CARD)
    return path


def test_order(card: Path) -> None:
    """Edits are carried out in the order of the command line, whatever their options."""
    edits = [
        "--add",
        "a lnN top=1.2",
        "--rename",
        "process",
        "top=tt",
        "--add",
        "b lnN tt=1.3",
        "--drop",
        "nuisance",
        "lumi",
    ]
    result = datacard("edit", card, *edits, "-o", card.parent / "new")
    assert result.exit_code == 0, result.output
    new = card.parent / "new" / "card.txt"
    assert result.stdout.splitlines() == [str(new)]
    assert [line.split()[0] for line in new.read_text().splitlines()[-2:]] == ["a", "b"]
    assert card.read_text() == CARD


def test_several_cards(card: Path) -> None:
    """A name that one card alone has is left out in the others, and one that none of them has is refused."""
    other = card.with_name("other.txt")
    other.write_text(CARD.replace("wj", "zj"))
    result = datacard("edit", card.parent, "--rename", "process", "wj=w,zj=z", "-o", card.parent / "new")
    assert result.exit_code == 0, result.output
    assert "sig top z top z" in (card.parent / "new" / "other.txt").read_text()
    message = failed(datacard("edit", card, other, "--drop", "process", "zjj", "-o", card.parent / "new"))
    assert "card.txt: no process 'zjj'" in message
    assert "did you mean 'zj'" in message


def test_edits_of_a_file(card: Path) -> None:
    """Edits of a file stand in the order of the command line too, and replace the card only if asked."""
    edits = card.with_name("edits")
    edits.write_text("rename nuisance lumi=lumi_2022\ndrop process wj@CR\n")
    assert "Expected either" in failed(datacard("edit", card, "--edits", edits), status=2)
    assert "would be replaced" in failed(datacard("edit", card, "--edits", edits, "-o", card.parent))
    assert datacard("edit", card, "--edits", edits, "--rename", "process", "wj=w", "--in-place").exit_code == 0
    assert "process sig top w top\n" in card.read_text()
    assert "lumi_2022 lnN 1.1 1.1 1.1 1.1\n" in card.read_text()


def test_nothing_to_do(card: Path) -> None:
    """A command without an edit, and two cards of one name, are refused."""
    assert "No edit is given" in failed(datacard("edit", card, "-o", card.parent / "new"), status=2)
    other = card.parent / "b" / "card.txt"
    other.parent.mkdir()
    other.write_text(CARD)
    edit = ["--drop", "nuisance", "lumi"]
    assert "have one name" in failed(datacard("edit", card, other, *edit, "-o", card.parent / "new"), status=2)
