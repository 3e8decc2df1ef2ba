"""Edits of a card that was read: other names, and lines and columns that go or come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.arguments import items, type_of
from datacard_core.errors import DeclarationError
from datacard_core.grammar import ANY, is_finite_number, is_like, like
from datacard_core.names import closest, names_of, public

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

INTEGRAL = -1
"""Rate of a process that is the integral of its template."""
NAMED = ("channel", "process", "nuisance", "group")
"""Kinds of names that an edit is about; nuisances stand for all parameters, also free ones and functions."""


def _check_what(edit: Any, _: object, what: str) -> None:
    if not isinstance(what, str) or what not in NAMED:
        raise DeclarationError(f"{type(edit).__name__}: unknown kind of names {what!r}{closest(str(what), NAMED)}")


def _texts(edit: Any, _: object, texts: Any) -> None:
    # Lines of a card are split at blanks, so that a name with one would become two words.
    words = [word for pair in texts.items() for word in pair] if isinstance(texts, dict) else texts
    for word in words:
        if not isinstance(word, str) or word.split() != [word]:
            raise DeclarationError(f"{type(edit).__name__}: {word!r} ({type_of(word)}) is not a name without blanks")
    if not words:
        raise DeclarationError(f"{type(edit).__name__}: no names are given")


def _text(edit: Any, attribute: attrs.Attribute[Any], text: Any) -> None:
    # A second line would be one that no rule has looked at.
    if not isinstance(text, str) or not text.strip() or len(text.splitlines()) != 1:
        raise DeclarationError(f"{type(edit).__name__}: {attribute.name} is {text!r:.200}, expected a text of one line")


def _mapping(names: Any) -> dict[Any, Any]:
    return dict(items(names))


@public
@attrs.frozen
class Rename:
    """New names, given all at once: two names can be exchanged."""

    what: str = attrs.field(validator=_check_what)
    """One of "channel", "process", "nuisance" and "group"."""
    names: Mapping[str, str] = attrs.field(converter=_mapping, validator=_texts)
    """New names by old ones. In an old name, `*` stands for any text, which takes the place of `*` in the new one."""

    def resolved(self, known: Collection[str]) -> tuple[dict[str, str], list[str]]:
        """Return new names by old ones of those that are known, without those that stay, and problems."""
        found: dict[str, str] = {}
        problems = []
        for old, new in self.names.items():
            if old.count(ANY) != new.count(ANY):
                problems.append(
                    f"{old!r} and {new!r} have not as many *: each * of the new name is what one of the old is"
                )
                continue
            # Names with a pattern in them are taken literally nowhere: Combine has no names with a *.
            matched = {name: match for name in known if (match := like(old).fullmatch(name))}
            if not matched:
                problems.append(f"no {self.what} {old!r}{closest(old, known)}")
            for name, match in matched.items():
                made = "".join(
                    text for pair in zip(new.split(ANY), [*match.groups(), ""], strict=True) for text in pair
                )
                # Two patterns may match one name; the order of a dict must not decide what it becomes.
                if found.setdefault(name, made) != made:
                    problems.append(f"{self.what} {name!r} would be called {found[name]!r} and {made!r}")
        # Lines with names that stay are not written anew, and keep their bytes.
        return {old: new for old, new in found.items() if old != new}, problems


@public
@attrs.frozen
class Drop:
    """Names that go, with all that only they have."""

    what: str = attrs.field(validator=_check_what)
    """One of "channel", "process", "nuisance" and "group"."""
    names: tuple[str, ...] = attrs.field(converter=names_of, validator=_texts)
    """Names, in which `*` stands for any text."""
    channel: str = attrs.field(default=ANY, kw_only=True, validator=_text)
    """Channels in which a process or the effects of a nuisance go; `*` stands for any text."""
    process: str = attrs.field(default=ANY, kw_only=True, validator=_text)
    """Processes on which the effects of a nuisance go; `*` stands for any text."""

    def resolved(self, known: Collection[str]) -> tuple[dict[str, None], list[str]]:
        """Return the known names that go, and problems."""
        # A dict keeps the order of the card, a set would not.
        found = {name: None for name in known for pattern in self.names if is_like(name, pattern)}
        problems = [
            f"no {self.what} {pattern!r}{closest(pattern, known)}"
            for pattern in self.names
            if not any(is_like(name, pattern) for name in known)
        ]
        return found, problems


@public
@attrs.frozen
class Add:
    """A line that comes: a nuisance, parameter, group, edit or statistical uncertainty, as the card's language has it.

    In place of a cell for each column, a row may have words such as `tt=1.05` or `SR/tt=1.05`; `*` stands for any text.
    """

    line: str = attrs.field(validator=_text)


@public
@attrs.frozen
class AddProcess:
    """A process that comes to a channel."""

    channel: str = attrs.field(validator=_text)
    process: str = attrs.field(validator=_text)
    number: int = attrs.field()
    """Number of the process, 0 or less for a signal."""
    rate: float = attrs.field()
    """Expected events, -1 for the integral of its template."""

    @number.validator
    def _check_number(self, _: object, number: object) -> None:
        # True is an int of Python, and would be the background 1.
        if not isinstance(number, int) or isinstance(number, bool):
            raise DeclarationError(
                f"AddProcess: number is {number!r:.200}, expected a whole number, 0 or less for a signal"
            )

    @rate.validator
    def _check_rate(self, _: object, rate: float) -> None:
        if not is_finite_number(rate) or (rate < 0 and rate != INTEGRAL):
            raise DeclarationError(f"AddProcess: rate is {rate!r:.200}, expected a number of events, or -1")


CardEdit: TypeAlias = Rename | Drop | Add | AddProcess
"""An edit of a card."""
