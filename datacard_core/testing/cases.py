"""What is looked at and with which input, so that whoever reads a failure knows all of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 4000
"""Characters that an input has in a message."""


class UnmetError(AssertionError):
    """A plugin did something else than the core expects; the message is the whole of it."""


@attrs.frozen(eq=False)
class Case:
    """One object of a plugin, and what it is tried with."""

    plugin: str
    origin: str
    what: str = ""
    """Such as "systematic kind 'envelope'"."""
    given: Any = None

    def fail(self, expected: str, instead: str) -> NoReturn:
        """Say what was expected and what happened.

        Raises:
            UnmetError: always.
        """
        raise UnmetError(self._message(expected, instead))

    def expect(self, holds: object, expected: str, instead: str) -> None:
        """Fail if something does not hold."""
        if not holds:
            self.fail(expected, instead)

    @contextmanager
    def trying(self, expected: str) -> Iterator[None]:
        """Fail if anything is raised inside, with it as the cause."""
        try:
            yield
        except UnmetError:
            raise
        except Exception as error:
            raise UnmetError(self._message(expected, f"{type(error).__name__}: {error}")) from error

    def same(self, expected: str, before: Any, after: Any) -> None:
        """Fail if two results differ, and say where."""
        if before != after:
            self.fail(expected, difference(before, after))

    def _message(self, expected: str, instead: str) -> str:
        who = f"plugin {self.plugin!r} ({self.origin}){', ' if self.what else ''}{self.what}"
        lines = [f"{who}:", f"  expected: {expected}", f"  instead: {_indented(instead)}"]
        if self.given is not None:
            lines.append(f"  given: {_indented(_short(str(self.given)))}")
        return "\n".join(lines)


def difference(before: Any, after: Any) -> str:
    """Where two results differ."""
    if isinstance(before, str) and isinstance(after, str):
        return _different_line(before, after)
    if isinstance(before, bytes) and isinstance(after, bytes):
        return _different_byte(before, after)
    return f"{_short(repr(after))}, before {_short(repr(before))}"


def _different_line(before: str, after: str) -> str:
    one, two = before.splitlines(keepends=True), after.splitlines(keepends=True)
    number = next(
        (at for at, (old, new) in enumerate(zip(one, two, strict=False)) if old != new), min(len(one), len(two))
    )
    old, new = ("".join(lines[number : number + 1]) or "the end" for lines in (one, two))
    return f"line {number + 1} is {new!r}, before {old!r}"


def _different_byte(before: bytes, after: bytes) -> str:
    if len(before) != len(after):
        return f"{len(after)} bytes, before {len(before)}"
    at = next(at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
    part = slice(max(0, at - 8), at + 24)
    return f"byte {at} of {len(before)} differs: {after[part]!r}, before {before[part]!r}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
