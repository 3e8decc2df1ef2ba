"""The part of a loaded output that one card needs."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Systematics
from datacard_core.build.declared import DeclaredCard
from datacard_core.build.loaded import collect_card
from datacard_core.build.plans import plan_card
from tests.support import outputs
from tests.support.internals import histogram_set


def norms(categories: Any, **changes: Any) -> list[str]:
    """Return the categories that totals are summed over, from an output with SR and CR."""
    output = outputs.Output()
    for sample in ("Signal", "TTbar"):
        output.add(sample, "2022", outputs.simulated({name: {"nominal": [1, 2, 3]} for name in ("SR", "CR")}))
    declared = DeclaredCard(
        years=("2022",),
        mc_processes=outputs.two_processes(has_rateParam=True),
        systematics=Systematics(),
        category="SR",
        plugins=outputs.PLUGINS,
        **{"shape_only_for_rateparam": True, **changes},
    )
    layout, _ = plan_card(declared)
    return sorted(collect_card(declared, {"SR": layout}, histogram_set(output), categories).norms["SR"])


@pytest.mark.parametrize(("categories", "expected"), [(None, ["CR", "SR"]), (["CR"], ["CR"]), ("CR", ["CR"])])
def test_categories_of_totals(categories: Any, expected: list[str]) -> None:
    """Totals are summed over the given categories, all of the histograms' if none are given."""
    assert norms(categories) == expected


def test_cards_without_totals() -> None:
    """No totals are summed for a card whose shapes keep their normalisation."""
    assert norms(["CR"], shape_only_for_rateparam=False) == []
