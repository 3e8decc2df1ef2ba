"""Rows of a Combine datacard: what stands behind the name, and the cells of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.grammar.numbers import is_count, is_number
from datacard_core.grammar.words import (
    ABOVE_0_KEYWORDS,
    CONSTRAINT_KEYWORDS,
    EXT_ARG,
    LN_N,
    NO_EFFECT,
    PAIRED_KEYWORDS,
    RATE_PARAM,
    ROW_ARGUMENTS,
    ROW_KEYWORDS,
    SHAPE_ALGORITHMS,
    SIGNED_KEYWORDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def row_keyword(keywords: Iterable[str]) -> str:
    """Return the keyword of a row whose effects, or whose parts in several channels, have these keywords.

    Raises:
        ValueError: Combine has no row that holds them together.
    """
    distinct = sorted(set(keywords))
    if len(distinct) == 1:
        return distinct[0]
    algorithms = {keyword.removesuffix("?") for keyword in distinct} - {LN_N}
    # The ? behind shapeU makes its uniform density a normal one.
    if len(algorithms) != 1 or not algorithms.issubset(SHAPE_ALGORITHMS) or "shapeU" in distinct:
        raise ValueError(f"{' and '.join(distinct)} in one row")
    return f"{algorithms.pop()}?"


def morphing(keyword: str) -> str:
    """Return the way in which the templates of a row are morphed, of which a column can have one."""
    # The density of the parameter is no part of it.
    return keyword.removesuffix("?").removesuffix("U")


def joint_kind(kinds: Iterable[str]) -> str:
    """Return the kind of declarations that share a name in the card, from the kind of each.

    Raises:
        ValueError: Combine has no such parameter.
    """
    distinct = set(kinds)
    # Combine looks for the parameter of a constraint among those that other lines make.
    defining = distinct - CONSTRAINT_KEYWORDS
    if len(distinct) == 2 and len(defining) == 1 and defining <= {RATE_PARAM, EXT_ARG}:  # noqa: PLR2004 - and a constraint
        return defining.pop()
    return row_keyword(distinct)


def row_problem(keyword: str) -> str | None:
    """Return the reason why words cannot stand between the name and the cells of a row, or None."""
    words = keyword.split(" ")
    if words[0] not in ROW_KEYWORDS:
        return f"Combine has no row of that kind (its rows: {', '.join(sorted(ROW_KEYWORDS))})"
    arguments = ROW_ARGUMENTS.get(words[0], ())
    if len(words) - 1 != len(arguments):
        return f"expected {' '.join([words[0], *arguments])!r}"
    if not all(map(is_number, words[1:])) or (words[0] == "gmN" and not is_count(words[1])):
        return f"expected {' '.join([words[0], *arguments])!r} with numbers"
    return None


def cell_problem(keyword: str, cell: str) -> str | None:
    """Return the reason why a cell cannot stand in a row, or None.

    Args:
        keyword: the words between the name and the cells of the row.
        cell: the text of the cell.
    """
    if cell == NO_EFFECT:
        return None
    kind, parts = keyword.split(" ", maxsplit=1)[0], cell.split("/", 1)
    if not all(map(is_number, parts)):
        return "expected a number, two with a / between them, or -"
    if len(parts) > 1 and kind not in PAIRED_KEYWORDS:
        return f"expected one number: Combine takes two in rows of {', '.join(sorted(PAIRED_KEYWORDS))} only"
    lowest = min(map(float, parts))
    if kind in ABOVE_0_KEYWORDS and not lowest > 0:
        return f"expected numbers above 0 in a row of {kind}"
    if kind not in SIGNED_KEYWORDS and lowest < 0:
        return f"expected a number of at least 0 in a row of {kind}"
    return None
