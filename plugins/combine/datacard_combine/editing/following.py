"""Lines that follow when names change or go: patterns, formulas, members of groups and edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.editing.lines.tree import is_global_rename
from datacard_combine.syntax.views import (
    BinLine,
    EditLine,
    GroupLine,
    McStats,
    Parameter,
    RateParam,
    Row,
    ShapesLine,
)
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.editing.lines.changes import Words
    from datacard_combine.editing.lines.patterns import Names
    from datacard_combine.editing.lines.tree import Tree
    from datacard_combine.syntax.views import View

_EXPRESSIONS = {"drop": 2, "changepdf": 0, "merge": 3, "split": 2, "freeze": 0, "flip": 2}
"""Place of the word of an edit that is a regular expression for names of nuisances, by verb."""
LITERALS = {"add": (2,), "rename": (2, 3), "merge": (2,), "split": (3, 4)}
"""Places of the words of an edit that are names of nuisances, by verb."""
_BEHIND_VERB = 3
"""Place of the first word behind the verb of an edit."""


def variants_of(view: View, names: Names, tree: Tree) -> list[Words]:
    """Return the new words of each line that a line becomes: none of one that goes, no words of one that stays."""
    found = [{}] if names.what in {"nuisance", "group"} else _placed(view, names, tree)
    if names.what == "group":
        return _exact(view.name, names, 0) if isinstance(view, GroupLine) else found
    more = _parameters(view, names)
    return [] if more is None else [{**words, **more} for words in found]


def _placed(view: View, names: Names, tree: Tree) -> list[Words]:
    """Return what becomes of the words for channels or processes."""
    is_channel = names.what == "channel"
    if (isinstance(view, BinLine) and is_channel) or (view == tree.seen.names and not is_channel):
        return [{place: names.word(word) for place, word in enumerate(view.line.words) if place and word in names.new}]
    if isinstance(view, ShapesLine):
        return _exact(view.channel if is_channel else view.process, names, 2 if is_channel else 1)
    if isinstance(view, RateParam):
        text, place = (view.channel, 2) if is_channel else (view.process, 3)
        # Combine takes both for patterns if one of them is.
        is_pattern = grammar.ANY in view.channel + view.process
        return _wild(text, names, place) if is_pattern else _exact(text, names, place)
    if isinstance(view, McStats) and is_channel:
        is_pattern = grammar.ANY in view.channel
        return _wild(view.channel, names, 0) if is_pattern else _exact(view.channel, names, 0)
    if isinstance(view, EditLine) and view.verb not in {"changepdf", "freeze"} and not is_global_rename(view):
        place = 1 if is_channel else 0
        return [{_BEHIND_VERB + place: text} for text in names.expression(view.words[place])]
    return [{}]


def _exact(name: str, names: Names, place: int) -> list[Words]:
    if name not in names.new:
        return [{}]
    return [] if names.new[name] is None else [{place: names.word(name)}]


def _wild(pattern: str, names: Names, place: int) -> list[Words]:
    return [{place: text} for text in names.wildcard(pattern)]


def _parameters(view: View, names: Names) -> Words | None:
    """Return the new words for names of parameters, None for a line that goes."""
    if isinstance(view, EditLine):
        return _of_edit(view, names)
    if isinstance(view, GroupLine):
        return {
            3 + at: "" if _goes(name, names) else new
            for at, name in enumerate(view.members)
            if (new := names.parameter(name)) != name or _goes(name, names)
        }
    words: Words = {}
    if isinstance(view, Row | RateParam | Parameter):
        if _goes(view.name, names):
            return None
        if names.what == "nuisance" and view.name in names.new:
            end = grammar.NO_FLOAT if view.line.words[0].endswith(grammar.NO_FLOAT) else ""
            words[0] = names.word(view.name) + end
    if isinstance(view, RateParam) and view.is_formula:
        words |= _of_formula(view.words, 4, names)
    elif isinstance(view, Parameter) and view.kind == "constr":
        words |= _of_formula(view.words[:2] if len(view.words) > 2 else view.words[:1], 2, names)  # noqa: PLR2004
    return words


def _goes(name: str, names: Names) -> bool:
    return names.what == "nuisance" and name in names.new and names.new[name] is None


def _of_formula(texts: Sequence[str], first: int, names: Names) -> Words:
    """Return the new words of a formula and of the list of its arguments."""
    new = (names.in_text(text, is_formula=not at) for at, text in enumerate(texts))
    return {first + at: text for at, text in enumerate(new) if text != texts[at]}


def _of_edit(view: EditLine, names: Names) -> Words | None:
    words: Words = {}
    place = _EXPRESSIONS.get(view.verb)
    if names.what != "nuisance":
        return {_BEHIND_VERB: new} if place == 0 and (new := names.parameter(view.words[0])) != view.words[0] else {}
    if place is not None:
        followed = names.expression(view.words[place])
        if not followed:
            return None
        words[_BEHIND_VERB + place] = followed[0]
    for at in (0, 1) if is_global_rename(view) else LITERALS.get(view.verb, ()):
        if _goes(view.words[at], names):
            return None
        words[_BEHIND_VERB + at] = names.word(view.words[at])
    return words
