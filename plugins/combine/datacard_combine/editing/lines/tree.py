"""A card that is edited: its lines, their meaning, and what all of them make together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.columns import seen_of
from datacard_combine.syntax.faults import collected
from datacard_combine.syntax.views import EditLine, GroupLine, HeadView, Parameter, RateParam, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_combine.meaning.columns import Seen
    from datacard_combine.meaning.content import Content
    from datacard_combine.syntax.lines import Line
    from datacard_combine.syntax.views import View

_NEW_NAMES = {"add": (2,), "rename": (3,), "merge": (2,), "split": (3, 4)}
"""Places of the words of an edit that may bring a nuisance, by verb."""


@attrs.frozen(eq=False, slots=False, kw_only=True)
class Tree:
    """All of a card."""

    file: str
    """Name of the file, for messages."""
    lines: Sequence[Line]
    views: Sequence[View]
    content: Content

    @cached_property
    def seen(self) -> Seen:
        """The lines of the head by their meaning."""
        return collected(seen_of(view for view in self.views if isinstance(view, HeadView)))[0]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters, in the order of the lines that define them."""
        return tuple(dict.fromkeys(self._parameters()))

    def _parameters(self) -> Iterator[str]:
        for view in self.views:
            if isinstance(view, Row | RateParam | Parameter):
                yield view.name
            elif isinstance(view, EditLine):
                places = (1,) if is_global_rename(view) else _NEW_NAMES.get(view.verb, ())
                yield from (view.words[place] for place in places)

    def known(self, what: str) -> tuple[str, ...]:
        """Return all names of a kind, in the order of the card."""
        head = self.content.head
        if what == "nuisance":
            return self.parameters
        if what == "group":
            return tuple(dict.fromkeys(view.name for view in self.views if isinstance(view, GroupLine)))
        return tuple(dict.fromkeys(head.channels)) if what == "channel" else head.processes

    def told(self, problem: str) -> str:
        """Return a problem with the name of the file, if it has no place in it."""
        return problem if problem.startswith(f"{self.file}:") else f"{self.file}: {problem}"

    def place(self, line: Line, word: int = 0) -> str:
        """Return file, line and column of a word, for messages."""
        return f"{self.file}:{line.number}:{line.column(word)}"


def is_global_rename(edit: EditLine) -> bool:
    """Return whether an edit is a rename of an old name to a new one on all columns."""
    return edit.verb == "rename" and len(edit.words) == 2  # noqa: PLR2004 - old and new
