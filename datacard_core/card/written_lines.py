"""Lines below the rates that a script writes by hand, read into the channel that they change."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_core.build.directive_rules import defined_by
from datacard_core.errors import DeclarationError
from datacard_core.findings import notice
from datacard_core.grammar import (
    COMMENT,
    CONSTRAINT_KEYWORDS,
    HEAD_WORDS,
    INERT_KEYWORDS,
    LN_N,
    NO_EFFECT,
    NO_FLOAT,
    PARAMETER_KEYWORDS,
    RATE_PARAM,
    ROW_KEYWORDS,
    SHAPE,
    SIGNAL_STRENGTH,
    cell_problem,
    keyword_of,
    name_problem,
    row_problem,
)
from datacard_core.model.channel import Statement
from datacard_core.model.directives import RawLine
from datacard_core.model.effects import Normalisation, Nuisance, WrittenCells
from datacard_core.names import closest, listing
from datacard_core.treatments.blinding import factor_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datacard_core.findings import Finding
    from datacard_core.model.channel import Channel

_EDIT = ("nuisance", "edit")
"""Beginning of a line that changes nuisances when Combine has read the card."""

_SHORTEST_RATE_PARAM = 5
"""Words of a rateParam line: name, keyword, bin, process, and a start value or a formula."""


def with_lines(channel: Channel, sections: Mapping[str, str]) -> Channel:
    """Return the channel with the rows and lines that a script wrote in place of those it has.

    Equal lines, apart from blanks, stay the nuisances and directives that they are; new ones become rows of cells and
    raw lines. Lines that are left out are told in a notice.

    Args:
        channel: the channel as it was built.
        sections: all lines below the rates by the name of their section, for messages.

    Raises:
        DeclarationError: Combine would refuse a line, or would not take it for what it says; all problems are told.
    """
    lines = [(name, line.split()) for name, text in sections.items() for line in text.splitlines()]
    # Combine skips comments and the rules between sections.
    lines = [(name, words) for name, words in lines if words and not words[0].startswith((COMMENT, "--"))]
    own = {nuisance.written_name: nuisance for nuisance in channel.nuisances}
    problems = [
        f"card {channel.bin!r}, {name}: {' '.join(words)!r:.160}: {problem}"
        for name, words in lines
        for problem in _problems(channel, own, words)
    ]
    problems += [f"card {channel.bin!r}: {problem}" for problem in _conflicts([words for _, words in lines])]
    if problems:
        raise DeclarationError(problems)
    rows = [words for _, words in lines if keyword_of(words) in ROW_KEYWORDS]
    others = [words for _, words in lines if keyword_of(words) not in ROW_KEYWORDS]
    statements, left_out = _statements(channel, others)
    left_out += [name for name in own if name not in {words[0] for words in rows}]
    changed = attrs.evolve(
        channel, nuisances=tuple(_nuisance(channel, own, words) for words in rows), statements=statements
    )
    told = [*_told(channel, left_out), *(attrs.evolve(one, channel=channel.bin) for one in factor_findings(changed))]
    return attrs.evolve(changed, findings=(*channel.findings, *(one for one in told if one not in channel.findings)))


def _problems(channel: Channel, own: Mapping[str, Nuisance], words: Sequence[str]) -> Iterator[str]:
    keyword = keyword_of(words)
    if keyword in ROW_KEYWORDS:
        yield from _row_problems(channel, own, words)
    elif keyword in PARAMETER_KEYWORDS:
        yield from _parameter_problems(channel, words)
    elif words[0] in HEAD_WORDS and keyword not in INERT_KEYWORDS:
        yield f"{words[0]!r} stands above the table"
    elif keyword not in INERT_KEYWORDS and tuple(words[:2]) != _EDIT:
        known = [*ROW_KEYWORDS, *PARAMETER_KEYWORDS, *INERT_KEYWORDS]
        yield f"its second word is not a keyword of Combine{closest(keyword, sorted(known))}"


def _row_problems(channel: Channel, own: Mapping[str, Nuisance], words: Sequence[str]) -> Iterator[str]:
    if (nuisance := own.get(words[0])) and _own_row(channel, nuisance) == list(words):
        return
    if problem := name_problem("nuisance", words[0]):
        yield problem
    if words[0] == SIGNAL_STRENGTH:
        yield f"{SIGNAL_STRENGTH!r} is the parameter that Combine scales signals with: give the row another name"
    columns = len(channel.columns)
    keyword, cells = _cells(words, columns)
    if keyword.startswith(SHAPE):
        yield "a shape row needs templates in the file: declare it as a SystematicUncertainty(typ='shape')"
    problem = row_problem(keyword)
    if problem or len(cells) < columns:
        yield f"it has {len(words) - 2} words behind {words[1]!r}, and the card {columns} columns" + (
            f": {problem}" if problem else ""
        )
        return
    for cell in cells:
        if problem := cell_problem(keyword, cell):
            yield f"cell {cell!r}: {problem}"
    if all(cell == NO_EFFECT for cell in cells):
        yield "it has an effect on no column"


def _parameter_problems(channel: Channel, words: Sequence[str]) -> Iterator[str]:
    if problem := name_problem("parameter", words[0].removesuffix(NO_FLOAT)):
        yield problem
    if words[1] != RATE_PARAM:
        return
    if words[0] == SIGNAL_STRENGTH:
        yield f"{SIGNAL_STRENGTH!r} is the parameter that Combine scales signals with already: give it another name"
    if len(words) < _SHORTEST_RATE_PARAM:
        yield "expected name, rateParam, bin, process, and a start value with a range, or a formula with its parameters"
        return
    # Combine takes channel and process of a rateParam for patterns, and fnmatch would ignore case on some systems.
    if not fnmatchcase(channel.bin, words[2]):
        yield f"bin {words[2]!r} is not the card's {channel.bin!r}, nor '*'"
    columns = [column.name for column in channel.columns]
    if not any(fnmatchcase(column, words[3]) for column in columns):
        yield f"process {words[3]!r} is not in the card{closest(words[3], columns)}"


def _conflicts(lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a problem for each name that two lines give two meanings."""
    rows: set[str] = set()
    meanings: dict[tuple[str, bool], str] = {}
    for words in lines:
        if keyword_of(words) in ROW_KEYWORDS:
            name = words[0].removesuffix(NO_FLOAT)
            if name in rows or {(name, True), (name, False)}.intersection(meanings):
                yield f"{name!r} has a second row or line: {' '.join(words)!r:.160}"
            rows.add(name)
            continue
        name, meaning = defined_by(words)
        # A constraint may stand beside the line that defines its parameter.
        key = (name, keyword_of(words) in CONSTRAINT_KEYWORDS)
        if name in rows:
            yield f"{name!r} has two meanings: it is a nuisance, in one row of its own; and {meaning}"
        elif name and meanings.setdefault(key, meaning) != meaning:
            yield f"{name!r} has two meanings: {meanings[key]}; and {meaning}"


def _statements(channel: Channel, lines: Sequence[Sequence[str]]) -> tuple[tuple[Statement, ...], list[str]]:
    """Return the directives that the lines stand for, and the lines of the channel that are not among them."""
    left = [" ".join(words) for words in lines]
    kept, left_out = [], []
    for statement in channel.statements:
        own = [" ".join(line.split()) for line in statement.lines(channel)]
        if all(line in left for line in own):
            kept.append(statement)
            left = [line for line in left if line not in own]
        else:
            left_out += own
    return (*kept, *(Statement(RawLine(line)) for line in left)), [line for line in left_out if line not in left]


def _nuisance(channel: Channel, own: Mapping[str, Nuisance], words: Sequence[str]) -> Nuisance:
    nuisance = own.get(words[0])
    if nuisance and _own_row(channel, nuisance) == list(words):
        return nuisance
    keyword, cells = _cells(words, len(channel.columns))
    columns = np.array([position for position, cell in enumerate(cells) if cell != NO_EFFECT], dtype=np.intp)
    touched = tuple(cells[position] for position in columns)
    if keyword != LN_N:
        return Nuisance(words[0], (WrittenCells(columns, keyword, touched),))
    # A single factor stands for itself upwards and its inverse downwards.
    pairs = [[float(part) for part in cell.split("/")] for cell in touched]
    up = np.array([pair[-1] for pair in pairs])
    down = np.array([pair[0] if len(pair) > 1 else 1 / pair[0] for pair in pairs])
    return Nuisance(words[0], (Normalisation(columns, up, down if any(len(pair) > 1 for pair in pairs) else None),))


def _own_row(channel: Channel, nuisance: Nuisance) -> list[str]:
    return [nuisance.written_name, *nuisance.keyword.split(), *nuisance.cells(len(channel.columns))]


def _cells(words: Sequence[str], columns: int) -> tuple[str, tuple[str, ...]]:
    """Return the words between the name and the cells of a row, and its cells."""
    # From the end: gmN has one number before its cells, unif two, and most kinds have none.
    start = max(2, len(words) - columns)
    return " ".join(words[1:start]), tuple(words[start:])


def _told(channel: Channel, left_out: Sequence[str]) -> Iterator[Finding]:
    if left_out:
        message = f"lines that the declarations make are left out by the script's own sections: {listing(left_out, 4)}"
        yield notice("own-lines", message, channel=channel.bin)
