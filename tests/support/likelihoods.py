"""Likelihoods of small cards, and of the shared cards with numbers of Combine."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from datacard_fit import Likelihood, fit, impacts, limit

from datacard_core import load_plugins, read_card
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_fit import FitResult, Impacts, Limit

LIKELIHOOD = SHARED_DATA / "likelihood"

# Combine's mode 0 of autoMCStats loses Up and Down, and 62 has functions of a workspace.
REFERENCES = sorted(path.name for path in LIKELIHOOD.glob("[0-9]*") if path.name[:2] not in ("59", "62"))
"""Names of the cards that have a likelihood of templates."""

_plugins = cache(load_plugins)


def of_text(text: str, folder: Path, **options: Any) -> Likelihood:
    """Return the likelihood of a card with this text, whose templates are in a folder."""
    (folder / "card.txt").write_text(text, encoding="utf-8")
    return Likelihood(read_card(folder / "card.txt", plugins=_plugins()).model(), **options)


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
    return Likelihood(read_card(LIKELIHOOD / name / "card.txt", plugins=_plugins()).model(), poi=poi, masked=masked)


def ranges_of(name: str) -> dict[str, tuple[float, float]]:
    """Return the ranges of the POIs in Combine's fits of a shared card."""
    return dict.fromkeys(of_reference(name).pois, (-20.0, 20.0))


@cache
def best_fit(name: str) -> FitResult:
    """Return the fit of a shared card."""
    return fit(of_reference(name), ranges=ranges_of(name))


@cache
def limit_of(name: str, *, blind: bool) -> Limit:
    """Return the limits of a shared card."""
    return limit(of_reference(name), blind=blind)


@cache
def impacts_of(name: str) -> Impacts:
    """Return the impacts of a shared card."""
    return impacts(of_reference(name), ranges=ranges_of(name))
