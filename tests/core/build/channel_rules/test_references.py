"""Rules on groups and edits: what they name must be in the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    DeclarationError,
    RawLine,
    SystematicKind,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from datacard_core.testing import small_card
from tests.support import analyses
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable

YEARS = ["2022", "2023"]
LUMI = SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02)
JES = SystematicUncertainty("jes", "shape", ["top"], YEARS, 1.0)
SIDE = SystematicUncertainty("side", "gmN", ["vjets"], YEARS, 1.0, options={"N": 12})


def edit(verb: str, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty("e", "edit", options={"verb": verb, **options})


def group(*members: str, name: str = "theory") -> SystematicUncertainty:
    return SystematicUncertainty(name, "group", options={"members": members})


def problems(*systematics: SystematicUncertainty) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as raised:
        small_card(LUMI, JES, SIDE, *systematics)
    return raised.value.problems


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"verb": "drop", "name": "lumo"}, "no nuisance of the card is called 'lumo' (did you mean 'lumi'?)"),
        ({"verb": "drop", "name": "lumi", "process": "tpo_.*"}, "no column matches the process 'tpo_.*'"),
        ({"verb": "freeze", "name": "jess"}, "no nuisance of the card is called 'jess'"),
        ({"verb": "rename", "old": "side", "new": "s"}, "nuisance 'side' is gmN: Combine does not rename this kind"),
        ({"verb": "flip", "name": "jes", "mode": "p2n"}, "nuisance 'jes' is shape: Combine flips lnN alone"),
        ({"verb": "changepdf", "name": "jes", "kind": "lnN"}, "nuisance 'jes' is shape: Combine cannot make lnN of it"),
        (
            {"verb": "add", "name": "jes", "kind": "lnN", "value": 1.1, "process": "vjets_.*"},
            "nuisance 'jes' is shape: it cannot be lnN on further columns",
        ),
        ({"verb": "merge", "name": "both", "other": "lumi2"}, "no nuisance of the card is called 'lumi2'"),
    ],
)
def test_wrong_edit(options: dict[str, Any], message: str) -> None:
    """An edit names nuisances and columns of the card, of kinds that Combine edits so."""
    (problem,) = problems(SystematicUncertainty("e", "edit", options=options))
    assert message in problem


@pytest.mark.slow
def test_edit_of_what_an_edit_makes() -> None:
    """A nuisance that an edit makes can be edited further."""
    first = SystematicUncertainty("e1", "edit", options={"verb": "rename", "old": "lumi", "new": "lumi_13TeV"})
    made = small_card(LUMI, first, edit("changepdf", name="lumi_13TeV", kind="lnU"))
    assert "nuisance edit changepdf lumi_13TeV lnU\n" in made.content()


@pytest.mark.slow
def test_edit_that_renames_a_member() -> None:
    """A member of a group cannot be renamed as a whole, as the line of the group keeps its old name."""
    (problem,) = problems(group("lumi"), edit("rename", old="lumi", new="lumi_13TeV"))
    assert "'lumi' is a member of group 'theory', whose line keeps the old name" in problem
    on_top = edit("rename", old="lumi", new="lumi_top", process="top_2022")
    assert "nuisance edit rename top_2022 * lumi lumi_top" in small_card(LUMI, group("lumi"), on_top).content()


@pytest.mark.slow
def test_edit_of_another_channel() -> None:
    """An edit of another channel is not in the card, and an option lets a missing nuisance pass."""
    assert "nuisance edit" not in small_card(LUMI, edit("drop", name="lumi", channel="CR_.*")).content()
    assert "nuisance edit" in small_card(LUMI, edit("drop", name="lumi", channel="SR_.*")).content()
    assert "nuisance edit" in small_card(LUMI, edit("drop", name="x", mode="ifexists")).content()


def test_wrong_member() -> None:
    """An unknown member of a group is refused with the closest name."""
    (problem,) = problems(group("lumi", "jess"))
    assert "no parameter is called 'jess', a member of group 'theory' (did you mean 'jes'?)" in problem


@pytest.mark.slow
def test_members_that_are_no_parameters() -> None:
    """Formulas and other groups are no members of a group."""
    eff = SystematicUncertainty("eff", "rateParam", ["top"], YEARS, 1.0)
    fail = SystematicUncertainty("fail", "rateParam", ["vjets"], YEARS, "1-@0", options={"arguments": ["eff"]})
    (problem,) = problems(eff, fail, group("fail"))
    assert "member 'fail' of group 'theory' is a formula" in problem
    (problem,) = problems(group("lumi", name="exp"), group("exp"))
    assert "member 'exp' of group 'theory' has lines in the card, and is no parameter" in problem


@pytest.mark.slow
def test_group_of_two_declarations() -> None:
    """A line of a plugin for a group that the card has is refused, as Combine stops at it."""

    class Line(SystematicKind):
        typ: ClassVar[str] = "line"
        covers_columns: ClassVar[bool] = False

        def effects(self, target: Target) -> Iterable[RawLine]:  # noqa: ARG002
            yield RawLine("theory group = lumi")

    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Line()))
    with pytest.raises(DeclarationError, match="group 'theory' has two lines"):
        small_card(LUMI, group("lumi"), SystematicUncertainty("x", "line"), plugins=plugins)


@pytest.mark.slow
def test_member_of_another_card() -> None:
    """In an analysis, a member may be in the card of another category alone."""
    only = SystematicUncertainty("lumi", "lnN", ["ttbar"], analyses.YEARS, 1.02, categories=["CR"])
    everywhere = SystematicUncertainty("xsec", "lnN", ["ttbar"], analyses.YEARS, 1.05)
    declared = analyses.declarations(categories={"SR": Category("m"), "CR": Category("n")})
    declared["systematics"].clear()
    declared["systematics"].update({one.datacard_name: one for one in (only, everywhere, group("lumi", "xsec"))})
    cards = Analysis(**declared).build(analyses.output(), verbose=False)
    assert cards.model.groups == {"theory": ("lumi", "xsec")}
    assert "theory group = xsec\n" in cards["SR"].content()
