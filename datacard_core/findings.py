"""Findings: observations and treatments on the way to a card, as data."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import DatacardError, InputError, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Severity(enum.IntEnum):
    """Gravity of a finding."""

    NOTICE = 1
    """For the record."""
    WARNING = 2
    """To be looked at before the card is used; `strict=True` refuses it."""
    ERROR = 3
    """No card is made."""


@attrs.frozen
class Finding:
    """An observation or a treatment, with its place."""

    severity: Severity = attrs.field(converter=Severity)
    code: str = attrs.field(validator=attrs.validators.instance_of(str))
    """Short stable word to count and to filter by, such as `clipped`."""
    message: str = attrs.field(validator=attrs.validators.instance_of(str))
    """One sentence, to be read behind the place: the fault, its size, and the way out."""
    channel: str = attrs.field(default="", kw_only=True)
    column: str = attrs.field(default="", kw_only=True)
    """The `{process}_{year}` that is affected, or a process, a sample, or a list of columns."""
    systematic: str = attrs.field(default="", kw_only=True)
    """The nuisance that is affected, with `Up` or `Down` behind it if one direction is."""

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.channel, self.column, self.systematic)))
        return f"{self.severity.name.lower()} [{self.code}] {place + ': ' if place else ''}{self.message}"


class StrictError(DatacardError):
    """There were warnings under `strict=True`; `findings` holds them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        super().__init__(
            f"{count} warning{'s' * (count != 1)}, and strict=True refuses warnings:"
            + "".join(f"\n  - {finding}" for finding in self.findings)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.findings,), self.__dict__


def notice(code: str, message: str, **place: str) -> Finding:
    """Return a finding for the record."""
    return Finding(Severity.NOTICE, code, message, **place)


def warning(code: str, message: str, **place: str) -> Finding:
    """Return a finding to be looked at."""
    return Finding(Severity.WARNING, code, message, **place)


def error(code: str, message: str, **place: str) -> Finding:
    """Return a finding that stops the card."""
    return Finding(Severity.ERROR, code, message, **place)


def raise_for(findings: Iterable[Finding], *, strict: bool = False) -> None:
    """Raise all errors among the findings at once, or all warnings with `strict`.

    Raises:
        InputError: there are errors.
        StrictError: `strict`, and there are warnings.
    """
    findings = tuple(findings)
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise InputError(str(finding) for finding in errors)
    if strict and (warnings := [finding for finding in findings if finding.severity is Severity.WARNING]):
        raise StrictError(warnings)


def raise_together(errors: Iterable[DatacardError]) -> None:
    """Raise several errors as one that tells all problems and keeps all notes, if there are errors.

    A single error is raised unchanged. Several of one class give one of that class; of several classes they give an
    InputError with the text of each.
    """
    errors = list(errors)
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    joined = _joined(errors)
    for note in dict.fromkeys(note for error in errors for note in getattr(error, "__notes__", ())):
        joined.add_note(note)
    raise joined


def _joined(errors: Sequence[DatacardError]) -> DatacardError:
    strict = [error for error in errors if isinstance(error, StrictError)]
    if len(strict) == len(errors):
        return StrictError(dict.fromkeys(finding for error in strict for finding in error.findings))
    classes = {type(error) for error in errors if isinstance(error, ProblemsError)}
    problems = dict.fromkeys(problem for error in errors for problem in _problems(error))
    return (classes.pop() if len(classes) == 1 and not strict else InputError)(problems)


def _problems(error: DatacardError) -> Iterable[str]:
    if isinstance(error, StrictError):
        return map(str, error.findings)
    return error.problems if isinstance(error, ProblemsError) else (str(error),)


def report(findings: Iterable[Finding], *, most: int = 10) -> str:
    """Return findings as text, a line each, the gravest first, at most `most` of one code."""
    by_code: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        by_code.setdefault((finding.severity, finding.code), []).append(finding)
    lines = []
    for (severity, code), group in sorted(by_code.items(), key=lambda item: -item[0][0]):
        lines += [str(finding) for finding in group[:most]]
        if len(group) > most:
            lines.append(f"{severity.name.lower()} [{code}] … and {len(group) - most} more like these in `findings`")
    return "\n".join(lines)
