"""Names in a Combine datacard: of processes, channels and nuisances, and of templates in their file."""

from __future__ import annotations

import numbers
import re
from typing import TYPE_CHECKING

from datacard_core.arguments import type_of
from datacard_core.grammar.words import ANY, AUTO_MC_STATS

if TYPE_CHECKING:
    from collections.abc import Iterable

# Combine splits a card at blanks and puts names into expressions of RooFit. With a digit first, its parser refuses a
# bin and renames a nuisance to `theta…`.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# A year never begins a name, so it may begin with a digit.
_YEAR = re.compile(r"[A-Za-z0-9_.-]+")


def template_names(pattern: str, processes: Iterable[str], systematic: str = "") -> list[str]:
    """Return the template of each process under a pattern of a `shapes` line.

    Args:
        pattern: `NOMINAL_TEMPLATE` or `VARIED_TEMPLATE`.
        processes: Combine's processes, `{process}_{year}`.
        systematic: the nuisance with its direction, for a varied template.
    """
    before, _, behind = pattern.replace("$SYSTEMATIC", systematic).partition("$PROCESS")
    return [f"{before}{process}{behind}" for process in processes]


def is_like(name: str, pattern: str) -> bool:
    """Return whether a name is a pattern, in which * stands for any text."""
    return pattern == name or (ANY in pattern and like(pattern).fullmatch(name) is not None)


def like(pattern: str) -> re.Pattern[str]:
    """Return the expression for the names that a pattern stands for, with a group for each *."""
    return re.compile("(.*)".join(map(re.escape, pattern.split(ANY))))


def name_problem(what: str, name: object) -> str | None:
    """Return the reason why a name cannot stand in a card, or None.

    Args:
        what: the kind of name, to begin the sentence with.
        name: the name.
    """
    if not isinstance(name, str):
        return f"{what} {name!r} is a {type_of(name)}, expected a string"
    if not _NAME.fullmatch(name):
        return (
            f"{what} {name!r} is not a name that Combine accepts: expected letters, digits, '_', '.' and '-', "
            f"with a letter or '_' first{_suggestion(name)}"
        )
    return None


def year_problem(what: str, year: object) -> str | None:
    """Return the reason why a year cannot end the name of a column, or None.

    Args:
        what: the kind of year, to begin the sentence with.
        year: the year.
    """
    if not isinstance(year, str):
        example = str(year) if isinstance(year, numbers.Integral) else "2022"
        return f"{what} {year!r} is a {type_of(year)}, expected a string such as {example!r}"
    if not _YEAR.fullmatch(year):
        return f"{what} {year!r} cannot end the name of a column: expected letters, digits, '_', '.' and '-'"
    return None


def group_problem(name: object) -> str | None:
    """Return the reason why a group of parameters cannot have a name, or None."""
    if name == AUTO_MC_STATS:
        return f"group {name!r}: Combine puts the parameters of the statistical uncertainty there, choose another name"
    return name_problem("group", name)


def _suggestion(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    safe = f"_{safe}" if safe[:1].isdigit() or safe[:1] in {".", "-"} else safe
    return f", for example {safe!r}" if safe else ""
