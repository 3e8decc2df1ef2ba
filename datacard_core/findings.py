"""Findings: what was noticed or treated on the way to a card, as data."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from datacard_core.errors import InputError, StrictError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(enum.IntEnum):
    """How much a finding matters."""

    NOTICE = 1
    """Expected, told for the record."""
    WARNING = 2
    """Look at it before the card is used; `strict=True` refuses it."""
    ERROR = 3
    """No card is made."""


@attrs.frozen
class Finding:
    """One thing that was noticed, with the place where it was."""

    severity: Severity = attrs.field(converter=Severity)
    code: str = attrs.field(validator=attrs.validators.instance_of(str))
    """A short stable word, to count and to filter by, such as `clipped`."""
    message: str = attrs.field(validator=attrs.validators.instance_of(str))
    """What, how much, and what to do: one sentence that stands on its own behind the place."""
    channel: str = attrs.field(default="", kw_only=True)
    column: str = attrs.field(default="", kw_only=True)
    """The `{process}_{year}` it is about, or a process or a sample where it is about more."""
    systematic: str = attrs.field(default="", kw_only=True)
    """The nuisance it is about, with `Up` or `Down` behind it where it is about one direction."""

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.channel, self.column, self.systematic)))
        return f"{self.severity.name.lower()} [{self.code}] {place + ': ' if place else ''}{self.message}"


def notice(code: str, message: str, **place: str) -> Finding:
    """A finding that is told for the record."""
    return Finding(Severity.NOTICE, code, message, **place)


def warning(code: str, message: str, **place: str) -> Finding:
    """A finding that somebody should look at."""
    return Finding(Severity.WARNING, code, message, **place)


def error(code: str, message: str, **place: str) -> Finding:
    """A finding that stops the card."""
    return Finding(Severity.ERROR, code, message, **place)


def raise_for(findings: Iterable[Finding], *, strict: bool = False) -> None:
    """Raise all errors among the findings at once, or with `strict` all warnings.

    Raises:
        InputError: there are errors.
        StrictError: `strict`, and there are warnings.
    """
    findings = tuple(findings)
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise InputError(str(finding) for finding in errors)
    if strict and (warnings := [finding for finding in findings if finding.severity is Severity.WARNING]):
        raise StrictError(warnings)


def report(findings: Iterable[Finding], *, most: int = 10) -> str:
    """The findings as text, a line each, the gravest first; of one code not more than `most`."""
    by_code: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        by_code.setdefault((finding.severity, finding.code), []).append(finding)
    lines = []
    for (severity, code), group in sorted(by_code.items(), key=lambda item: -item[0][0]):
        lines += [str(finding) for finding in group[:most]]
        if len(group) > most:
            lines.append(f"{severity.name.lower()} [{code}] … and {len(group) - most} more like these in `findings`")
    return "\n".join(lines)
