"""Lines of a Combine datacard that are no rows of columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_core.grammar.numbers import short
from datacard_core.grammar.words import AUTO_MC_STATS, COMMENT, CONSTRAINED_KEYWORDS, RATE_PARAM, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the script that combines cards, sed has the same form.
_TEMPLATES = re.compile(rf"{TEMPLATES} (.*) sha256 ([0-9a-f]*)")


def range_text(bounds: tuple[float, float] | None) -> str:
    """Return a range with a blank before it, to stand behind a number; nothing for no range."""
    return "" if bounds is None else f" [{short(bounds[0])},{short(bounds[1])}]"


def rate_param_line(name: str, process: str, initial: float, bounds: tuple[float, float] | None) -> str:
    """Return the line that lets a free parameter multiply one process of every channel in the card."""
    return f"{name} {RATE_PARAM} * {process} {short(initial)}{range_text(bounds)}"


def auto_mc_stats_line(channel: str, threshold: float, *, include_signal: bool, hist_mode: int) -> str:
    """Return the line that asks for parameters of the statistical uncertainty in each bin of a channel."""
    return f"{channel} {AUTO_MC_STATS} {short(threshold)} {int(include_signal)} {hist_mode}"


def templates_line(name: str, digest: str) -> str:
    """Return the comment by which a reader notices that the templates come from another run.

    Args:
        name: the file of the templates, relative to the directory of the card.
        digest: its SHA-256, in hexadecimal.
    """
    return f"{TEMPLATES} {name} sha256 {digest}"


def stated_templates(line: str) -> tuple[str, str] | None:
    """Return the file and the SHA-256 that a line of `templates_line` names, or None for another line."""
    found = _TEMPLATES.fullmatch(line)
    return None if found is None else (found[1], found[2])


def keyword_of(words: Sequence[str]) -> str:
    """Return the second word of a line, empty for a comment or a line of one word."""
    return "" if len(words) < 2 or words[0].startswith(COMMENT) else words[1]  # noqa: PLR2004 - the second word


def is_constraint(line: str) -> bool:
    """Return whether Combine counts a line without columns in kmax."""
    return keyword_of(line.split()) in CONSTRAINED_KEYWORDS
