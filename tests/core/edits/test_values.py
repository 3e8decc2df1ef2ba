"""Edits of cards as values: what they accept, and the names that they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Add, AddProcess, DeclarationError, Drop, Rename

KNOWN = ("tt", "tt_b", "st_b")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"tt": "top"}, {"tt": "top"}),
        ({"*_b": "bottom_*"}, {"tt_b": "bottom_tt", "st_b": "bottom_st"}),
        ({"tt": "tt_b", "tt_b": "tt"}, {"tt": "tt_b", "tt_b": "tt"}),
        ({"tt": "tt"}, {}),
    ],
)
def test_new_names(names: dict[str, str], found: dict[str, str]) -> None:
    """A star stands for the same text in both names, and names may be exchanged."""
    assert Rename("process", names).resolved(KNOWN) == (found, [])


def test_unknown_names() -> None:
    """Unknown names, unequal numbers of stars and two names for one are problems, with the closest match."""
    assert "did you mean 'tt_b'" in Rename("process", {"tt_bb": "x"}).resolved(KNOWN)[1][0]
    assert "not as many *" in Rename("process", {"t*": "x"}).resolved(KNOWN)[1][0]
    assert "'a_b' and 'x'" in Rename("process", {"tt*": "a*", "tt_b": "x"}).resolved(KNOWN)[1][0]
    assert Drop("process", ["s*", "tt"]).resolved(KNOWN) == ({"st_b": None, "tt": None}, [])
    assert "no process 'z*'" in Drop("process", "z*").resolved(KNOWN)[1][0]


@pytest.mark.parametrize(
    ("edit", "arguments", "message"),
    [
        (Rename, ("proces", {"a": "b"}), "did you mean 'process'"),
        (Rename, ("process", {}), "no names"),
        (Rename, ("process", {"a": 1}), r"1 \(int\)"),
        (Drop, ("process", "a b"), "without blanks"),
        (Add, ("a\nb",), "one line"),
        (AddProcess, ("SR", "x", 1.5, 2), "whole number"),
        (AddProcess, ("SR", "x", 1, -2), "number of events"),
    ],
)
def test_wrong_edits(edit: Any, arguments: tuple[Any, ...], message: str) -> None:
    """A wrong value is refused where the edit is made."""
    with pytest.raises(DeclarationError, match=message):
        edit(*arguments)
