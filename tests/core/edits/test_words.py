"""Edits as words of a command line and of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import Add, AddProcess, DeclarationError, Drop, Rename
from datacard_core.edits.words import edit_of, edits_in

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import CardEdit


@pytest.mark.parametrize(
    ("words", "edit"),
    [
        ("rename process tt=top,st*=single*", Rename("process", {"tt": "top", "st*": "single*"})),
        ("drop nuisance a,b*", Drop("nuisance", ("a", "b*"))),
        ("drop process qcd@CR*", Drop("process", "qcd", channel="CR*")),
        ("drop nuisance lumi@SR/qcd", Drop("nuisance", "lumi", channel="SR", process="qcd")),
        ("add lumi lnN tt=1.02", Add("lumi lnN tt=1.02")),
        ("add-process SR qcd 3 -1", AddProcess("SR", "qcd", 3, -1)),
    ],
)
def test_edit(words: str, edit: CardEdit) -> None:
    """Each form of an edit is read."""
    name, *others = words.split()
    assert edit_of(name, others) == edit


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("renam process a=b", "did you mean 'rename'"),
        ("rename process", "expected rename WHAT OLD=NEW"),
        ("rename process a", "'a' is not OLD=NEW"),
        ("rename proces a=b", "did you mean 'process'"),
        ("add-process SR qcd x 1", "expected a whole number"),
    ],
)
def test_wrong_edit(words: str, message: str) -> None:
    """Words that make no edit are told with those that were expected."""
    name, *others = words.split()
    with pytest.raises(DeclarationError, match=message):
        edit_of(name, others)


def test_file(tmp_path: Path) -> None:
    """A file has an edit in a line, with comments and quotes; its mistakes are told together, with their lines."""
    path = tmp_path / "edits.txt"
    path.write_text("# names\nrename process tt=top  # as the others\n\nadd 'x lnN *=1.1'\n")
    assert edits_in(path) == [Rename("process", {"tt": "top"}), Add("x lnN *=1.1")]
    path.write_text("drop\nrename process tt=top\nadd 'x\n")
    with pytest.raises(DeclarationError) as raised:
        edits_in(path)
    assert "edits.txt:1: drop has 0 words" in str(raised.value)
    assert "edits.txt:3: No closing quotation" in str(raised.value)
