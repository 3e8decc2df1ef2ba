"""Parameters that channels share, and functions of parameters: their lines in a Combine card."""

from __future__ import annotations

import numpy as np

from datacard_core import (
    ConstrainedParameter,
    ConstraintTerm,
    DiscreteParameter,
    ExternalParameter,
    FlatParameter,
    FormulaFactor,
    ImportedFactor,
    SharedParameter,
)
from tests.support.cases import case
from tests.support.channels import channel as channel_by_hand


def test_lines() -> None:
    """A parameter has the line that Combine reads it from."""
    cases: list[tuple[SharedParameter, str]] = [
        (ConstrainedParameter("p", 0.0, (1.0, 1.0)), "p param 0.0 1.0"),
        (ConstrainedParameter("p", 1.0, (0.1, 0.2), (0.5, 2.0)), "p param 1.0 -0.1/+0.2 [0.5,2]"),
        (ConstrainedParameter("p", 1.0, (0.1, 0.1), nofloat=True), "p[nofloat] param 1.0 0.1"),
        (FlatParameter("f"), "f flatParam"),
        (ExternalParameter("x", 1.5), "x extArg 1.5"),
        (ExternalParameter("x", 1.5, (0.0, 3.0)), "x extArg 1.5 [0,3]"),
        (ExternalParameter("x", 2.0, is_constant=True), "x extArg 2.0 [const]"),
        (ExternalParameter("x", None, source="f.root:w"), "x extArg f.root:w"),
        (DiscreteParameter("d"), "d discrete"),
        (ConstraintTerm("c", "a-b", (), "0.1"), "c constr a-b 0.1"),
        (ConstraintTerm("c", "@0-2*@1", ("a", "b"), "0.1"), "c constr @0-2*@1 {a,b} 0.1"),
    ]
    for parameter, line in cases:
        with case(parameter, line):
            assert list(parameter.lines(channel_by_hand())) == [line]


def test_factors() -> None:
    """A formula and an object of a workspace have a line for each column."""
    channel = channel_by_hand()
    name = channel.columns[0].name
    formula = FormulaFactor("k", np.array([0]), "@0*@1", ("a", "b"))
    assert list(formula.lines(channel)) == [f"k rateParam {channel.bin} {name} @0*@1 a,b"]
    imported = ImportedFactor("k", np.array([0]), "f.root:w")
    assert list(imported.lines(channel)) == [f"k rateParam {channel.bin} {name} f.root:w"]
