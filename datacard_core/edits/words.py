"""Edits as words, of a command line and of a file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from datacard_core.edits.values import Add, AddProcess, Drop, Rename
from datacard_core.errors import DeclarationError, InputError
from datacard_core.grammar import ANY
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datacard_core.edits.values import CardEdit


def _rename(what: str, pairs: str) -> Rename:
    names = {}
    for pair in pairs.split(","):
        old, _, new = pair.partition("=")
        # An empty new name would join two blanks of a line, and shift its columns.
        if not (old and new):
            raise DeclarationError(f"{pair!r} is not OLD=NEW")
        names[old] = new
    return Rename(what, names)


def _drop(what: str, words: str) -> Drop:
    names, _, where = words.partition("@")
    channel, _, process = where.partition("/")
    # Without a place the names go everywhere.
    return Drop(what, tuple(names.split(",")), channel=channel or ANY, process=process or ANY)


def _add_process(channel: str, process: str, number: str, rate: str) -> AddProcess:
    try:
        return AddProcess(channel, process, int(number), float(rate))
    except ValueError as error:
        message = f"{number!r} and {rate!r}: expected a whole number and the number of expected events"
        raise DeclarationError(message) from error


_MAKERS: Mapping[str, Callable[..., CardEdit]] = {
    "rename": _rename,
    "drop": _drop,
    "add": Add,
    "add-process": _add_process,
}
WORDS: Mapping[str, str] = {
    "rename": "WHAT OLD=NEW,...",
    "drop": "WHAT NAME,...",
    "add": "LINE",
    "add-process": "CHANNEL NAME ID RATE",
}
"""Words that an edit needs, by its name."""


def edit_of(name: str, words: Sequence[str]) -> CardEdit:
    """Return the edit with a name and words.

    Raises:
        DeclarationError: there is none.
    """
    if name not in WORDS:
        raise DeclarationError(f"unknown edit {name!r}{closest(name, WORDS)}")
    # A line of a card is one word of the command line, and many of a file.
    words = [" ".join(words)] if name == "add" and words else words
    if len(words) != len(WORDS[name].split()):
        raise DeclarationError(f"{name} has {len(words)} words, expected {name} {WORDS[name]}")
    try:
        return _MAKERS[name](*words)
    except DeclarationError as error:
        raise DeclarationError(f"{name} {' '.join(words)}: {error}; expected {name} {WORDS[name]}") from error


def edits_in(path: Path) -> list[CardEdit]:
    """Return the edits of a file, which has one in a line; a # begins a comment.

    Raises:
        DeclarationError: lines are no edits; all of them.
        InputError: the file cannot be read.
    """
    # All lines first: a card is edited by all edits of a file or by none.
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the edits {path} cannot be read: {error}") from error
    edits: list[CardEdit] = []
    problems = []
    for number, line in enumerate(lines, start=1):
        try:
            # As a shell splits words, so that a line can be copied from the command line.
            if words := shlex.split(line, comments=True):
                edits.append(edit_of(words[0], words[1:]))
        except (DeclarationError, ValueError) as error:
            problems.append(f"{path.name}:{number}: {error}")
    if problems:
        raise DeclarationError(problems)
    return edits
