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


@pytest.mark.slow
def test_unknown_argument() -> None:
    """An argument that no line defines is refused once, with the formula and the closest parameter."""
    (problem,) = problems(EFF, formula("fail", "1-@0", "effi"))
    assert "systematic 'fail' needs the parameter 'effi', which no line of the card defines" in problem
    assert "(did you mean 'eff'?); an extArg defines one that a physics model makes" in problem


@pytest.mark.slow
def test_arguments_of_other_lines() -> None:
    """Nuisances, free parameters, extArg, formulas and the signal strength are arguments of formulas."""
    lumi = SystematicUncertainty("lumi", "lnN", ["top"], YEARS, 1.02)
    made = small_card(EFF, lumi, line("kf", "extArg", initial=1.0), formula("f", "@0*@1", "eff", "kf"))
    assert "f rateParam" in made.content()
    both = small_card(EFF, lumi, formula("f", "@0*@1", "lumi", "r"), formula("g", "@0+1", "f"))
    assert "g rateParam" in both.content()


@pytest.mark.slow
def test_workspace_may_define_arguments() -> None:
    """Beside an object of a file, the names of a formula are not known to be wrong."""
    made = small_card(formula("f", "@0", "x"), line("mu", "extArg", source="pdfs.root:w"))
    assert "vjets_2022 @0 x\n" in made.content()


@pytest.mark.slow
def test_circle() -> None:
    """Formulas that need each other are refused by name."""
    (problem,) = problems(formula("f", "@0", "g"), formula("g", "@0", "f"))
    assert "the formulas 'f', 'g' need each other" in problem


@pytest.mark.slow
def test_misspelt_parameters() -> None:
    """A constr or a flatParam that names a parameter with a slip is refused, with the parameter."""
    term = line("reg", "constr", formula="@0", arguments=["trigger_lepon"], sigma=1)
    trigger = SystematicUncertainty("trigger_lepton", "lnN", ["top"], YEARS, 1.02)
    scale = line("scale_kf", "extArg", initial=1.0)
    assert [
        problem.split(": ", 2)[-1] for problem in problems(trigger, scale, term, line("scale_fk", "flatParam"))
    ] == [
        "no line of the card defines 'scale_fk' (did you mean 'scale_kf'?)",
        "no line of the card defines 'trigger_lepon' (did you mean 'trigger_lepton'?)",
    ]


@pytest.mark.slow
def test_parameters_of_a_model() -> None:
    """A constr or a flatParam of another parameter has a warning, as a physics model may make it."""
    term = line("reg", "constr", formula="@0-2*@1", arguments=["r_bin0", "r_bin1"], sigma="delta")
    found = [one.message for one in small_card(term, line("kappa", "flatParam")).findings if "unknown-p" in one.code]
    assert [message.split("'")[1] for message in found] == ["kappa", "r_bin0", "r_bin1", "delta"]
    of_r = small_card(line("p", "constr", formula="@0-1", arguments=["r"], sigma=1))
    assert "unknown-parameter" not in [one.code for one in of_r.findings]


@pytest.mark.slow
def test_parameters_behind_a_constr() -> None:
    """Combine makes free parameters and extArg behind constr lines, unless a param constrains them."""
    term = line("reg", "constr", formula="@0-@1", arguments=["eff", "kf"], sigma=1)
    kf, constraint = line("kf", "extArg", initial=1.0), line("eff", "param", mean=1.0, sigma=0.1)
    assert [problem.split("'")[5] for problem in problems(EFF, kf, constraint, term)] == ["kf"]
    made = small_card(term, EFF, kf, constraint, line("kf", "param", mean=1.0, sigma=0.1))
    text = made.content()
    assert text.index("kf param") < text.index("reg constr")


@pytest.mark.slow
def test_start_is_the_mean() -> None:
    """A parameter starts at the mean of its constraint, which Combine takes."""
    (problem,) = problems(EFF, line("eff", "param", mean=0.9, sigma=0.1))
    assert "parameter 'eff' starts at 1, and the mean of its constraint is 0.9" in problem
    (problem,) = problems(line("kf", "extArg", initial=2.0), line("kf", "param", mean=1.0, sigma=0.1))
    assert "parameter 'kf' starts at 2" in problem


@pytest.mark.slow
def test_parameter_without_use() -> None:
    """A param that nothing uses has a warning, and one that constrains, or is an argument, has none."""
    constraint = line("eff", "param", mean=1.0, sigma=0.1)
    assert unused(line("kf", "param", mean=1.0, sigma=0.1)) == ["kf"]
    assert unused(EFF, constraint) == []
    assert unused(constraint, formula("f", "@0", "eff")) == []
    assert unused(constraint, line("reg", "constr", formula="@0-1", arguments=["eff"], sigma=0.1)) == []


@pytest.mark.slow
def test_mark_without_row() -> None:
    """A declaration without row or param line cannot have nofloat."""
    marked = SystematicUncertainty("eff", "rateParam", ["top"], YEARS, 1.0, nofloat=True)
    (problem,) = problems(marked)
    assert "has nofloat=True, and no row that could have the mark" in problem
    assert (
        "kf[nofloat] param"
        in small_card(SystematicUncertainty("kf", "param", options={"mean": 1.0, "sigma": 0.1}, nofloat=True)).content()
    )
