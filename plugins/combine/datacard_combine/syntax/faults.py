"""Faults of a card: their place, their gravity, and the findings that they become."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from datacard_core import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_combine.syntax.lines import Line

Result = TypeVar("Result")

LONGEST = 70
"""Largest number of characters of a line that a message shows."""


@attrs.frozen
class Affected:
    """Names of what a fault is about, each empty if it is about no single one."""

    channel: str = ""
    process: str = ""
    systematic: str = ""


NOTHING = Affected()


@attrs.frozen(kw_only=True)
class Fault:
    """One fault of a card."""

    code: str
    message: str
    severity: Severity
    is_taken: bool
    """True if Combine takes the card, so that `lenient` takes it too."""
    line: Line | None = None
    word: int | None = None
    """Place of the word in its line, from 0."""
    of: Affected = NOTHING

    def finding(self, file: str, *, lenient: bool) -> Finding:
        """Return the finding about the fault, a warning where the error is only that of a strict reader."""
        severity = self.severity
        if lenient and self.is_taken:
            severity = min(severity, Severity.WARNING)
        return Finding(
            severity,
            self.code,
            self.message + self._quoted(),
            channel=self.of.channel,
            column=self.of.process,
            systematic=self.of.systematic,
            place=f"{file}{self._numbers()}",
        )

    def _numbers(self) -> str:
        if self.line is None:
            return ""
        return f":{self.line.number}" + ("" if self.word is None else f":{self.line.column(self.word)}")

    def _quoted(self) -> str:
        if self.line is None:
            return ""
        # A card may have thousands of words in a line, and each of these has a character at least.
        words = " ".join(self.line.words[:LONGEST])
        return f"; in the line {words if len(words) <= LONGEST else words[: LONGEST - 1] + '…'!r}"


Reading: TypeAlias = Generator[Fault, None, Result]
"""Reading of a part of a card: yields its faults, and returns its result."""


def refused(
    code: str, message: str, line: Line | None = None, word: int | None = None, of: Affected = NOTHING
) -> Fault:
    """Return a fault at which Combine stops, too."""
    return Fault(code=code, message=message, severity=Severity.ERROR, is_taken=False, line=line, word=word, of=of)


def mistaken(
    code: str, message: str, line: Line | None = None, word: int | None = None, of: Affected = NOTHING
) -> Fault:
    """Return a fault that Combine takes, and means something else with, or stops at later."""
    return Fault(code=code, message=message, severity=Severity.ERROR, is_taken=True, line=line, word=word, of=of)


def doubtful(
    code: str, message: str, line: Line | None = None, word: int | None = None, of: Affected = NOTHING
) -> Fault:
    """Return a fault that Combine takes as it is written, and that is likely a mistake still."""
    return Fault(code=code, message=message, severity=Severity.WARNING, is_taken=True, line=line, word=word, of=of)


def noted(code: str, message: str, line: Line | None = None, word: int | None = None, of: Affected = NOTHING) -> Fault:
    """Return a peculiarity, for the record."""
    return Fault(code=code, message=message, severity=Severity.NOTICE, is_taken=True, line=line, word=word, of=of)


def collected(reading: Reading[Result]) -> tuple[Result, list[Fault]]:
    """Return the result of a reading, and all faults."""
    faults: list[Fault] = []
    while True:
        try:
            faults.append(next(reading))
        except StopIteration as end:
            return end.value, faults


def in_order(faults: Sequence[Fault]) -> list[Fault]:
    """Return faults in the order of their places, those of the whole card last, and each once."""
    # The lines are numbered from 1, so that a place behind the last one is that of the whole card.
    far = max((fault.line.number for fault in faults if fault.line), default=0) + 1
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line.number if fault.line else far)
