"""The kind `edit`: lines by which Combine changes the nuisances of a card when it reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from datacard_core import NuisanceEdit, SystematicKind, closest, grammar, hookimpl, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from datacard_core import SystematicUncertainty, Target

_PATTERNS = ("process", "channel", "name", "other")
"""Options that are regular expressions, which Combine compares with whole names."""
_NAMES = ("old", "new", "first", "second")
_NUMBERS = ("value", "first_value", "second_value")
_NEW_KINDS = ("lnN", "lnU", "trG")
"""Kinds of a nuisance that an edit makes; others need numbers or templates that the line has no place for."""


class Edit(SystematicKind):
    """A change of nuisances that are in the card, which Combine makes when it reads the card.

    `verb` is one of add, drop, rename, changepdf, merge, split, freeze and flip, and further options are the words of
    its line. `process`, `channel` and `name` are regular expressions that match whole names; without `process` and
    `channel` the edit is made on all columns. The rows in the card stay as they are, which a finding tells: declare the
    nuisances as they are meant where that is possible.
    """

    typ: ClassVar[str] = "edit"
    covers_columns: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {
        "verb": "add, drop, rename, changepdf, merge, split, freeze or flip",
        "process": "pattern of the columns, such as `top_.*`; all if not given",
        "channel": "pattern of the channels; all if not given",
        "name": "pattern of the nuisances that are changed; the name of the nuisance for add and merge",
        "kind": "kind of the nuisance, for add and changepdf",
        "value": "factor, or a (down, up) pair, for add",
        "old": "name of the nuisance, for rename",
        "new": "its new name, for rename",
        "other": "pattern of the nuisances that are merged into `name`",
        "first": "name of the first new nuisance, for split",
        "second": "name of the second new nuisance, for split",
        "first_value": "value of the first new nuisance, for split",
        "second_value": "value of the second new nuisance, for split",
        "mode": "a last word, such as addq or overwrite for add, p2n or n2p for flip, ifexists for others",
    }

    def problems(self, systematic: SystematicUncertainty) -> Iterator[str]:
        """Yield a problem for each word of the line that is missing, superfluous or wrong."""
        if systematic.processes:
            yield "kind 'edit' acts on rows of the card: leave out processes, years and value"
        options = systematic.options
        verb = options.get("verb")
        if not isinstance(verb, str) or verb not in grammar.EDITS:
            yield f"verb {verb!r}: expected one of {', '.join(grammar.EDITS)}{closest(str(verb), grammar.EDITS)}"
            return
        needed = _needed(verb)
        for option in options:
            if option not in (*needed, "verb", "mode") and option in self.options:
                yield f"option {option!r} is not one of {verb}, expected {', '.join(needed)}"
        for option in needed:
            # Without them the edit is made on all columns.
            if option not in options and option not in ("process", "channel"):
                yield f"option {option!r} is missing: {self.options[option]}"
        yield from _word_problems({option: options[option] for option in needed if option in options})
        yield from _mode_problems(verb, options.get("mode"))

    def effects(self, target: Target) -> Iterable[NuisanceEdit]:
        """Return the line, none in a channel that the pattern does not match."""
        options = target.systematic.options
        channel = options.get("channel", grammar.ANY)
        # Combine stops at an edit that names another channel, and takes a + in its pattern as it is.
        if channel != grammar.ANY and not re.fullmatch(channel.replace("+", r"\+"), target.bin):
            return ()
        verb, mode = options["verb"], options.get("mode")
        needed = _needed(verb)
        # Combine renames a param, and a nuisance in groups, in the form without columns alone.
        if verb == "rename" and not {"process", "channel", "mode"}.intersection(options):
            needed = ("old", "new")
        words = [_word(options.get(option, grammar.ANY)) for option in needed]
        return (NuisanceEdit(verb, (*words, *([] if mode is None else [mode]))),)


def _needed(verb: str) -> tuple[str, ...]:
    return tuple(word.replace(" ", "_") for word in grammar.EDITS[verb])


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "/".join(map(grammar.short, value if isinstance(value, tuple) else (value,)))


def _word_problems(given: Mapping[str, Any]) -> Iterator[str]:
    for option, value in given.items():
        if option in _NUMBERS:
            yield from _value_problems(option, value)
        elif not isinstance(value, str) or value.split() != [value]:
            yield f"{option} {value!r}: expected a word"
        elif option in _NAMES:
            if problem := grammar.name_problem(option, value):
                yield problem
        elif (
            option == "kind"
            and value not in _NEW_KINDS
            and not ("value" not in given and value in grammar.SHAPE_KEYWORDS)
        ):
            yield f"kind {value!r}: expected one of {', '.join(_NEW_KINDS)}{closest(value, _NEW_KINDS)}"
        elif option in _PATTERNS and value != grammar.ANY:
            try:
                re.compile(value)
            except re.error as error:
                yield f"{option} {value!r} is not a regular expression: {error}"


def _value_problems(option: str, value: Any) -> Iterator[str]:
    numbers = value if isinstance(value, tuple) else (value,)
    if len(numbers) not in (1, 2) or not all(map(is_finite_number, numbers)):
        yield f"{option} {value!r}: expected a number or a (down, up) pair"
    elif numbers in ((0,), (1,)):
        yield f"{option} {value!r}: Combine takes 0 and 1 for no effect, so that nothing is changed"


def _mode_problems(verb: str, mode: Any) -> Iterator[str]:
    known = grammar.EDIT_OPTIONS[verb]
    if mode is None:
        if verb == "flip":
            yield "option 'mode' is missing: p2n or n2p, from above 1 to below it or the reverse"
    elif mode not in known:
        yield f"mode {mode!r}: expected {' or '.join(known) or 'none'} for {verb}"


@hookimpl
def datacard_systematic_kinds() -> Iterable[SystematicKind]:
    """Contribute the kind edit."""
    return (Edit(),)
