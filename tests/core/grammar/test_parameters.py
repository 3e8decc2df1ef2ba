"""Ranges, formulas and files of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from datacard_core import grammar
from tests.support.cases import case


def test_wrong_formula() -> None:
    """A formula has no blanks, as many arguments as places, and parentheses that match."""
    cases: list[tuple[Any, Any, str]] = [
        ("@0*@1", ("a",), "the formula has @1, and 1 arguments, from @0"),
        ("@0", ("a", "b"), "does not use its argument 'b'"),
        ("(@0", ("a",), "the parentheses of '(@0' do not match"),
        ("@0 + 1", ("a",), "expected a text without blanks"),
        ("", ("a",), "expected a text without blanks"),
        (3, ("a",), "formula 3: expected a text"),
        ("@0", (), "arguments (): expected a list"),
        ("@0", None, "arguments None: expected a list"),
        ("@0", ("a b",), "argument 'a b' is not a name that Combine accepts"),
    ]
    for formula, arguments, message in cases:
        with case(formula, arguments, message):
            assert message in next(grammar.formula_problems(formula, arguments))


@pytest.mark.parametrize(("formula", "arguments"), [("(1-@0)/@1", ("a", "b")), ("a*2+b", ("a", "b"))])
def test_formula(formula: str, arguments: tuple[str, ...]) -> None:
    """Arguments stand in a formula by their place or by their name."""
    assert list(grammar.formula_problems(formula, arguments)) == []


def test_circles() -> None:
    """Formulas that need each other are found, and not those that need them."""
    needs = {"a": {"b", "x"}, "b": {"a"}, "c": {"x"}, "d": {"c"}}
    assert grammar.circles(needs) == {"a": {"b"}, "b": {"a"}}


def test_source() -> None:
    """An object of a file is named by a ROOT file and a workspace in it."""
    cases: list[tuple[Any, bool]] = [
        ("a.root:w", True),
        ("dir/a.root:w:RecycleConflictNodes", True),
        ("a.root", False),
        ("a.txt:w", False),
        ("a b.root:w", False),
        (1, False),
    ]
    for source, is_right in cases:
        with case(source, is_right):
            assert (grammar.source_problem(source) is None) == is_right


def test_range() -> None:
    """A range is a pair of numbers, the lower first, and holds the start value."""
    cases: list[tuple[Any, Any, str]] = [
        ((0, 5), 6.0, "does not hold the initial value 6"),
        ((5, 0), 1.0, "the lowest value is not below the highest"),
        ((0, "5"), 1.0, "expected a (lowest, highest) pair of numbers"),
        ((0, 5), None, ""),
        (None, 1.0, ""),
    ]
    for bounds, initial, message in cases:
        with case(bounds, initial, message):
            problem = grammar.range_problem(bounds, initial)
            assert (problem is None) if not message else message in str(problem)
