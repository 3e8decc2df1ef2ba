"""The words of a Combine datacard, and the forms of its lines.

Writers, rules on directives, checks and readers share them from here. Sources: Combine's `python/DatacardParser.py` and
`python/ShapeTools.py`, and the chapter "Setting up the analysis" of its documentation.
"""

from __future__ import annotations

import math
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
    "NOMINAL",
    "NOMINAL_TEMPLATE",
    "NO_EFFECT",
    "PARAMETER_KEYWORDS",
    "RATE_PARAM",
    "ROW_KEYWORDS",
    "SHAPE",
    "SHAPE_KEYWORDS",
    "SHAPE_OR_LN_N",
    "SIGNAL_STRENGTH",
    "TEMPLATES",
    "VARIED_TEMPLATE",
    "auto_mc_stats_line",
    "cell_problem",
    "is_constraint",
    "keyword_of",
    "name_problem",
    "number",
    "rate_param_line",
    "row_keyword",
    "row_problem",
    "template_names",
    "templates_line",
    "year_problem",
]

COMMENT: Final = "#"
"""First character of a line that Combine skips."""

TEMPLATES: Final = f"{COMMENT} templates:"
"""Beginning of the comment that names the file of the templates and its SHA-256."""

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

SHAPE_KEYWORDS: Final = frozenset({SHAPE, "shapeN", "shapeN2", "shapeU", SHAPE_OR_LN_N})
"""Keywords of the rows that have templates."""

AUTO_MC_STATS: Final = "autoMCStats"
RATE_PARAM: Final = "rateParam"

HEAD_WORDS: Final = frozenset(
    {"imax", "jmax", "kmax", "shapes", "bin", "Observation", "observation", "process", "rate"}
)
"""First words of the lines above the nuisances, which the card writer writes."""

ROW_KEYWORDS: Final = frozenset(
    {
        *(LN_N, "lnU", "gmM", "gmN", "trG", "unif", "dFD", "dFD2"),
        *SHAPE_KEYWORDS,
    }
)
"""Second words of the rows that have a cell for each column."""

CONSTRAINED_KEYWORDS: Final = frozenset({"param", "constr"})
"""Second words of the lines without columns that Combine counts in kmax."""

PARAMETER_KEYWORDS: Final = frozenset({*CONSTRAINED_KEYWORDS, "flatParam", RATE_PARAM, "extArg", "discrete"})
"""Second words of the lines that define the parameter named by their first word."""

INERT_KEYWORDS: Final = frozenset({"group", AUTO_MC_STATS})
"""Second words of the lines that leave the expected yields before the fit as they are."""

NOMINAL: Final = "nominal"
"""Variation of the nominal templates."""

NOMINAL_TEMPLATE: Final = f"$PROCESS_{NOMINAL}"
"""Name of a nominal template in the file, as the card's `shapes` line states it."""

VARIED_TEMPLATE: Final = "$PROCESS_$SYSTEMATIC"
"""Name of a varied template; Combine replaces $SYSTEMATIC by the nuisance with Up or Down behind it."""


_ARGUMENTS: Final = {"gmN": ("N",), "unif": ("lowest", "highest"), "dFD": ("steepness",), "dFD2": ("steepness",)}
"""Words behind the keyword of a row, where it has some."""

_PAIRED: Final = frozenset({LN_N, "lnU", SHAPE_OR_LN_N})
"""Rows whose cells may be pairs, down/up."""

# Combine takes a cell of 0 in rows of shapes for no effect, so that their templates would be ignored.
_ABOVE_0: Final = frozenset({LN_N, "lnU", *SHAPE_KEYWORDS})
"""Rows whose numbers are above 0."""

_SIGNED: Final = frozenset({"trG", "dFD", "dFD2"})
"""Rows whose numbers may be below 0."""

# The numbers of C and of Python alike; float() would also take digits of other scripts, "1_0" and "nan".
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COUNT = re.compile(r"[0-9]+")

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


def row_problem(keyword: str) -> str | None:
    """Return the reason why words cannot stand between the name and the cells of a row, or None."""
    words = keyword.split(" ")
    if words[0] not in ROW_KEYWORDS:
        return f"Combine has no row of that kind (its rows: {', '.join(sorted(ROW_KEYWORDS))})"
    arguments = _ARGUMENTS.get(words[0], ())
    if len(words) - 1 != len(arguments):
        return f"expected {' '.join([words[0], *arguments])!r}"
    if not all(map(_is_finite, words[1:])) or (words[0] == "gmN" and not _COUNT.fullmatch(words[1])):
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
    if not all(map(_is_finite, parts)):
        return "expected a number, two with a / between them, or -"
    if len(parts) > 1 and kind not in _PAIRED:
        return f"expected one number: Combine takes two in rows of {', '.join(sorted(_PAIRED))} only"
    lowest = min(map(float, parts))
    if kind in _ABOVE_0 and not lowest > 0:
        return f"expected numbers above 0 in a row of {kind}"
    if kind not in _SIGNED and lowest < 0:
        return f"expected a number of at least 0 in a row of {kind}"
    return None


def rate_param_line(name: str, process: str, initial: float, bounds: tuple[float, float] | None) -> str:
    """Return the line that lets a free parameter multiply one process of every channel in the card."""
    limits = "" if bounds is None else f" [{_short(bounds[0])},{_short(bounds[1])}]"
    return f"{name} {RATE_PARAM} * {process} {_short(initial)}{limits}"


def auto_mc_stats_line(channel: str, threshold: float, *, include_signal: bool, hist_mode: int) -> str:
    """Return the line that asks for parameters of the statistical uncertainty in each bin of a channel."""
    return f"{channel} {AUTO_MC_STATS} {_short(threshold)} {int(include_signal)} {hist_mode}"


def templates_line(name: str, digest: str) -> str:
    """Return the comment by which a reader notices that the templates come from another run.

    Args:
        name: the file of the templates, relative to the directory of the card.
        digest: its SHA-256, in hexadecimal.
    """
    return f"{TEMPLATES} {name} sha256 {digest}"


def keyword_of(words: Sequence[str]) -> str:
    """Return the second word of a line, empty for a comment or a line of one word."""
    return "" if len(words) < 2 or words[0].startswith(COMMENT) else words[1]  # noqa: PLR2004 - the second word


def is_constraint(line: str) -> bool:
    """Return whether Combine counts a line without columns in kmax."""
    return keyword_of(line.split()) in CONSTRAINED_KEYWORDS


def _is_finite(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _short(value: float) -> str:
    # Combine's own cards write whole numbers without a point in these lines.
    return number(value).removesuffix(".0")


def _suggestion(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    safe = f"_{safe}" if safe[:1].isdigit() or safe[:1] in {".", "-"} else safe
    return f", for example {safe!r}" if safe else ""
