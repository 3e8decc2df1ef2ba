"""Parameters with other names, and names that became several."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from datacard_core import Change, Model, Nuisance, compare
from tests.support.channels import channel, factors, shifted


def changes(before: Any, after: Any) -> list[Change]:
    return list(compare(*(Model(channels=(channel(*rows, bin="SR"),)) for rows in (before, after))).changes)


def relation(change: Change) -> tuple[str, str, str]:
    return change.kind, change.before, change.after


def test_same_effects_under_another_name() -> None:
    """The same effects under another name are a new name, whatever it is, of factors and templates."""
    before = [factors("lumi", [0, 1], [1.1, 1.2]), shifted("jes", [1], 3.0, -3.0), shifted("jer", [1], 2.0, -3.0)]
    after = [attrs.evolve(one, name=name) for one, name in zip(before, ("CMS_L", "CMS_S", "CMS_R"), strict=True)]
    assert [relation(one) for one in changes(before, after)] == [
        ("nuisance.renamed", "lumi", "CMS_L"),
        ("nuisance.renamed", "jer", "CMS_R"),
        ("nuisance.renamed", "jes", "CMS_S"),
    ]


def test_alike_name_with_other_values() -> None:
    """A name with the words of the old one, on the same columns, is its new name, and its values are compared."""
    found = changes([factors("lumi", [0, 1], [1.1, 1.1])], [factors("CMS_lumi", [0, 1], [1.1, 1.21])])
    assert [relation(one) for one in found] == [
        ("nuisance.renamed", "lumi", "CMS_lumi"),
        ("nuisance.value", "1.1", "1.21"),
    ]
    assert found[1].nuisance == "CMS_lumi"


@pytest.mark.parametrize("other", [factors("btag", [0, 1], [1.1, 1.3]), factors("CMS_lumi", [0], [1.3])])
def test_other_parameters(other: Nuisance) -> None:
    """Another name with other values, and an alike name on other columns, are other parameters."""
    found = changes([factors("lumi", [0, 1], [1.1, 1.25])], [other])
    assert [one.kind for one in found] == ["nuisance.gone", "nuisance.appeared"]
    assert (found[0].before, found[0].measure) == ("lnN on 2 columns in 1 channel", "up to 25 %")


def test_decorrelated() -> None:
    """A name that became several, each for a part of the columns, is told once, and other values beside it."""
    before = [factors("lumi", [0, 1, 2], [1.1, 1.1, 1.1])]
    same = changes(before, [factors("lumi_2022", [0, 1], [1.1, 1.1]), factors("lumi_2023", [2], [1.1])])
    assert [relation(one) for one in same] == [("nuisance.decorrelated", "lumi", "lumi_2022, lumi_2023")]
    assert same[0].measure == "3 columns in 1 channel"
    other = changes(before, [factors("lumi_2022", [0, 1], [1.1, 1.1]), factors("lumi_2023", [2], [1.21])])
    assert [relation(one) for one in other] == [
        ("nuisance.decorrelated", "lumi", "lumi_2022, lumi_2023"),
        ("nuisance.value", "1.1", "1.21"),
    ]
    assert (other[1].nuisance, other[1].process) == ("lumi_2023", "top_2023")


def test_common_and_own_parts() -> None:
    """A name that became a common and own parts is told once: none of the parts stands for the value before."""
    after = [
        factors("lumi_all", [0, 2], [1.06, 1.06]),
        factors("lumi_2022", [0], [1.08]),
        factors("lumi_2023", [2], [1.08]),
    ]
    found = changes([factors("lumi", [0, 2], [1.1, 1.1])], after)
    assert [relation(one) for one in found] == [("nuisance.decorrelated", "lumi", "lumi_2022, lumi_2023, lumi_all")]


def test_correlated() -> None:
    """Several names that became one are told once."""
    before = [factors("lumi_2022", [0, 1], [1.1, 1.1]), factors("lumi_2023", [2], [1.1])]
    found = changes(before, [factors("lumi", [0, 1, 2], [1.1, 1.1, 1.1])])
    assert [relation(one) for one in found] == [("nuisance.correlated", "lumi_2022, lumi_2023", "lumi")]
