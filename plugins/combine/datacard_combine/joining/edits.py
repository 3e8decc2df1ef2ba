"""`nuisance edit` lines of several cards, each for the channels of its card alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacard_combine.meaning.state import State
from datacard_combine.syntax.faults import mistaken
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.joining.parts import Part
    from datacard_combine.syntax.faults import Reading
    from datacard_combine.syntax.views import EditLine

_GLOBAL = ("freeze", "changepdf")
"""Edits that name no channel."""


def edits_of(parts: Sequence[Part]) -> Reading[list[str]]:
    """Return the edits of all cards, in their order; those that name no channel once."""
    lines: dict[str, None] = {}
    for part in parts:
        for edit in part.content.edits:
            if _is_global(edit):
                yield from _reach(parts, part, edit)
                words = edit.words
            else:
                words = _of_channels(part, edit)
            if words:
                lines[" ".join([*grammar.EDIT, edit.verb, *words])] = None
    return list(lines)


def _is_global(edit: EditLine) -> bool:
    return edit.verb in _GLOBAL or len(edit.words) == 2  # noqa: PLR2004 - rename of an old name to a new one


def _of_channels(part: Part, edit: EditLine) -> tuple[str, ...]:
    """Return the words of an edit with the new names of its channels, none if it has no channel."""
    process, channel, *others = edit.words
    state = State.of(part.content.head)
    found = dict.fromkeys(part.names[name] for name, _, _ in state.matching(channel, grammar.ANY))
    # An alternative of whole names: a common beginning could match the channels of other cards too.
    names = [re.escape(name) for name in found]
    if not names:
        return ()
    # A pattern for all channels may match no row.
    lenient = ["ifexists"] if channel == grammar.ANY and "ifexists" not in others else []
    return (process, names[0] if len(names) == 1 else f"({'|'.join(names)})", *others, *lenient)


def _reach(parts: Sequence[Part], part: Part, edit: EditLine) -> Reading[None]:
    """Tell an edit that would change a nuisance of another card, which has no such edit."""
    if edit.verb == "freeze":
        return
    pattern = re.compile(edit.words[0])
    for other in parts:
        same = any(one.verb == edit.verb and one.words == edit.words for one in other.content.edits)
        if other is not part and not same and any(pattern.fullmatch(row.name) for row in other.content.rows):
            message = f"the edit {' '.join((edit.verb, *edit.words))!r} of {part.label} would change {other.label} too"
            yield mistaken("combine.edit-scope", f"{message}: rename the nuisance in one of them, with `datacard edit`")
