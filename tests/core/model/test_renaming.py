"""Other names for processes and parameters: what follows them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacard_core import (
    ConstraintTerm,
    DeclarationError,
    FormulaFactor,
    FreeParameter,
    Group,
    NuisanceEdit,
    RawLine,
    Statement,
)
from datacard_core.model.renaming import check_new_names, renamed
from tests.support.channels import Lines, all_shifted, channel, factors
from tests.support.declarations import refused

NAMES = {"lumi": "lumi_13p6TeV", "top": "TT", "SF": "CMS_SF", "jes": "CMS_scale_j"}


def test_rows_columns_and_templates() -> None:
    """Rows, columns and the names of templates have the new names; labels and other names stay."""
    made = renamed(channel(factors("lumi", [0], [1.02]), all_shifted(channel())), NAMES)
    assert [nuisance.name for nuisance in made.nuisances] == ["lumi_13p6TeV", "CMS_scale_j"]
    assert [column.name for column in made.columns] == ["signal_2022", "TT_2022", "TT_2023", "vjets_2022"]
    assert [column.label for column in made.columns] == ["signal", "top", "top", "vjets"]
    assert "TT_2023_CMS_scale_jUp" in made.template_names()
    assert made.old_names == {"lumi_13p6TeV": "lumi", "TT": "top", "CMS_scale_j": "jes"}


def test_lines() -> None:
    """Parameters in formulas, groups, edits and lines by hand follow, and names that hold another one do not."""
    columns = np.array([1])
    directives = (
        FreeParameter("SF", columns, 1.0, (0.0, 5.0)),
        FormulaFactor("f", columns, "@0*2", ("SF",)),
        ConstraintTerm("c", "SF-lumi_2", (), "SF"),
        RawLine("SF_2 rateParam * top_2022 1"),
        RawLine("g2 group = lumi SF_2"),
        Group("g", ("lumi", "SF", "jes")),
        NuisanceEdit("freeze", ("lumi",)),
    )
    lumi = factors("lumi", [0], [1.02])
    made = renamed(channel(lumi, directives=directives), NAMES)
    assert made.lines() == (
        "CMS_SF rateParam * TT_2022 1 [0,5]",
        "f rateParam SR_2022_2023 TT_2022 @0*2 CMS_SF",
        "c constr CMS_SF-lumi_2 CMS_SF",
        "SF_2 rateParam * TT_2022 1",
        "g2 group = lumi_13p6TeV SF_2",
        "g group = lumi_13p6TeV CMS_SF",
        "nuisance edit freeze lumi_13p6TeV",
    )


def test_swap() -> None:
    """Names may be exchanged: all change at once."""
    made = channel(factors("a", [0], [1.1]), factors("b", [1], [1.2]), directives=(Group("g", ("a",)),))
    swapped = renamed(made, {"a": "b", "b": "a"})
    assert [nuisance.name for nuisance in swapped.nuisances] == ["b", "a"]
    assert swapped.lines() == ("g group = b",)


def test_no_change() -> None:
    """A map without a name of the channel changes nothing."""
    made = channel(factors("lumi", [0], [1.1]), directives=(Group("g", ("lumi",)),))
    same = renamed(made, {"other": "x"})
    assert (same.lines(), same.template_names(), same.old_names) == (made.lines(), made.template_names(), {})


def test_lines_of_a_plugin() -> None:
    """A plugin's directive whose lines have a changed name is refused, as another writer would render the old one."""
    lines = Lines(("lumi extra",))
    made = channel(factors("lumi", [0], [1.1]), statements=(Statement(lines, typ="acme", text=lines.text),))
    with pytest.raises(DeclarationError, match="lines of kind 'acme', 'lumi extra', have a name"):
        renamed(made, NAMES)
    assert renamed(made, {"top": "TT"}).lines() == ("lumi extra",)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"lmui": "x"}, "no process and no parameter is called 'lmui' (did you mean 'lumi'?)"),
        ({"lumi": "SF"}, "the parameters 'lumi', 'SF' would become one, 'SF'"),
        ({"lumi": "x", "SF": "x"}, "the parameters 'lumi', 'SF' would become one, 'x'"),
        ({"top": "vjets"}, "the columns 'top_2022', 'vjets_2022' would become one, 'vjets_2022'"),
        ({"lumi": "2022_lumi"}, "the name for 'lumi': '2022_lumi' is not a name that Combine accepts"),
        ({"lumi": None}, "the name for 'lumi': None is a NoneType"),
        ({"lumi": "r"}, "'r' is the parameter that Combine scales signals with"),
        (3, "names is 3, expected a dict"),
    ],
    ids=str,
)
def test_refused_maps(names: Any, told: str) -> None:
    """Misspelt names, names that Combine refuses, and two that would become one are told."""
    other = channel(directives=(FreeParameter("SF", np.array([1])),), bin="CR")
    problems = refused(lambda: check_new_names([channel(factors("lumi", [0], [1.1])), other], names))
    assert told in problems[0]


def test_names_of_other_analyses() -> None:
    """Names that the cards have not are no problem, also if the map has their family."""
    made = channel(factors("btag_lf", [0], [1.1]))
    check_new_names([made], {"btag_lf": "CMS_btag_light", "btag_hf": "CMS_btag_heavy", "pileup": "CMS_pileup"})


def test_equal_templates() -> None:
    """Names under which two templates would be one are refused."""
    names = {"top_2022": "top", "top_2023": "top_q", "jes": "x", "b": "q_x"}
    with pytest.raises(DeclarationError, match="two templates would be called 'top_q_xUp'"):
        renamed(channel(all_shifted(channel(), "jes"), all_shifted(channel(), "b")), names)
