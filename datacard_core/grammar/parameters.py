"""Ranges, formulas and files of parameters, as `rateParam`, `param`, `extArg` and `constr` have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacard_core.grammar.names import name_problem
from datacard_core.grammar.numbers import is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

_ARGUMENT = re.compile(r"@(\d+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_SOURCE = re.compile(r"[^\s:]+\.root:[^\s:]+(:RecycleConflictNodes)?")


def pair_of(numbers: Any) -> tuple[float, float] | None:
    """Return two numbers as floats, None for any other object."""
    if not isinstance(numbers, list | tuple) or len(numbers) != 2 or not all(map(is_finite_number, numbers)):  # noqa: PLR2004
        return None
    return float(numbers[0]), float(numbers[1])


def range_problem(bounds: Any, initial: Any) -> str | None:
    """Return the reason why an object is no range, or does not hold a start value, or None.

    Args:
        bounds: the range, None for no limits.
        initial: the start value; only a number is compared.
    """
    if bounds is None:
        return None
    if (pair := pair_of(bounds)) is None:
        return f"range {bounds!r}: expected a (lowest, highest) pair of numbers"
    if not pair[0] < pair[1]:
        return f"range {bounds!r}: the lowest value is not below the highest"
    if is_finite_number(initial) and not pair[0] <= initial <= pair[1]:
        return f"range {bounds!r} does not hold the initial value {initial:g}"
    return None


def formula_problems(formula: Any, arguments: Any) -> Iterator[str]:
    """Yield the reasons why a formula and the names of its arguments cannot stand in a card.

    Args:
        formula: the function of @0, @1, …
        arguments: the names of the parameters, as a tuple.
    """
    if not isinstance(formula, str) or not formula or formula.split() != [formula]:
        yield f"formula {formula!r}: expected a text without blanks, such as '@0*@1'"
        return
    if not isinstance(arguments, tuple) or not arguments:
        yield f"arguments {arguments!r}: expected a list with the names of the parameters @0, @1, …"
        return
    yield from filter(None, (name_problem("argument", name) for name in arguments))
    yield from shape_problems(formula, len(arguments))
    used = {int(place) for place in _ARGUMENT.findall(formula)}
    words = _WORD.findall(formula)
    # Names may stand in the formula in the place of numbers.
    if unused := [name for place, name in enumerate(arguments) if place not in used and name not in words]:
        yield f"the formula {formula!r} does not use its argument {', '.join(map(repr, unused))}"


def shape_problems(formula: str, arguments: int) -> Iterator[str]:
    """Yield the reasons why a formula does not fit the number of its arguments, or cannot be evaluated."""
    places = {int(place) for place in _ARGUMENT.findall(formula)}
    if places and max(places) >= arguments:
        yield f"the formula has @{max(places)}, and {arguments} arguments, from @0"
    if formula.count("(") != formula.count(")"):
        yield f"the parentheses of {formula!r} do not match"


def circles(needs: Mapping[str, AbstractSet[str]]) -> dict[str, set[str]]:
    """Return the formulas that cannot be evaluated because they need each other, and what each of them needs.

    Args:
        needs: names of the arguments of each formula.
    """
    left = {name: set(others).intersection(needs) for name, others in needs.items()}
    # Formulas whose arguments are known are taken away, as Combine makes them; what stays are circles.
    while free := [name for name, others in left.items() if not others]:
        left = {name: others.difference(free) for name, others in left.items() if name not in free}
    return left


def source_problem(source: object) -> str | None:
    """Return the reason why a text is no object of a workspace, `file.root:workspace`, or None."""
    if isinstance(source, str) and _SOURCE.fullmatch(source):
        return None
    return f"{source!r}: expected a file and a workspace in it, such as 'factors.root:w'"
