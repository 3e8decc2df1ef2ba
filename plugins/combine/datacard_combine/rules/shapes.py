"""`shapes` lines: which of them hold, their keywords, and rows that need templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.meaning.shapes import ShapesLines
from datacard_combine.syntax.faults import doubtful, mistaken
from datacard_combine.syntax.views import EditLine, Parameter, ShapesLine
from datacard_core import DATA, closest, grammar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from datacard_combine.meaning.content import Content, RowOfCard
    from datacard_combine.syntax.faults import Fault
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import View

_KEYWORD = re.compile(r"\$[A-Za-z_]\w*")
_WITH_VARIATIONS = 3
"""Fields of a `shapes` line that has a place for varied templates."""


def shape_faults(views: Sequence[View], content: Content) -> Iterator[Fault]:
    """Yield the faults of templates that the text of a card shows."""
    lines = ShapesLines(content.head.shapes)
    for view in (view for view in views if isinstance(view, ShapesLine)):
        yield from _keywords(view)
    yield from _ambiguous(content, lines)
    yield from _without_process(content, lines)
    counting = lines.counting(content.head)
    yield from _without_line(content, lines, counting)
    # Each row has the columns of the card, so that their lines are looked for once.
    wrong = dict(_without_variations(content, lines, counting))
    for row in content.rows:
        if wrong and not isinstance(row, Parameter) and row.kind.startswith(grammar.SHAPE):
            yield from _variations(row, wrong)
    yield from _algorithms(content, counting)


def _keywords(view: ShapesLine) -> Iterator[Fault]:
    for place, field in enumerate(view.fields, start=3):
        for keyword in _KEYWORD.findall(field):
            # Combine replaces each keyword wherever it stands, so that more letters may follow.
            if not keyword.startswith(grammar.KEYWORDS) and "did you mean" in (
                end := closest(keyword, grammar.KEYWORDS)
            ):
                yield mistaken("shape.keyword", f"unknown keyword {keyword!r}{end}", view.line, place)


def _ambiguous(content: Content, lines: ShapesLines) -> Iterator[Fault]:
    told: set[tuple[Line, Line]] = set()
    if not any(line.channel == grammar.ANY != line.process for line in lines.by_place.values()):
        return
    for column in content.head.columns:
        found = lines.matching(column.channel, column.process)
        narrow = [line for line in found if grammar.ANY in (line.channel, line.process)]
        # A line for all processes of a channel, and one for a process of all channels.
        if len(found) == len(narrow) and len(narrow) > 1 and narrow[1].process != grammar.ANY:
            key = (narrow[0].line, narrow[1].line)
            if key not in told:
                told.add(key)
                message = (
                    f"process {column.process!r} in channel {column.channel!r} has this line and line "
                    f"{narrow[0].line.number}, which Combine takes"
                )
                yield doubtful("shape.line-ambiguous", message, narrow[1].line)


def _without_process(content: Content, lines: ShapesLines) -> Iterator[Fault]:
    """Yield lines that give several processes of a channel, or a process and the data, one template."""
    plain = [line for line in lines.by_place.values() if line.process == grammar.ANY and len(line.fields) > 1]
    plain = [line for line in plain if "$PROCESS" not in line.fields[0] + line.fields[1]]
    names = {channel: [DATA] for channel in content.head.observation} if plain else {}
    for column in content.head.columns if plain else ():
        names.setdefault(column.channel, []).append(column.process)
    for line in plain:
        of = {channel: [name for name in its if lines.of(channel, name) is line] for channel, its in names.items()}
        alike = next(((channel, its) for channel, its in of.items() if len(set(its)) > 1), None)
        if alike:
            message = f"{alike[1][0]!r} and {alike[1][1]!r} of channel {alike[0]!r} have one template: write $PROCESS"
            yield mistaken("shape.line-pattern", message, line.line, 4)


def _without_line(content: Content, lines: ShapesLines, counting: set[str]) -> Iterator[Fault]:
    if not lines.by_place or (grammar.ANY, grammar.ANY) in lines.by_place:
        return
    for place, column in enumerate(content.head.columns):
        if lines.of(column.channel, column.process) is None and content.rates[place] != 0:
            message = f"no shapes line for process {column.process!r} in channel {column.channel!r}"
            way_out = ": write FAKE for a channel without templates" if column.channel in counting else ""
            yield mistaken("shape.no-line", f"{message}{way_out}")


def _without_variations(
    content: Content, lines: ShapesLines, counting: set[str]
) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the position of each column that cannot have varied templates, with a code and the end of a message."""
    for place, column in enumerate(content.head.columns):
        line = lines.of(column.channel, column.process)
        if content.rates[place] == 0:
            continue
        if column.channel in counting:
            code = "shape.no-line" if line is None else "shape.fake-row"
            yield place, (code, f"channel {column.channel!r}, which has no templates: it does nothing")
        elif line is not None and not line.is_fake and len(line.fields) < _WITH_VARIATIONS:
            message = (
                f"{column.process!r} in channel {column.channel!r}, and line {line.line.number} has no place with "
                "$SYSTEMATIC for its templates"
            )
            code = "shape.no-pattern"
            yield place, (code, message)


def _variations(row: RowOfCard, wrong: Mapping[int, tuple[str, str]]) -> Iterator[Fault]:
    # Where such a row has no templates, it is a factor.
    if row.kind.endswith("?"):
        return
    for place, (code, message) in wrong.items():
        if row.values[place] != 0:
            word = None if isinstance(row.view, EditLine) else row.view.first + place
            yield mistaken(code, f"{row.name!r} is {row.kind} on {message}", row.view.line, word)
            return


def _algorithms(content: Content, counting: Collection[str]) -> Iterator[Fault]:
    """Yield rows that morph a column otherwise than rows above, which Combine refuses."""
    # Combine looks at the kind of the row before it looks for templates, which a row that ends in ? need not have.
    rows = [row for row in content.rows if not isinstance(row, Parameter) and row.kind.startswith(grammar.SHAPE)]
    if len({grammar.morphing(row.kind) for row in rows}) < 2:  # noqa: PLR2004 - nothing to mix
        return
    first: dict[int, RowOfCard] = {}
    for row in rows:
        for place in (place for place, value in enumerate(row.values) if value != 0):
            if content.head.columns[place].channel in counting:
                continue
            other = first.setdefault(place, row)
            if grammar.morphing(other.kind) != grammar.morphing(row.kind):
                column = content.head.columns[place]
                message = (
                    f"{row.name!r} is {row.kind}, and {other.name!r} is {other.kind} on the same process "
                    f"{column.process!r} in channel {column.channel!r}: one morphing for each"
                )
                yield mistaken("shape.mixed-algorithm", message, row.view.line)
                break
