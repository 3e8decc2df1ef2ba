"""Other names for the processes and parameters of finished channels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import DeclarationError
from datacard_core.grammar import SIGNAL_STRENGTH, name_problem
from datacard_core.names import closest, duplicates, listing, misspelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.model.channel import Channel, Column, Statement
    from datacard_core.model.effects import Nuisance

# In a formula, "-" is a minus; names in lines may hold one.
_LETTERS = {"formula": r"[\w.]", "text": r"[\w.-]"}
"""Fields of directives in which names stand among other text, with the letters of names there."""
_NO_NAMES = ("source", "verb")
"""Fields of directives that are no names: files, and words of Combine's language."""


def check_new_names(channels: Iterable[Channel], names: Mapping[str, str]) -> None:
    """Refuse a map of names that cannot be applied to channels.

    Args:
        channels: the channels of all cards.
        names: new names of processes, columns and parameters, by their names in the declarations. Names that no channel
            has are left out, as analyses share one map, unless they are misspelt.

    Raises:
        DeclarationError: a name is misspelt or is not one that Combine accepts, or two would become one; all problems.
    """
    channels = tuple(channels)
    if not isinstance(names, Mapping):
        raise DeclarationError(f"names is {names!r:.80}, expected a dict such as {{'lumi': 'lumi_13p6TeV'}}")
    if problems := list(_problems(channels, names)):
        raise DeclarationError(f"names: {problem}" for problem in problems)


def renamed(channel: Channel, names: Mapping[str, str]) -> Channel:
    """Return a channel with other names of processes, columns and parameters; groups and formulas follow.

    Raises:
        DeclarationError: a directive of a plugin has one of the names in its lines.
    """
    columns = tuple(_column(column, names) for column in channel.columns)
    by_column = {old.name: new.name for old, new in zip(channel.columns, columns, strict=True)}
    changes = {old: new for old, new in {**names, **by_column}.items() if old != new}
    if not changes:
        return channel
    statements = [_statement(statement, changes) for statement in channel.statements]
    made = attrs.evolve(
        channel,
        columns=columns,
        nuisances=tuple(_nuisance(nuisance, names) for nuisance in channel.nuisances),
        statements=tuple(statements),
        shape_only_factors={
            (names.get(process, process), names.get(nuisance, nuisance), direction): factor
            for (process, nuisance, direction), factor in channel.shape_only_factors.items()
        },
        old_names={new: old for old, new in names.items() if old != new and old in _known(channel)},
    )
    if twice := duplicates(made.template_names()):
        raise DeclarationError(f"names: two templates would be called {twice[0]!r}: choose other names")
    # Read at the end, because a line may name columns and parameters of the whole channel.
    return attrs.evolve(made, statements=tuple(attrs.evolve(one, text=one.lines(made)) for one in statements))


def _problems(channels: tuple[Channel, ...], names: Mapping[str, str]) -> Iterator[str]:
    parameters = dict.fromkeys(name for channel in channels for name in _parameters(channel))
    columns = dict.fromkeys(column for channel in channels for column in channel.columns)
    known = {name for channel in channels for name in _known(channel)}
    for old, new in names.items():
        if problem := name_problem(f"the name for {old!r}:", new):
            yield problem
        # A name that the map has too is another one of the same family, such as btag_lf beside btag_hf.
        elif old not in known and misspelt(old, known - names.keys()):
            yield f"no process and no parameter is called {old!r}{closest(old, sorted(known))}"
    if SIGNAL_STRENGTH in [names.get(name, "") for name in parameters]:
        yield f"{SIGNAL_STRENGTH!r} is the parameter that Combine scales signals with: choose another name"
    by_column = {column.name: _column(column, names).name for column in columns}
    for what, made in (("parameters", {name: names.get(name, name) for name in parameters}), ("columns", by_column)):
        for twice in duplicates(made.values()):
            both = listing(repr(old) for old, new in made.items() if new == twice)
            yield f"the {what} {both} would become one, {twice!r}: give each a name of its own"


def _parameters(channel: Channel) -> Iterator[str]:
    yield from (nuisance.name for nuisance in channel.nuisances)
    yield from (directive.name for directive in channel.directives if hasattr(directive, "name"))


def _known(channel: Channel) -> set[str]:
    return {*_parameters(channel), *(name for column in channel.columns for name in (column.name, column.process))}


def _column(column: Column, names: Mapping[str, str]) -> Column:
    process = names.get(column.process, column.process)
    name = process + column.name.removeprefix(column.process)
    # The label stays, which is for people and may have come from the old name.
    return attrs.evolve(column, name=names.get(column.name, name), process=process, label=column.label)


def _nuisance(nuisance: Nuisance, names: Mapping[str, str]) -> Nuisance:
    return attrs.evolve(nuisance, name=names.get(nuisance.name, nuisance.name))


def _in_text(text: str, names: Mapping[str, str], letters: str) -> str:
    """Return a text with names replaced where they stand as whole words."""
    # The longest first: of two names that begin alike, an expression takes the first that fits.
    words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.sub(rf"(?<!{letters})(?:{words})(?!{letters})", lambda found: names[found.group()], text)


def _statement(statement: Statement, names: Mapping[str, str]) -> Statement:
    directive: Any = statement.directive
    if type(directive).__module__.partition(".")[0] != __name__.partition(".")[0]:
        if any(_in_text(line, names, _LETTERS["text"]) != line for line in statement.text or ()):
            raise DeclarationError(
                f"names: the lines of kind {statement.typ!r}, {'; '.join(statement.text or ())!r:.200}, have a name "
                "that is to be changed, and only the plugin knows how: leave the name out of the map"
            )
        return statement
    changes: dict[str, Any] = {}
    for field in attrs.fields(type(directive)):
        value = getattr(directive, field.name)
        if field.name in _LETTERS:
            changes[field.alias] = _in_text(value, names, _LETTERS[field.name])
        elif field.name not in _NO_NAMES and isinstance(value, str):
            changes[field.alias] = names.get(value, value)
        elif isinstance(value, tuple):
            changes[field.alias] = tuple(names.get(item, item) if isinstance(item, str) else item for item in value)
    return attrs.evolve(statement, directive=attrs.evolve(directive, **changes), text=None)
