"""The check of cards, held to collections of faulty cards with what Combine and ValidateDatacards say of each."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from datacard_core import DEFAULT_PLUGINS, Plugins, check, load_plugins
from datacard_core.checks.documents import OF_PAIRS, validation_document
from tests.support.cards import CARDS
from tests.support.paths import SHARED_DATA

pytestmark = pytest.mark.skipif(not CARDS.is_dir(), reason="needs ../shared/data/cards, cards with known faults")


def _cards(folder: str) -> dict[str, Any]:
    path = SHARED_DATA / "cards" / folder / "expected.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["cards"] if path.is_file() else {}
    return found


REFUSALS = _cards("refusals")


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins()


@pytest.mark.slow
def test_every_fault_is_found(plugins: Plugins) -> None:
    """Each card has the finding that is right for it, and a right card has neither error nor warning."""
    for name, expected in REFUSALS.items():
        mass = 125 if expected.get("options") == "-m 125" else None
        found = check(CARDS / "refusals" / name / expected["card"].split("/")[-1], plugins=plugins, mass=mass)
        codes = {(one.code, one.severity.name.lower()) for one in found}
        right = expected["right"]
        if right["severity"] == "nothing":
            assert {severity for _, severity in codes} <= {"notice"}, name
        else:
            assert (right["code"], {"info": "notice"}.get(right["severity"], right["severity"])) in codes, name


VALIDATE = _cards("validate")
# The templates are RooDataHists of a workspace, which needs ROOT: the factor of the shape is not known.
WITHOUT_TEMPLATES = {"37_roodatahist": {"largeNormEff": {"bnorm": {"SR": {"bkg": {"value_d": 0, "value_u": 1.2}}}}}}


def _as_approximate(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _as_approximate(value) for name, value in document.items()}
    return pytest.approx(document, rel=1e-6, abs=1e-6) if isinstance(document, float) else document


@pytest.mark.slow
def test_findings_of_the_tool(plugins: Plugins) -> None:
    """The findings of ValidateDatacards are those that it writes, just above and just below each limit."""
    others = [plugin for plugin in DEFAULT_PLUGINS if plugin != "checks"]
    for name, expected in VALIDATE.items():
        chosen = plugins
        if options := expected["options"]:
            assert options[0] == "--checkUncertOver", name
            chosen = load_plugins(*others, ("checks", {"largest_norm": float(options[1])}))
        found = check(CARDS / "validate" / name / "datacard.txt", plugins=chosen)
        document = WITHOUT_TEMPLATES.get(name, expected["json"]) or {}
        assert validation_document(found) == _as_approximate(document), name
        if name == "01_clean":
            assert found == (), name


PUBLIC = SHARED_DATA / "cards" / "validate" / "public_cards.json"
COPIES = Path(os.environ.get("PUBLIC_CARDS", "public-cards"))
"""Folder of copies of the repositories, each under its name without the owner."""


@pytest.mark.slow
@pytest.mark.skipif(not COPIES.is_dir(), reason="needs PUBLIC_CARDS, a folder of copies of public cards")
@pytest.mark.parametrize("entry", json.loads(PUBLIC.read_text(encoding="utf-8"))["cards"] if PUBLIC.is_file() else [])
def test_public_cards(entry: dict[str, Any], plugins: Plugins) -> None:
    """On large public cards, the names of all findings of ValidateDatacards are equal."""
    path = COPIES / entry["repo"].split("/")[-1] / entry["path"]
    found = check(path, plugins=plugins, mass=125)
    if any(one.code == "shape.parametric" for one in found):
        pytest.skip("the templates are objects of a workspace, which needs ROOT")
    names: dict[str, list[list[Any]]] = {}
    for one in found:
        if one.code in {"emptyProcessShape", "smallSignalProc"}:
            names.setdefault(one.code, []).append([one.channel, one.column])
        elif one.code == "emptyBkgBin":
            names.setdefault(one.code, []).extend([one.channel, number] for number in one.bins)
        elif one.code in OF_PAIRS:
            names.setdefault(one.code, []).append([one.systematic, one.channel, one.column])
    digests = {
        # The bins and processes of a channel stay in the order of the card.
        code: sorted(entries, key=(lambda entry: entry[0]) if code.startswith("empty") else None)
        for code, entries in names.items()
    }
    hashes = {
        code: hashlib.sha256(json.dumps(entries, separators=(",", ":")).encode()).hexdigest()
        for code, entries in digests.items()
    }
    expected = dict(entry["names_sha256"])
    if path.parent.name == "new_mll":
        # The tool also tells the 16 shapes of a process that the card drops by a rate of 0.
        del hashes["smallShapeEff1bin"], expected["smallShapeEff1bin"]
    assert hashes == expected
