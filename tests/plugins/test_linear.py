"""The kinds `trG`, `unif`, `dFD` and `dFD2`: factors that are linear in a parameter."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import SystematicUncertainty, load_plugins
from tests.support.cases import case

PLUGINS = load_plugins()


def problems(typ: str, value: Any, **options: Any) -> list[str]:
    systematic = SystematicUncertainty("mix", typ, ["top"], ["2022"], value, options=options)
    return list(PLUGINS.kinds[typ].value.problems(systematic))


def test_wrong_slope() -> None:
    """A relative change is one number between -1 and 1 and not 0, so that 10 for 10 % and factors are refused."""
    for value in [0.0, 1.0, -1.5, (0.9, 1.1), "0.1"]:
        with case(value):
            for typ, options in (("trG", {}), ("dFD", {"steepness": 5}), ("dFD2", {"steepness": 5})):
                (problem,) = problems(typ, value, **options)
                assert f"top 2022: value {value!r}, expected the relative change of the yield at θ = 1" in problem


def test_wrong_uniform() -> None:
    """A unif needs a range, a change above 0, which Combine asks for, and a yield above 0 in the whole range."""
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (0.1, {}, "option 'range' is missing"),
        (0.1, {"range": 3}, "range 3: expected a (lowest, highest) pair of numbers"),
        (0.1, {"range": (1, -1)}, "the lowest value is not below the highest"),
        (-0.1, {"range": (-1, 1)}, "value -0.1, expected the relative change of the yield at θ = 1, above 0"),
        (0.5, {"range": (-2, 2)}, "value 0.5: the yield at θ = -2 is not above 0"),
    ]
    for value, options, message in cases:
        with case(value, options, message):
            (problem,) = problems("unif", value, **options)
            assert message in problem


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "option 'steepness' is missing"),
        ({"steepness": 0}, "steepness 0: expected a number above 0"),
        ({"steepness": "5"}, "steepness '5': expected a number above 0"),
    ],
)
def test_wrong_steepness(options: dict[str, Any], message: str) -> None:
    """A steepness is a number above 0."""
    (problem,) = problems("dFD", 0.1, **options)
    assert message in problem


def test_all_mistakes_at_once() -> None:
    """A declaration with several mistakes has a problem for each of them."""
    assert len(problems("unif", -0.1)) == 2
    assert len(problems("dFD", 2.0)) == 2
