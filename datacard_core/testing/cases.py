"""Cases: one object under test with its input, and the message of a failure."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 2000
"""Largest number of characters that a message shows of an input."""


class UnmetError(AssertionError):
    """An expectation that a plugin does not meet; the message is complete without a traceback."""


@attrs.frozen(eq=False, kw_only=True)
class Case:
    """One object of a plugin, and the input that it is tested with."""

    plugin: str
    origin: str
    what: str = ""
    """Description of the object, for example "systematic kind 'envelope'"."""
    given: Any = None
    """The input; a message shows its `str`."""

    def fail(self, expected: str, instead: str) -> NoReturn:
        """Fail with the expectation and the result.

        Raises:
            UnmetError: always.
        """
        raise UnmetError(self._message(expected, instead))

    def expect(self, holds: object, expected: str, instead: str) -> None:
        """Fail if a condition does not hold."""
        if not holds:
            self.fail(expected, instead)

    @contextmanager
    def trying(self, expected: str) -> Iterator[None]:
        """Fail if an exception is raised inside, which becomes the cause of the failure."""
        try:
            yield
        except UnmetError:
            raise
        except Exception as error:
            raise UnmetError(self._message(expected, f"{type(error).__name__}: {error}")) from error

    def same(self, expected: str, before: Any, after: Any) -> None:
        """Fail with the first difference if two results differ."""
        if before != after:
            self.fail(expected, difference(before, after))

    def _message(self, expected: str, instead: str) -> str:
        subject = f"plugin {self.plugin!r} ({self.origin}){', ' if self.what else ''}{self.what}"
        lines = [f"{subject}:", f"  expected: {expected}", f"  instead: {_indented(instead)}"]
        if self.given is not None:
            lines.append(f"  given: {_indented(_short(str(self.given)))}")
        return "\n".join(lines)


def difference(before: Any, after: Any) -> str:
    """Describe the first difference of two results."""
    if isinstance(before, str) and isinstance(after, str):
        return _different_line(before, after)
    if isinstance(before, bytes) and isinstance(after, bytes):
        return _different_byte(before, after)
    return f"{_short(repr(after))}, before {_short(repr(before))}"


def _different_line(before: str, after: str) -> str:
    # With their ends, because two texts may differ in a line end only.
    old_lines, new_lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    number = next(
        (at for at, (old, new) in enumerate(zip(old_lines, new_lines, strict=False)) if old != new),
        min(len(old_lines), len(new_lines)),
    )
    old, new = ("".join(lines[number : number + 1]) or "the end" for lines in (old_lines, new_lines))
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
