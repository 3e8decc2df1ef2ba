"""Names that change, in the words of a card: as they are, in patterns and in formulas."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import attrs

from datacard_combine.meaning.state import matches
from datacard_core import grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_STATISTICS = re.compile(r"prop_bin(?P<channel>.+)_bin(?P<bin>[0-9]+)(?:_(?P<process>.+))?")
"""Names of the parameters that Combine makes for statistical uncertainties."""
_MASK = "mask_"
"""Beginning of the names of the parameters that Combine makes for channels that can be masked."""


@attrs.frozen
class Names:
    """Names of a kind, and what becomes of them."""

    what: str
    known: Sequence[str]
    """All names of the kind before the edit."""
    new: Mapping[str, str | None]
    """New names of those that change; None for those that go."""

    def word(self, name: str) -> str:
        """Return the name that stands in place of a name; itself if it goes."""
        return self.new.get(name, name) or name

    def parameter(self, name: str) -> str:
        """Return the name of a parameter, which may be made of the name of a channel or process."""
        if self.what == "nuisance":
            return self.word(name)
        if self.what == "channel" and name.startswith(_MASK):
            return _MASK + self.word(name.removeprefix(_MASK))
        if (found := _STATISTICS.fullmatch(name)) and (old := found.groupdict().get(self.what)):
            start, stop = found.span(self.what)
            return name[:start] + self.word(old) + name[stop:]
        return name

    def in_text(self, text: str, *, is_formula: bool) -> str:
        """Return a formula or a list with other names of parameters."""
        # In a formula, "-" is a minus; other names may hold one.
        names = r"[A-Za-z_][\w.]*" if is_formula else r"[A-Za-z_][\w.-]*"
        return re.sub(names, lambda found: self.parameter(found.group()), text)

    def wildcard(self, pattern: str) -> tuple[str, ...]:
        """Return the patterns that match what a pattern with * matched: itself, or names; none if all of them go."""
        return self._followed(pattern, lambda name: fnmatchcase(name, pattern), lambda names: names)

    def expression(self, pattern: str) -> tuple[str, ...]:
        """Return the regular expression that matches what another one matched, none if all of it goes."""
        if pattern == grammar.ANY:
            return (pattern,)
        found = re.compile(pattern.replace("+", r"\+") if self.what == "channel" else pattern)
        return self._followed(pattern, lambda name: matches(found, name), _alternatives)

    def _followed(
        self, pattern: str, is_matched: Callable[[str], bool], of: Callable[[tuple[str, ...]], tuple[str, ...]]
    ) -> tuple[str, ...]:
        matched = [name for name in self.known if is_matched(name)]
        if not matched:
            return (pattern,)
        wanted = dict.fromkeys(new for name in matched if (new := self.new.get(name, name)) is not None)
        left = [new for name in self.known if (new := self.new.get(name, name)) is not None]
        if wanted.keys() == {name for name in left if is_matched(name)}:
            return (pattern,) if wanted else ()
        return of(tuple(wanted)) if wanted else ()


def _alternatives(names: tuple[str, ...]) -> tuple[str, ...]:
    # A point in a name matches itself too, and a name without parentheses is easier to read.
    return names if len(names) == 1 else (f"({'|'.join(map(re.escape, names))})",)
