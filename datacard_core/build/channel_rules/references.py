"""Rules on lines about other lines: groups name parameters of the card, and edits its nuisances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_core.grammar import ANY, EDITS, GROUP, LN_N, SHAPE, keyword_of
from datacard_core.model.parameters import FormulaFactor, Group, NuisanceEdit
from datacard_core.names import closest, duplicates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacard_core.build.declared import DeclaredCard
    from datacard_core.model.channel import Channel

_NOT_RENAMED = ("flatParam", "constr", "trG", "gmN")
_LINEAR = ("trG", "unif", "dFD", "dFD2")
_FACTORS = (LN_N, "lnU")


def reference_problems(channel: Channel, declared: DeclaredCard) -> Iterator[str]:
    """Yield the problems of groups and edits."""
    known = {systematic.datacard_name for systematic in declared.all_systematics} | set(declared.all_nuisances)
    # Lines by which a nuisance of an earlier edit may be named.
    kinds = {nuisance.name: nuisance.keyword.split()[0] for nuisance in channel.nuisances}
    groups = (words[0] for words in map(str.split, channel.lines()) if keyword_of(words) == GROUP)
    for name in duplicates(groups):
        yield f"group {name!r} has two lines, and Combine stops at the second: declare it once"
    for statement in channel.statements:
        where = f"systematic {statement.systematic!r}"
        directive = statement.directive
        if isinstance(directive, Group):
            yield from (f"{where}: {problem}" for problem in _group_problems(channel, directive, known))
        elif isinstance(directive, NuisanceEdit):
            yield from (f"{where}: {problem}" for problem in _edit_problems(channel, directive, kinds))
            kinds |= _made_by(directive, kinds)


def _group_problems(channel: Channel, group: Group, known: Iterable[str]) -> Iterator[str]:
    formulas = {one.name for one in channel.directives if isinstance(one, FormulaFactor)}
    with_lines = {statement.systematic for statement in channel.statements}
    for member in group.members:
        if member in formulas:
            yield f"member {member!r} of group {group.name!r} is a formula, and a group is one of parameters"
        elif member not in channel.parameter_names and member not in known:
            names = sorted(channel.parameter_names)
            yield f"no parameter is called {member!r}, a member of group {group.name!r}{closest(member, names)}"
        elif member not in channel.parameter_names and member in with_lines:
            yield f"member {member!r} of group {group.name!r} has lines in the card, and is no parameter"


def _edit_problems(channel: Channel, edit: NuisanceEdit, kinds: Mapping[str, str]) -> Iterator[str]:
    words = _words_of(edit)
    columns = [column.name for column in channel.columns]
    if (process := words.get("process", ANY)) != ANY and not _matching(process, columns):
        yield f"no column matches the process {process!r}{closest(process, columns)}"
    groups = [one.name for one in channel.directives if isinstance(one, Group) and words.get("old") in one.members]
    # On some columns alone, the old name stays a nuisance.
    if groups and "process" not in words:
        yield f"{words['old']!r} is a member of group {groups[0]!r}, whose line keeps the old name: Combine stops at it"
    if "ifexists" in edit.words:
        return
    for word, names in _targets(channel, edit, words, kinds):
        found = _matching(word, names)
        if not found:
            yield f"no nuisance of the card is called {word!r}{closest(word, names)}"
        for name in found:
            if problem := _kind_problem(edit.verb, kinds.get(name, "param"), words):
                yield f"nuisance {name!r} is {kinds.get(name, 'param')}: {problem}"


def _targets(
    channel: Channel, edit: NuisanceEdit, words: Mapping[str, str], kinds: Mapping[str, str]
) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the words of an edit that name nuisances, each with the names that it may match."""
    if edit.verb == "freeze":
        yield words["name"], sorted({*kinds, *channel.parameter_names})
    elif edit.verb == "rename":
        yield re.escape(words["old"]), sorted({*kinds, *channel.parameter_names})
    elif edit.verb == "merge":
        yield words["other"], kinds
    # An edit that adds a nuisance may make it.
    elif edit.verb != "add" or words["name"] in kinds:
        yield words["name"], kinds


def _kind_problem(verb: str, kind: str, words: Mapping[str, str]) -> str:
    if verb == "rename" and kind in _NOT_RENAMED:
        return "Combine does not rename this kind"
    if verb == "flip" and kind != LN_N:
        return f"Combine flips {LN_N} alone"
    if verb == "add" and words["kind"] != kind:
        return f"it cannot be {words['kind']} on further columns"
    if verb == "changepdf" and kind != (new := words["kind"]):
        both_shapes = kind.startswith(SHAPE) and new.startswith(SHAPE)
        both_factors = {kind, new} <= {*_FACTORS, *_LINEAR}
        return "" if both_shapes or both_factors else f"Combine cannot make {new} of it"
    return ""


def _made_by(edit: NuisanceEdit, kinds: Mapping[str, str]) -> dict[str, str]:
    """Return the nuisances that an edit makes, each with its kind."""
    words = _words_of(edit)
    if edit.verb == "add":
        return {words["name"]: words["kind"]}
    of = {"rename": "old", "merge": "other", "split": "name"}.get(edit.verb)
    kind = next((kinds[name] for name in _matching(words[of], kinds)), LN_N) if of else ""
    made = {"rename": ("new",), "merge": ("name",), "split": ("first", "second")}.get(edit.verb, ())
    return {words[name]: kind for name in made}


def _words_of(edit: NuisanceEdit) -> dict[str, str]:
    names = EDITS[edit.verb]
    # The form of a rename without columns has the two names alone.
    if edit.verb == "rename" and len(edit.words) < len(names):
        names = names[-2:]
    return dict(zip(names, edit.words, strict=False))


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if re.fullmatch(pattern, name)]
