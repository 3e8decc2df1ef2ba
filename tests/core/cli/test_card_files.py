"""Files of cards that a command is given."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from datacard_core.cli.card_files import read_all
from tests.support.cards import HEAD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_directory(tmp_path: Path) -> None:
    """Cards of a directory are read in the order of their names, zipped ones too; a file given twice is read once."""
    (tmp_path / "b.txt").write_text(HEAD, encoding="utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(HEAD.encode()))
    (tmp_path / "readme.txt").write_text("notes", encoding="utf-8")
    (tmp_path / "c.log").write_text(HEAD, encoding="utf-8")
    cards = read_all([tmp_path, tmp_path / "b.txt"])
    assert [card.path.name for card in cards] == ["a.txt.gz", "b.txt"]


def test_control_region(tmp_path: Path) -> None:
    """A card without a signal is read, because others complete it, and its effects are there."""
    path = tmp_path / "a.txt"
    text = HEAD.replace("process 0 1 2 1 2", "process 3 1 2 1 2")
    path.write_text(f"{text}lumi lnN 1.02 1.02 1.02 1.02 1.02\n", encoding="utf-8")
    (card,) = read_all([path])
    assert len(list(card.cells())) == 5


@pytest.mark.slow
def test_lenient_reading(tmp_path: Path) -> None:
    """A card that Combine takes is read, also with lines that strict reading refuses."""
    path = tmp_path / "a.txt"
    path.write_text(f"{HEAD}lumi lnN 1.02 1.02 1.02 1.02 1.02 1.02\n", encoding="utf-8")
    assert len(read_all([path])) == 1
