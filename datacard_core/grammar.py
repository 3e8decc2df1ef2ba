"""The words of a Combine datacard, and the forms of its lines.

Writers, rules on directives, checks and readers share them from here. Sources: Combine's `python/DatacardParser.py` and
`python/ShapeTools.py`, and the chapter "Setting up the analysis" of its documentation.
"""

from __future__ import annotations

import numbers
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AUTO_MC_STATS",
    "COMMENT",
    "CONSTRAINED_KEYWORDS",
    "DATA",
    "DIRECTIONS",
    "HEAD_WORDS",
    "INERT_KEYWORDS",
    "LN_N",
    "NOMINAL_TEMPLATE",
    "NO_EFFECT",
    "PARAMETER_KEYWORDS",
    "RATE_PARAM",
    "ROW_KEYWORDS",
    "SHAPE",
    "SHAPE_OR_LN_N",
    "SIGNAL_STRENGTH",
    "VARIED_TEMPLATE",
    "auto_mc_stats_line",
    "is_constraint",
    "keyword_of",
    "name_problem",
    "number",
    "rate_param_line",
    "row_keyword",
    "template_names",
    "year_problem",
]

COMMENT: Final = "#"
"""First character of a line that Combine skips."""

NO_EFFECT: Final = "-"
"""Cell of a column that a nuisance has no effect on."""

DATA: Final = "data_obs"
"""Combine's name of the observation."""

SIGNAL_STRENGTH: Final = "r"
"""Parameter of interest of Combine's default physics model, which scales all signals."""

# Up first. The cells of lnN have the opposite order, down/up.
DIRECTIONS: Final = ("Up", "Down")
"""Endings of the templates at +1 and at -1 standard deviation."""

LN_N: Final = "lnN"
SHAPE: Final = "shape"
SHAPE_OR_LN_N: Final = "shape?"
"""Keyword of a row that is a shape on the columns with varied templates in the file, and lnN on the rest."""

AUTO_MC_STATS: Final = "autoMCStats"
RATE_PARAM: Final = "rateParam"

HEAD_WORDS: Final = frozenset(
    {"imax", "jmax", "kmax", "shapes", "bin", "Observation", "observation", "process", "rate"}
)
"""First words of the lines above the nuisances, which the card writer writes."""

ROW_KEYWORDS: Final = frozenset(
    {
        *(LN_N, "lnU", "gmM", "gmN", "trG", "unif", "dFD", "dFD2"),
        *(SHAPE, "shapeN", "shapeN2", "shapeU", SHAPE_OR_LN_N),
    }
)
"""Second words of the rows that have a cell for each column."""

CONSTRAINED_KEYWORDS: Final = frozenset({"param", "constr"})
"""Second words of the lines without columns that Combine counts in kmax."""

PARAMETER_KEYWORDS: Final = frozenset({*CONSTRAINED_KEYWORDS, "flatParam", RATE_PARAM, "extArg", "discrete"})
"""Second words of the lines that define the parameter named by their first word."""

INERT_KEYWORDS: Final = frozenset({"group", AUTO_MC_STATS})
"""Second words of the lines that leave the expected yields before the fit as they are."""

NOMINAL_TEMPLATE: Final = "$PROCESS_nominal"
"""Name of a nominal template in the file, as the card's `shapes` line states it."""

VARIED_TEMPLATE: Final = "$PROCESS_$SYSTEMATIC"
"""Name of a varied template; Combine replaces $SYSTEMATIC by the nuisance with Up or Down behind it."""


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


def number(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    # The repr of numpy's floats would be `np.float64(…)`.
    return repr(float(value))


def name_problem(what: str, name: object) -> str | None:
    """Return the reason why a name cannot stand in a card, or None.

    Args:
        what: the kind of name, to begin the sentence with.
        name: the name.
    """
    if not isinstance(name, str):
        return f"{what} {name!r} is a {type(name).__name__}, expected a string"
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
        return f"{what} {year!r} is a {type(year).__name__}, expected a string such as {example!r}"
    if not _YEAR.fullmatch(year):
        return f"{what} {year!r} cannot end the name of a column: expected letters, digits, '_', '.' and '-'"
    return None


def row_keyword(keywords: Iterable[str]) -> str:
    """Return the keyword of a row whose effects have these keywords.

    Raises:
        ValueError: Combine has no row that holds them together.
    """
    distinct = sorted(set(keywords))
    if distinct == [LN_N, SHAPE]:
        return SHAPE_OR_LN_N
    if len(distinct) != 1:
        raise ValueError(f"{' and '.join(distinct)} in one row")
    return distinct[0]


def rate_param_line(name: str, process: str, initial: float, bounds: tuple[float, float] | None) -> str:
    """Return the line that lets a free parameter multiply one process of every channel in the card."""
    limits = "" if bounds is None else f" [{_short(bounds[0])},{_short(bounds[1])}]"
    return f"{name} {RATE_PARAM} * {process} {_short(initial)}{limits}"


def auto_mc_stats_line(channel: str, threshold: float, *, include_signal: bool, hist_mode: int) -> str:
    """Return the line that asks for parameters of the statistical uncertainty in each bin of a channel."""
    return f"{channel} {AUTO_MC_STATS} {_short(threshold)} {int(include_signal)} {hist_mode}"


def keyword_of(words: Sequence[str]) -> str:
    """Return the second word of a line, empty for a comment or a line of one word."""
    return "" if len(words) < 2 or words[0].startswith(COMMENT) else words[1]  # noqa: PLR2004 - the second word


def is_constraint(line: str) -> bool:
    """Return whether Combine counts a line without columns in kmax."""
    return keyword_of(line.split()) in CONSTRAINED_KEYWORDS


def _short(value: float) -> str:
    # Combine's own cards write whole numbers without a point in these lines.
    return number(value).removesuffix(".0")


def _suggestion(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    safe = f"_{safe}" if safe[:1].isdigit() or safe[:1] in {".", "-"} else safe
    return f", for example {safe!r}" if safe else ""
