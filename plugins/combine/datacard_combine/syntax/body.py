"""The lines below the rates, read one by one: nuisances, parameters, groups, edits and statistical uncertainties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.syntax.faults import mistaken, noted, refused
from datacard_combine.syntax.numbers import number_at, parsed, whole
from datacard_combine.syntax.rows import is_kind, row
from datacard_combine.syntax.views import EditLine, GroupLine, McStats, Parameter, RateParam
from datacard_core import closest, grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import BodyView

_DIGIT = re.compile("[0-9]+")
_KINDS = (*sorted(grammar.ROW_KEYWORDS), *sorted(grammar.PARAMETER_KEYWORDS), grammar.GROUP, grammar.AUTO_MC_STATS)


def body_view(line: Line) -> Reading[BodyView | None]:
    """Read a line below the rates; None for a line that Combine passes over."""
    words = without_comment(line)
    if len(words) < 2:  # noqa: PLR2004 - a name and a keyword
        yield from _passed_over(line, words)
        return None
    if is_kind(words[1]):
        return (yield from row(line, words, *name_of(words[0])))
    return (yield from _FORMS.get(words[1], _unknown)(line, words))


def without_comment(line: Line) -> tuple[str, ...]:
    """Return the words of a line below the rates before a #, none of a comment."""
    if line.text.startswith((grammar.RULE, grammar.COMMENT)):
        return ()
    # Combine looks for the # behind the first character.
    behind = line.text.find(grammar.COMMENT)
    return tuple(line.text[:behind].split()) if behind > 0 else line.words


def name_of(word: str) -> tuple[str, bool]:
    """Return the name of a nuisance as Combine takes it, and whether [nofloat] is behind it."""
    nofloat = word.endswith(grammar.NO_FLOAT)
    name = word.replace(grammar.NO_FLOAT, "") if nofloat else word
    # Combine's names become names of RooFit's parameters.
    return (f"theta{name}" if _DIGIT.match(name) else name), nofloat


def _passed_over(line: Line, words: tuple[str, ...]) -> Reading[None]:
    if len(line.words) == 1 and set(line.words[0]) == {"-"} and not line.text.startswith(grammar.RULE):
        yield noted("text.rule", "a rule behind a blank is one word, which Combine passes over", line)
    # An indented comment has no words before the #, and is one still.
    if words and grammar.COMMENT in line.text and len(line.words) > 1:
        message = f"the # begins a comment, so that Combine reads the word {words[0]!r} alone and no nuisance"
        yield mistaken("text.hash", message, line)


def _unknown(line: Line, words: tuple[str, ...]) -> Reading[BodyView | None]:
    name, keyword = words[:2]
    if set(name) == {"-"}:
        message = "a rule with blanks is read as a nuisance: write it without blanks"
        yield refused("text.rule", message, line)
    elif name.startswith("//"):
        yield refused("text.comment", "// begins no comment: write # in its place", line)
    else:
        message = f"{name!r} has the unknown kind {keyword!r}{closest(keyword, _KINDS)}"
        yield refused("row.unknown-kind", message, line, 1)
    return None


def _rate_param(line: Line, words: tuple[str, ...]) -> Reading[RateParam | None]:
    name, _ = name_of(words[0])
    if len(words) not in (5, 6):
        message = (
            f"rateParam {name!r} has {len(words) - 2} words behind the keyword, expected channel, process, and a start "
            "with or without a [low,high], or a formula without blanks and its arguments"
        )
        yield refused("rateparam.fields", message, line)
        return None
    return RateParam(line=line, name=name, channel=words[2], process=words[3], words=words[4:])


def _parameter(line: Line, words: tuple[str, ...]) -> Reading[Parameter | None]:
    (name, nofloat), kind = name_of(words[0]), words[1]
    if kind == "param" and len(words) < 4:  # noqa: PLR2004 - name, keyword, mean and width
        message = f"param {name!r} has {len(words) - 2} numbers, expected mean and width"
        yield refused("param.fields", message, line)
        return None
    return Parameter(line=line, name=name, nofloat=nofloat, kind=kind, words=words[2:])


def _group(line: Line, words: tuple[str, ...]) -> Reading[GroupLine | None]:
    name, sign = name_of(words[0])[0], words[2] if len(words) > 2 else ""  # noqa: PLR2004 - behind the keyword
    if sign not in {"=", "+="}:
        found = f"{sign!r} is" if sign else "nothing is"
        message = f"{found} behind the keyword of group {name!r}, expected = or += and then its members"
        yield refused("group.syntax", message, line, 2)
        return None
    return GroupLine(line, name, sign == "+=", words[3:])


def _mc_stats(line: Line, words: tuple[str, ...]) -> Reading[McStats | None]:
    # Combine changes the first word before it looks at the keyword, so that a channel's name changes too.
    channel, _ = name_of(words[0])
    if not 3 <= len(words) <= 5:  # noqa: PLR2004 - channel, keyword, and one to three numbers
        message = "expected a threshold, then 0 or 1 for the signal and 1 or 2 for the histogram mode if need be"
        yield refused("mcstats.fields", f"autoMCStats of {channel!r} has {len(words) - 2} words: {message}", line)
        return None
    # The text and not `number_at`, whose fault would have the code of any number.
    threshold = parsed(words[2])
    if threshold is None:
        message = f"the threshold {words[2]!r} of autoMCStats is not a number, expected a number of events"
        yield refused("mcstats.threshold", message, line, 2)
        return None
    yield from number_at(line, 2, "threshold")
    signal, mode = 0, 1
    for place, word in enumerate(words[3:], start=3):
        number = whole(word)
        if number is None:
            message = f"{word!r} is not a whole number, expected 0 or 1 for the signal, 1 or 2 for the mode"
            yield refused("mcstats.fields", message, line, place)
            return None
        signal, mode = (number, mode) if place == 3 else (signal, number)  # noqa: PLR2004 - behind the threshold
    return McStats(line=line, channel=channel, threshold=threshold, include_signal=bool(signal), hist_mode=mode)


def _edit(line: Line, words: tuple[str, ...]) -> Reading[EditLine | None]:
    verb, given = words[2] if len(words) > 2 else "", words[3:]  # noqa: PLR2004 - behind the keyword
    if verb not in grammar.EDITS:
        message = f"unknown edit {verb!r}{closest(verb, grammar.EDITS)}"
        yield refused("edit.verb", message, line, 2)
        return None
    needed = grammar.EDITS[verb]
    # A rename has a second form, `rename old new` for all channels.
    if len(given) < len(needed) and not (verb == "rename" and len(given) == 2):  # noqa: PLR2004 - old and new
        message = f"nuisance edit {verb} has {len(given)} words, expected {', '.join(needed)}"
        yield refused("edit.fields", message, line, 3)
        return None
    return EditLine(line, verb, given)


_FORMS: Mapping[str, Callable[[Line, tuple[str, ...]], Reading[BodyView | None]]] = {
    grammar.RATE_PARAM: _rate_param,
    **dict.fromkeys(grammar.PARAMETER_KEYWORDS - {grammar.RATE_PARAM}, _parameter),
    grammar.GROUP: _group,
    grammar.AUTO_MC_STATS: _mc_stats,
    grammar.EDIT[1]: _edit,
}
"""Readings of the lines that are no rows, by their second word."""
