"""The declared treatment of content outside the bins."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import Analysis, Category, DeclarationError, Systematics
from datacard_core.declare.flow import flow_problem
from tests.support.outputs import PLUGINS, problems, signal_and_ttbar, two_processes


def test_known_treatments() -> None:
    """The three treatments are no problem."""
    assert [flow_problem(flow) for flow in ("drop", "fold", "error")] == [""] * 3


def test_unknown_treatment() -> None:
    """An unknown treatment is an error with the closest match."""
    (problem,) = problems(signal_and_ttbar(nominal=[10, 20, 30]), flow="folded")
    assert problem == "flow is 'folded', expected 'drop', 'fold', 'error' (did you mean 'fold'?)"


def test_unknown_treatment_of_a_category() -> None:
    """An unknown treatment of a category is told with the category, before the output is read."""
    flow: Any = None
    analysis = Analysis(
        years=["2022"],
        mc_processes=two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m", flow=flow)},
        plugins=PLUGINS,
    )
    with pytest.raises(DeclarationError, match=r"category 'SR': flow is None"):
        analysis.build("missing.coffea")
