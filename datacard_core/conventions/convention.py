"""A convention: patterns of names, each with a class and a description."""

from __future__ import annotations

import difflib
import re
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Sequence

CUSTOM = "custom"
"""Class of names that belong to one analysis: each needs a description of its own."""


@public
@attrs.frozen(slots=False)
class NamePattern:
    """One entry of a convention."""

    pattern: str
    """Regular expression for the whole name."""
    of: str
    """Class, such as `luminosity`."""
    description: str = ""
    example: str = attrs.field(default=attrs.Factory(lambda self: self.pattern, takes_self=True))
    """A name that the pattern takes, for messages."""

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def takes(self, name: str) -> bool:
        """Return whether a name follows the pattern."""
        # A name that is written as it is may hold a point or a plus, which mean something else in an expression.
        return name == self.pattern or self._compiled.fullmatch(name) is not None


@public
@attrs.frozen
class Convention:
    """Patterns of names, of which the first that takes a name decides."""

    name: str
    patterns: tuple[NamePattern, ...]

    def pattern_of(self, name: str) -> NamePattern | None:
        """Return the pattern of a name, None if no pattern takes it."""
        # The first, so that a file can have exceptions above a general pattern.
        return next((pattern for pattern in self.patterns if pattern.takes(name)), None)

    def examples_like(self, name: str) -> Sequence[str]:
        """Return the examples that are most like a name."""
        return difflib.get_close_matches(name, [pattern.example for pattern in self.patterns], n=1, cutoff=0.6)
