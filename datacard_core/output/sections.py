"""Sections of a Combine card's text, under the names of PocketCoffea's methods that write them."""

from __future__ import annotations

import math
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING

from datacard_core.grammar import AUTO_MC_STATS, COMMENT, RATE_PARAM, keyword_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREAMBLE = "preamble"
SHAPES = "shape_section"
OBSERVATION = "observation_section"
EXPECTATION = "expectation_section"
SYSTEMATICS = "systematics_section"
RATE_PARAMETERS = "rate_parameters_section"
MC_STATISTICS = "mcstat_section"

HEAD = (PREAMBLE, SHAPES, OBSERVATION, EXPECTATION)
"""Sections above the nuisances, whose content follows from declarations and templates."""

BODY = (SYSTEMATICS, RATE_PARAMETERS, MC_STATISTICS)
"""Sections below the rates, to which scripts add lines."""

RULE = "--"
"""Beginning of a line that Combine skips; cards have such lines between their sections."""

_TOLERANCE = 1e-5
"""Relative difference of two texts of one number: PocketCoffea writes rates with six digits."""


def divided(text: str) -> dict[str, str]:
    """Return the text of each section; comments belong to the section that they stand in."""
    sections: dict[str, list[str]] = {name: [] for name in (*HEAD, *BODY)}
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(RULE)]
    firsts = [line.split()[0] for line in lines]
    rate = firsts.index("rate") if "rate" in firsts else len(lines)
    # The table begins with the bins of its columns, the line before the first line of processes.
    table = firsts.index("process") - 1 if "process" in firsts else rate
    section = PREAMBLE
    for position, (line, first) in enumerate(zip(lines, firsts, strict=True)):
        if first.startswith(COMMENT):
            pass
        elif position > rate:
            section = _of_body(keyword_of(line.split()))
        elif position >= table:
            section = EXPECTATION
        else:
            section = {"shapes": SHAPES, "bin": OBSERVATION, "observation": OBSERVATION}.get(first, PREAMBLE)
        sections[section].append(f"{line}\n")
    return {name: "".join(of_section) for name, of_section in sections.items()}


def joined(sections: Mapping[str, str]) -> str:
    """Return the text of a card with these sections, in the order of the mapping."""
    rule = "-" * 80
    return "".join(f"{text.rstrip()}\n{rule}\n" for text in sections.values() if text.strip())


def head_problems(written: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    """Yield a problem for each line above the nuisances that differs in more than blanks and digits.

    Args:
        written: the sections that a script wrote.
        own: the sections of the card as it was built.
    """
    for name in HEAD:
        for line, expected in zip_longest(_lines(written[name]), _lines(own[name]), fillvalue=""):
            if not _agree(line.split(), expected.split()):
                yield (
                    f"{name}: {line or 'no line'!r:.160} in place of {expected or 'no line'!r:.160}, which follows "
                    "from the declarations and the histograms: change these; only blanks and comments are free"
                )
                break  # the lines behind it would be out of step


def _of_body(keyword: str) -> str:
    # Other lines without columns come from declared systematics, whose section PocketCoffea calls so.
    return {RATE_PARAM: RATE_PARAMETERS, "extArg": RATE_PARAMETERS, AUTO_MC_STATS: MC_STATISTICS}.get(
        keyword, SYSTEMATICS
    )


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith((COMMENT, RULE))]


def _agree(written: list[str], expected: list[str]) -> bool:
    count = expected[:1] and expected[0] in {"imax", "jmax", "kmax"}
    if count and written[:1] == expected[:1]:
        # Combine counts itself at an asterisk; words behind the number are a comment.
        return len(written) > 1 and written[1] in {"*", expected[1]}
    return len(written) == len(expected) and all(map(_same, written, expected))


def _same(word: str, expected: str) -> bool:
    if word == expected:
        return True
    with suppress(ValueError):
        return math.isclose(float(word), float(expected), rel_tol=_TOLERANCE)
    return False
