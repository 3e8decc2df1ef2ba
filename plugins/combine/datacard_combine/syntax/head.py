"""The head of a card: lines up to the rates, read one by one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.syntax.faults import doubtful, mistaken, refused
from datacard_combine.syntax.numbers import number_at, whole
from datacard_combine.syntax.views import BinLine, Counts, ObservationLine, ProcessLine, RateLine, ShapesLine
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import HeadView

BYTE_ORDER_MARK = "\ufeff"
_COUNTED = {"imax": "channels", "jmax": "processes minus 1", "kmax": "nuisances"}
_ID = re.compile(r"-?[0-9]+")
_SHORTEST_SHAPES = 4
"""Words that Combine's parser needs in a `shapes` line; its shapes code needs one more, unless the file is FAKE."""


def head_view(line: Line) -> Reading[HeadView | None]:
    """Read a line above the nuisances; None for a line that Combine passes over."""
    return (yield from _FORMS.get(line.words[0], _passed_over)(line))


def is_id(word: str) -> bool:
    """Return whether a word of a `process` line begins like an id, by which Combine tells ids from names."""
    return _ID.match(word) is not None


def _observation(line: Line) -> Reading[ObservationLine]:
    return ObservationLine(line, (yield from _numbers(line, "observation")))


def _processes(line: Line) -> Reading[ProcessLine]:
    yield from ()
    return ProcessLine(line, line.words[1:])


def _rates(line: Line) -> Reading[RateLine]:
    return RateLine(line, (yield from _numbers(line, "rate")))


def _counts(line: Line) -> Reading[Counts | None]:
    keyword, *words = line.words
    # Combine would stop with an error of Python that names no line.
    if not words:
        message = f"{keyword} has no number, expected the number of {_COUNTED[keyword]}, or *"
        yield refused("counts.value", message, line)
        return None
    number = None if words[0] == grammar.ANY else whole(words[0])
    if words[0] != grammar.ANY and number is None:
        message = f"{keyword} {words[0]!r} is not a whole number, expected the number of {_COUNTED[keyword]}, or *"
        yield refused("counts.value", message, line, 1)
    # Combine keeps -1 for *.
    return Counts(line, keyword, None if number == -1 else number)


def _shapes(line: Line) -> Reading[ShapesLine | None]:
    if len(line.words) < _SHORTEST_SHAPES:
        message = f"a shapes line of {len(line.words)} words, expected process, channel, file and object"
        yield refused("shape.line", message, line)
        return None
    view = ShapesLine(line, line.words[1], line.words[2], line.words[3:])
    if len(view.fields) == 1 and not view.is_fake:
        message = f"no object in the file {view.fields[0]!r}, expected one such as $PROCESS behind the file, or FAKE"
        yield refused("shape.line", message, line)
        return None
    return view


def _bins(line: Line) -> Reading[BinLine]:
    for place, name in enumerate(line.words[1:], start=1):
        # Not isdigit, which knows digits of other scripts: Combine refuses these ten.
        if name[0] in "0123456789":
            message = f"channel {name!r} begins with a digit, which Combine refuses: write for example 'bin_{name}'"
            yield refused("name.bin", message, line, place)
    return BinLine(line, line.words[1:])


def _numbers(line: Line, what: str) -> Reading[tuple[float, ...]]:
    numbers = []
    for place, word in enumerate(line.words[1:], start=1):
        if word.startswith(grammar.COMMENT):
            message = "above the nuisances, a # inside a line begins no comment: put the comment on a line of its own"
            yield refused("text.hash", message, line, place)
            break
        numbers.append((yield from number_at(line, place, what)))
    return tuple(numbers)


def _passed_over(line: Line) -> Reading[HeadView | None]:
    first = line.words[0]
    if first.startswith(BYTE_ORDER_MARK):
        message = "the file begins with a byte order mark, so that Combine does not know the first word"
        yield doubtful("text.bom", message, line)
        return None
    if first.startswith((grammar.COMMENT, "-")):
        return None
    second = grammar.keyword_of(line.words)
    if second in grammar.ROW_KEYWORDS | grammar.PARAMETER_KEYWORDS:
        message = f"the line of {first!r} is above the rates, where Combine does not read nuisances: put it below them"
        yield mistaken("row.before-rate", message, line)
    elif first.lower() in grammar.HEAD_WORDS and len(line.words) > 1:
        message = f"Combine does not know {first!r}: its keywords have lower case, as in {first.lower()!r}"
        yield doubtful("text.keyword", message, line, 0)
    return None


_FORMS: Mapping[str, Callable[[Line], Reading[HeadView | None]]] = {
    **dict.fromkeys(_COUNTED, _counts),
    "shapes": _shapes,
    "bin": _bins,
    "observation": _observation,
    # The one keyword that Combine takes with a capital letter too.
    "Observation": _observation,
    "process": _processes,
    "rate": _rates,
}
"""Readings of the lines of the head, by their first word."""
