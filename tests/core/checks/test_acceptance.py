"""Findings that are accepted: by code and names, from files, and entries that take nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Acceptance, DeclarationError, InputError, notice, read_acceptances, warning
from datacard_core.checks.acceptance import acceptances, accepted

if TYPE_CHECKING:
    from pathlib import Path

FOUND = [
    warning("large", "", channel="SR", column="ttbb_2022", systematic="xsec"),
    warning("large", "", channel="SR", column="top", systematic="xsec"),
    notice("small", "", channel="CR"),
]


@pytest.mark.parametrize(
    ("entry", "reasons"),
    [
        ({"code": "large"}, ["why", "why", ""]),
        ({"code": "large", "process": "ttbb*"}, ["why", "", ""]),
        ({"code": "*", "channel": "SR", "systematic": "xsec"}, ["why", "why", ""]),
    ],
    ids=["code", "process", "any-code"],
)
def test_patterns(entry: dict[str, str], reasons: list[str]) -> None:
    """A finding has the reason of the first entry whose code and names all match."""
    found = list(accepted(FOUND, acceptances([{"reason": "why", **entry}, {"code": "large", "reason": "why"}])[:1]))
    assert [one.accepted for one in found] == reasons


def test_entry_that_takes_nothing() -> None:
    """An entry that no finding matches is a warning with its code."""
    *_, told = accepted(FOUND, [Acceptance(code="smal", reason="tiny")])
    assert (told.code, "'smal'" in told.message) == ("unused-acceptance", True)


def test_reasons_by_code() -> None:
    """Reasons by code are entries for all names."""
    assert acceptances({"large": "known"}) == (Acceptance(code="large", reason="known"),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"code": "large"}], "reason of 'large' is ''"),
        ([{"code": "large", "reason": "why", "proces": "top"}], "'proces' is no field .did you mean 'process'"),
        ([3], "an entry of accept is 3"),
        ("large", "accept is 'large'"),
        ({"large": " "}, "reason of 'large'"),
    ],
    ids=["no-reason", "field", "number", "text", "blank"],
)
def test_entries_that_cannot_be_used(given: Any, message: str) -> None:
    """An entry without a reason, of an unknown field or of another type is refused."""
    with pytest.raises(DeclarationError, match=message):
        acceptances(given)


def test_file(tmp_path: Path) -> None:
    """A TOML file has entries; another section and a text that is no TOML are refused."""
    path = tmp_path / "accepted.toml"
    path.write_text('[[accept]]\ncode = "large"\nprocess = "ttbb*"\nreason = "cross section"\n', encoding="utf-8")
    assert read_acceptances(path) == (Acceptance(code="large", process="ttbb*", reason="cross section"),)
    path.write_text('[[accepted]]\ncode = "large"\n', encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"'accepted' is none of its sections"):
        read_acceptances(path)
    path.write_text("code: large", encoding="utf-8")
    with pytest.raises(InputError, match=r"accepted\.toml cannot be read"):
        read_acceptances(path)
