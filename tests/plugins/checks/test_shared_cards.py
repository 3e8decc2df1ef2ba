"""The check of cards, held to collections of faulty cards with what Combine and ValidateDatacards say of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datacard_core import Plugins, check, load_plugins
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
@pytest.mark.parametrize("name", REFUSALS)
def test_every_fault_is_found(name: str, plugins: Plugins) -> None:
    """Each card has the finding that is right for it, and a right card has neither error nor warning."""
    expected = REFUSALS[name]
    mass = 125 if expected.get("options") == "-m 125" else None
    found = check(CARDS / "refusals" / name / expected["card"].split("/")[-1], plugins=plugins, mass=mass)
    codes = {(one.code, one.severity.name.lower()) for one in found}
    right = expected["right"]
    if right["severity"] == "nothing":
        assert {severity for _, severity in codes} <= {"notice"}
    else:
        assert (right["code"], {"info": "notice"}.get(right["severity"], right["severity"])) in codes
