"""The kinds `param`, `flatParam`, `extArg`, `discrete` and `constr`: options and their mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import DeclarationError, SystematicUncertainty, load_plugins
from datacard_core.testing import small_card
from tests.support.cases import case

PLUGINS = load_plugins()


def problems(typ: str, **options: Any) -> list[str]:
    return list(PLUGINS.kinds[typ].value.problems(SystematicUncertainty("kf", typ, options=options)))


def test_wrong_option() -> None:
    """Each option that is missing, of a wrong form or out of range is one problem."""
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("param", {"sigma": 0.1}, "option 'mean' is missing"),
        ("param", {"mean": 1.0}, "option 'sigma' is missing"),
        ("param", {"mean": "1", "sigma": 0.1}, "mean '1': expected a number"),
        ("param", {"mean": 1.0, "sigma": 0}, "sigma 0: expected a number above 0"),
        ("param", {"mean": 1.0, "sigma": (-0.1, 0.2)}, "sigma (-0.1, 0.2): expected a number above 0"),
        ("param", {"mean": 1.0, "sigma": (0.1, 0.2, 0.3)}, "expected a number above 0, or a (below, above) pair"),
        ("param", {"mean": 3.0, "sigma": 0.1, "range": (0, 2)}, "range (0, 2) does not hold the initial value 3"),
        ("param", {"mean": 1.0, "sigma": 0.1, "range": 2}, "range 2: expected a (lowest, highest) pair"),
        ("extArg", {}, "option 'initial' is missing"),
        ("extArg", {"initial": 1.0, "constant": 1}, "constant 1: expected True or False"),
        ("extArg", {"initial": 1.0, "constant": True, "range": (0, 2)}, "has constant=True and a range"),
        ("extArg", {"initial": 1.0, "source": "a.root:w"}, "has source and initial: the workspace has the values"),
        ("extArg", {"source": "a.txt"}, "source 'a.txt': expected a file and a workspace in it"),
        ("flatParam", {"initial": 1.0}, "option 'range' is missing"),
        ("flatParam", {"range": (0, 2)}, "option 'range' stands alone"),
        ("flatParam", {"initial": 3.0, "range": (0, 2)}, "range (0, 2) does not hold the initial value 3"),
        ("constr", {"formula": "@0", "arguments": ["a"]}, "option 'sigma' is missing"),
        ("constr", {"formula": "@1", "arguments": ["a", "b"], "sigma": 1}, "does not use its argument 'a'"),
        ("constr", {"formula": "@0", "arguments": ["a"], "sigma": 0}, "sigma 0: expected a number above 0"),
        ("constr", {"formula": "@0", "arguments": ["a"], "sigma": "a b"}, "sigma 'a b' is not a name"),
    ]
    for typ, options, message in cases:
        with case(typ, options, message):
            (problem,) = problems(typ, **options)
            assert message in problem


def test_processes() -> None:
    """A line about a parameter acts on no process."""
    for typ in ["param", "flatParam", "extArg", "discrete", "constr"]:
        systematic = SystematicUncertainty("kf", typ, ["top"], ["2022"], 1.0)
        assert f"kind {typ!r} acts on no process" in next(iter(PLUGINS.kinds[typ].value.problems(systematic))), typ


@pytest.mark.slow
def test_unknown_option() -> None:
    """A misspelt option is refused with the closest one, together with the problem that it leaves."""
    with pytest.raises(DeclarationError) as raised:
        small_card(SystematicUncertainty("kf", "param", options={"mean": 1.0, "sigm": 0.1}))
    first, second = raised.value.problems
    assert "kind 'param' has no option 'sigm' (did you mean 'sigma'?)" in first
    assert "option 'sigma' is missing" in second
