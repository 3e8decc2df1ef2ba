"""Likelihoods of small cards, and of the shared cards with numbers of Combine."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from datacard_fit import Likelihood

from datacard_core import read_card
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

LIKELIHOOD = SHARED_DATA / "likelihood"

# Combine's mode 0 of autoMCStats loses Up and Down, and 62 has functions of a workspace.
REFERENCES = sorted(path.name for path in LIKELIHOOD.glob("[0-9]*") if path.name[:2] not in ("59", "62"))
"""Names of the cards that have a likelihood of templates."""


def of_text(text: str, folder: Path, **options: Any) -> Likelihood:
    """Return the likelihood of a card with this text, whose templates are in a folder."""
    (folder / "card.txt").write_text(text, encoding="utf-8")
    return Likelihood(read_card(folder / "card.txt").model(), **options)


@cache
def reference(name: str) -> dict[str, Any]:
    """Return the numbers of Combine for a shared card."""
    numbers: dict[str, Any] = json.loads((LIKELIHOOD / name / "reference.json").read_text(encoding="utf-8"))
    return numbers


@cache
def of_reference(name: str) -> Likelihood:
    """Return the likelihood of a shared card."""
    poi = {"ggH": "r_ggH", "qqH": "r_qqH"} if name == "52_multisignal" else "r"
    masked = [mask.removeprefix("mask_") for mask, value in reference(name)["model"]["masks"].items() if value]
    return Likelihood(read_card(LIKELIHOOD / name / "card.txt").model(), poi=poi, masked=masked)
