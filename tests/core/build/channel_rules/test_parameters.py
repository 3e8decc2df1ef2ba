"""Rules on the lines about parameters: what they need must be in the card."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import DeclarationError, SystematicUncertainty
from datacard_core.testing import small_card

YEARS = ["2022", "2023"]
EFF = SystematicUncertainty("eff", "rateParam", ["top"], YEARS, 1.0)


def formula(name: str, text: str, *arguments: str) -> SystematicUncertainty:
    return SystematicUncertainty(name, "rateParam", ["vjets"], YEARS, text, options={"arguments": arguments})


def line(name: str, typ: str, **options: Any) -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, options=options)


def problems(*systematics: SystematicUncertainty) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as raised:
        small_card(*systematics)
    return raised.value.problems


def unused(*systematics: SystematicUncertainty) -> list[str]:
    return [one.systematic for one in small_card(*systematics).findings if one.code == "unused-parameter"]


def test_unknown_argument() -> None:
    """An argument that no line defines is refused once, with the formula and the closest parameter."""
    (problem,) = dict.fromkeys(problems(EFF, formula("fail", "1-@0", "effi")))
    assert "systematic 'fail' needs the parameter 'effi', which no line of the card defines" in problem
    assert "(did you mean 'eff'?)" in problem


def test_arguments_of_other_lines() -> None:
    """Nuisances, free parameters, extArg, formulas and the signal strength are arguments of formulas."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02)
    made = small_card(EFF, lumi, line("kf", "extArg", initial=1.0), formula("f", "@0*@1", "eff", "kf"))
    assert "f rateParam" in made.content()
    both = small_card(EFF, lumi, formula("f", "@0*@1", "lumi", "r"), formula("g", "@0+1", "f"))
    assert "g rateParam" in both.content()


def test_workspace_may_define_arguments() -> None:
    """Beside an object of a file, the names of a formula are not known to be wrong."""
    made = small_card(formula("f", "@0", "x"), line("mu", "extArg", source="pdfs.root:w"))
    assert "vjets_2022 @0 x\n" in made.content()


def test_circle() -> None:
    """Formulas that need each other are refused by name."""
    (problem,) = problems(formula("f", "@0", "g"), formula("g", "@0", "f"))
    assert "the formulas 'f', 'g' need each other" in problem


def test_unknown_parameters_of_constraints() -> None:
    """Arguments and width of a constr, and the parameter of a flatParam, are in the card."""
    term = line("reg", "constr", formula="@0", arguments=["ef"], sigma="delt")
    found = problems(EFF, term, line("kf", "flatParam"))
    assert [problem.split("the parameter ")[1].split(",")[0] for problem in found] == ["'ef'", "'delt'", "'kf'"]


def test_parameter_without_use() -> None:
    """A param that nothing uses has a warning, and one that constrains, or is an argument, has none."""
    constraint = line("eff", "param", mean=1.0, sigma=0.1)
    assert unused(line("kf", "param", mean=1.0, sigma=0.1)) == ["kf"]
    assert unused(EFF, constraint) == []
    assert unused(constraint, formula("f", "@0", "eff")) == []
    assert unused(constraint, line("reg", "constr", formula="@0-1", arguments=["eff"], sigma=0.1)) == []


def test_mark_without_row() -> None:
    """A declaration without row or param line cannot have nofloat."""
    marked = SystematicUncertainty("eff", "rateParam", ["top"], YEARS, 1.0, nofloat=True)
    (problem,) = problems(marked)
    assert "has nofloat=True, and no row that could have the mark" in problem
    assert (
        "kf[nofloat] param"
        in small_card(SystematicUncertainty("kf", "param", options={"mean": 1.0, "sigma": 0.1}, nofloat=True)).content()
    )
