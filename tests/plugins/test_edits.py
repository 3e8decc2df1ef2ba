"""The kind `edit`: the words of each verb, and their mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import SystematicUncertainty, load_plugins
from datacard_core.testing import small_card
from tests.support.cases import case

PLUGINS = load_plugins()


def problems(**options: Any) -> list[str]:
    return list(PLUGINS.kinds["edit"].value.problems(SystematicUncertainty("e", "edit", options=options)))


def test_wrong_words() -> None:
    """Each word that is missing, superfluous or wrong is one problem."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "verb None: expected one of add, drop"),
        ({"verb": "remove"}, "verb 'remove': expected one of"),
        ({"verb": "renam", "old": "a", "new": "b"}, "did you mean 'rename'?"),
        ({"verb": "drop"}, "option 'name' is missing"),
        ({"verb": "drop", "name": "a", "old": "b"}, "option 'old' is not one of drop, expected process, channel, name"),
        ({"verb": "drop", "name": "a("}, "name 'a(' is not a regular expression"),
        ({"verb": "drop", "name": "a b"}, "name 'a b': expected a word"),
        ({"verb": "add", "name": "a", "kind": "lnN"}, "option 'value' is missing"),
        ({"verb": "add", "name": "a", "kind": "lnN", "value": 1.0}, "value 1.0: Combine takes 0 and 1 for no effect"),
        ({"verb": "add", "name": "a", "kind": "lnN", "value": "1.1"}, "value '1.1': expected a number"),
        ({"verb": "add", "name": "a", "kind": "shape", "value": 0.5}, "kind 'shape': expected one of lnN, lnU, trG"),
        (
            {"verb": "add", "name": "a", "kind": "lnN", "value": 2, "mode": "ifexists"},
            "mode 'ifexists': expected addq",
        ),
        ({"verb": "rename", "old": "a", "new": "9"}, "new '9' is not a name that Combine accepts"),
        ({"verb": "flip", "name": "a"}, "option 'mode' is missing: p2n or n2p"),
        ({"verb": "changepdf", "name": "a", "kind": "shapeN", "mode": "ifexists"}, "expected none for changepdf"),
    ]
    for options, message in cases:
        with case(options, message):
            (problem,) = problems(**options)
            assert message in problem


@pytest.mark.slow
def test_edits_are_told() -> None:
    """A card with an edit has a warning that the rows are not what Combine fits."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02)
    edit = SystematicUncertainty("e", "edit", options={"verb": "drop", "name": "lumi"})
    assert [finding.code for finding in small_card(lumi, edit).findings if finding.systematic == "e"] == [
        "nuisance-edit"
    ]
