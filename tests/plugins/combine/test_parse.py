"""Content of cards, held to what Combine's own parser takes from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.canonical import canonical, digest
from tests.support.cards import CARDS, card, folders

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not CARDS.is_dir(), reason="needs ../shared/data/cards, cards with Combine's parse")


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


REFUSALS = _json(CARDS / "refusals" / "expected.json")["cards"] if CARDS.is_dir() else {}


def test_content_is_that_of_combine() -> None:
    """All of Combine's parse is equal, with edits carried out and with edits kept, and the text is unchanged."""
    for folder in folders("parse"):
        expected = _json(folder / "reference.json")
        content = (folder / expected["card"]).read_bytes()
        read = card(content, lenient=True)
        assert canonical(read.content) == expected["parse"], folder
        assert digest(canonical(read.content)) == expected["sha256"], folder
        if "parse_edits_kept" in expected:
            assert canonical(read.content_for_joining(), edits_kept=True) == expected["parse_edits_kept"], folder
        assert read.text.encode() == content, folder


def test_lenient_takes_what_combine_takes() -> None:
    """A card that Combine's parser takes has its content, and one that it refuses has an error, read leniently."""
    for name, expected in REFUSALS.items():
        content = (CARDS / "refusals" / name / expected["card"].split("/")[-1]).read_bytes()
        read = card(content, lenient=True)
        assert read.text.encode("utf-8", "surrogateescape") == content, name
        # The cell 0.9/1.0/1.1 has three numbers, at which Combine stops when it makes the model.
        if name == "048_lnN_asym_three":
            continue
        is_refused = any(finding.severity.name == "ERROR" for finding in read.findings)
        assert is_refused == (expected["parse"]["outcome"] != "accepted"), name
        # Combine has no table of an empty card.
        if not is_refused and name != "091_empty_file":
            assert digest(canonical(read.content)) == expected["parse"]["sha256"], name


OF_TEMPLATES = ("shape.", "mcstats.no-sumw2", "file.")
"""Beginnings of codes of faults that only the files beside a card show."""


def test_strict_tells_what_is_meant_otherwise() -> None:
    """Each card has the proposed finding in its severity, and a right card has neither error nor warning."""
    for name, expected in REFUSALS.items():
        right = expected["right"]
        if right["code"].startswith(OF_TEMPLATES):
            continue
        read = card((CARDS / "refusals" / name / expected["card"].split("/")[-1]).read_bytes())
        found = {(finding.code, finding.severity.name.lower()) for finding in read.findings}
        if right["severity"] == "nothing":
            assert {severity for _, severity in found} <= {"notice"}, name
        else:
            assert (right["code"], {"info": "notice"}.get(right["severity"], right["severity"])) in found, name
