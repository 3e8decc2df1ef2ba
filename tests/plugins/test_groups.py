"""The kind `group`: members, and those of them that are in the card."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import SystematicUncertainty, load_plugins
from datacard_core.testing import small_card
from tests.support.cases import case
from tests.support.outputs import card, rows, signal_and_ttbar, two_processes

YEARS = ["2022", "2023"]
PLUGINS = load_plugins()


def problems(name: str = "theory", **options: Any) -> list[str]:
    return list(PLUGINS.kinds["group"].value.problems(SystematicUncertainty(name, "group", options=options)))


def test_wrong_members() -> None:
    """Members are names of parameters, and the group has a name of its own."""
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("theory", {}, "members None: expected a list with the names of parameters"),
        ("theory", {"members": "xsec"}, "members 'xsec': expected a list"),
        ("theory", {"members": []}, "members (): expected a list"),
        ("theory", {"members": ["a b"]}, "member 'a b' is not a name that Combine accepts"),
        ("theory", {"members": ["a", "a"]}, "members lists 'a' twice"),
        ("theory", {"members": ["theory"]}, "members lists the group itself"),
        ("autoMCStats", {"members": ["a"]}, "Combine puts the parameters of the statistical uncertainty there"),
    ]
    for name, options, message in cases:
        with case(name, options, message):
            (problem,) = problems(name, **options)
            assert message in problem


@pytest.mark.slow
def test_members_of_both_declarations() -> None:
    """A group that is declared and named by systematics has one line with the members of both."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02, groups="all")
    xsec = SystematicUncertainty("xsec", "lnN", ["vjets"], YEARS, 1.05)
    declared = SystematicUncertainty("all", "group", options={"members": ["xsec"]})
    text = small_card(lumi, xsec, declared).content()
    assert text.count("all group =") == 1
    assert rows(text)["all"] == ["all", "group", "=", "xsec", "lumi"]


def test_group_of_a_free_parameter() -> None:
    """The parameter that has_rateParam declares may be a member."""
    processes = two_processes(["2022"], has_rateParam=True)
    group = SystematicUncertainty("free", "group", options={"members": ["SF_ttbar"]})
    made = card(signal_and_ttbar(nominal=[1, 2, 3]), group, mc_processes=processes)
    assert rows(made.content())["free"] == ["free", "group", "=", "SF_ttbar"]


@pytest.mark.slow
def test_members_that_survive() -> None:
    """The line has the members whose rows are in the card, once and in the order of the declarations."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02, groups=["experiment"])
    gone = SystematicUncertainty("trigger", "lnN", ["ghost"], YEARS, 1.02, groups=["experiment", "all"])
    made = small_card(lumi, gone)
    assert rows(made.content())["experiment"] == ["experiment", "group", "=", "lumi"]
    assert "all" not in rows(made.content())
    assert made.model.groups == {"experiment": ("lumi",)}
