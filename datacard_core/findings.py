"""Findings: observations and treatments on the way to a card, as data."""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.errors import DatacardError, InputError, ProblemsError, visible
from datacard_core.names import listing, plain, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# Numbers, so that findings can be sorted by gravity.
@public
class Severity(enum.IntEnum):
    """Gravity of a finding."""

    NOTICE = 1
    """For the record."""
    WARNING = 2
    """To be looked at before the card is used; `strict=True` refuses it, unless its code is in `accept`."""
    ERROR = 3
    """No card is made."""


def _whole(bins: Iterable[int]) -> tuple[int, ...]:
    return tuple(map(int, bins))


def _pairs(numbers: Any) -> Any:
    """Return numbers by name as pairs, which can be compared and hashed."""
    return tuple(numbers.items()) if isinstance(numbers, Mapping) else tuple(numbers)


@public
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
    place: str = attrs.field(default="", kw_only=True)
    """File, line and column in a card that was read, such as `card.txt:12:5`."""
    year: str = attrs.field(default="", kw_only=True)
    """Year of the column, empty if it is not known, as in a card that was read."""
    direction: str = attrs.field(default="", kw_only=True)
    """`Up` or `Down`, if one direction is affected and `systematic` does not end in it."""
    bins: tuple[int, ...] = attrs.field(default=(), converter=_whole, kw_only=True)
    """Bins of the channel that are affected, from 1."""
    numbers: tuple[tuple[str, float], ...] = attrs.field(default=(), converter=_pairs, kw_only=True)
    """Measured numbers by name, with the `limit` if there is one; given as a dict or as pairs."""
    accepted: str = attrs.field(default="", kw_only=True)
    """Reason from `accept` for which the analysis accepts findings of this code; empty if it does not accept them."""

    def __str__(self) -> str:
        return _in(self.channel, self)


@public
class StrictError(DatacardError):
    """There were findings that `strict` refuses; `findings` holds them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        way_out = f"accept={{{self.findings[0].code!r}: 'your reason'}}" if self.findings else "accept"
        super().__init__(
            f"{count} finding{'s' * (count != 1)} that strict refuses (a code can be accepted: {way_out}):"
            + "".join(f"\n  - {_line(alike)}" for alike in _shared(self.findings))
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, pickle gives the message to the constructor, which takes findings. The dict keeps notes.
        return type(self), (self.findings,), self.__dict__


@public
class CardError(InputError):
    """A card cannot be read as it is; `findings` holds the errors, each with its place."""

    # Not a Model by its annotation: the model stands above the findings.
    model: Any = None
    """The model that Combine would make all the same, with all findings, if the reader gives it; for checks alone."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        # The severity is that of all of them.
        super().__init__(str(finding).removeprefix(f"{finding.severity.name.lower()} ") for finding in self.findings)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.findings,), self.__dict__


def own(finding: Finding) -> Finding:
    """Return a copy of a finding with plain strings of one line; of a subclass, the fields of a finding.

    Raises:
        TypeError: a field is of another type.
        ValueError: the severity is none.
    """
    texts = {name: getattr(finding, name) for name in _TEXTS}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{name} of a finding is not a string")
        # Most fields are empty, and a check may have ten thousands of findings.
        texts[name] = _line_of(text) if text else ""
    if not finding.bins and not finding.numbers:
        return Finding(finding.severity, **texts)
    numbers = [(_line_of(str(name)), float(value)) for name, value in finding.numbers]
    return Finding(finding.severity, **texts, bins=finding.bins, numbers=numbers)


_TEXTS = ("code", "message", "channel", "column", "systematic", "place", "year", "direction")


def _line_of(text: str) -> str:
    text = plain(text)
    # A terminal would obey control characters, and the lines of a report stand for a finding each.
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def notice(code: str, message: str, **place: Any) -> Finding:
    """Return a finding for the record."""
    return Finding(Severity.NOTICE, code, message, **place)


def warning(code: str, message: str, **place: Any) -> Finding:
    """Return a finding to be looked at."""
    return Finding(Severity.WARNING, code, message, **place)


def error(code: str, message: str, **place: Any) -> Finding:
    """Return a finding that stops the card."""
    return Finding(Severity.ERROR, code, message, **place)


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
    for of in (StrictError, CardError):
        alike = [error for error in errors if isinstance(error, of)]
        if len(alike) == len(errors):
            return of(dict.fromkeys(finding for error in alike for finding in error.findings))
    has_findings = any(isinstance(error, StrictError | CardError) for error in errors)
    classes = {type(error) for error in errors if isinstance(error, ProblemsError)}
    # A problem that several categories share is told once.
    problems = dict.fromkeys(problem for error in errors for problem in _problems(error))
    return (classes.pop() if len(classes) == 1 and not has_findings else InputError)(problems)


def _problems(error: DatacardError) -> Iterable[str]:
    if isinstance(error, StrictError):
        return map(str, error.findings)
    return error.problems if isinstance(error, ProblemsError) else (str(error),)


def report(findings: Iterable[Finding], *, most: int = 10) -> str:
    """Return findings as text, a line each, the gravest first, at most `most` of one code.

    Findings that several channels share have one line, with the channels.
    """
    by_code: dict[tuple[Severity, str], list[list[Finding]]] = {}
    for alike in _shared(findings):
        by_code.setdefault((alike[0].severity, alike[0].code), []).append(alike)
    lines: list[str] = []
    # Sorting is stable: codes of one severity keep the order of their first findings.
    for (severity, code), groups in sorted(by_code.items(), key=lambda item: -item[0][0]):
        lines += map(_line, groups[:most])
        if rest := sum(map(len, groups[most:])):
            lines.append(f"{severity.name.lower()} [{code}] … and {rest} more like these in `findings`")
    return "\n".join(lines)


def print_report(findings: Iterable[Finding]) -> None:
    """Print findings as text to standard error, if there are any."""
    if text := report(findings):
        print(text, file=sys.stderr)  # noqa: T201 - called where verbose=True asks for it


def _shared(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """Return findings that differ in their channel alone together, in the order of the first of them."""
    # The fields as key, because copies of ten thousands of findings without their channel would take seconds.
    shared: dict[tuple[Severity, str, str, str, str, str, str, str], list[Finding]] = {}
    for one in findings:
        place = (one.column, one.systematic, one.direction, one.place)
        rest = (one.severity, one.code, one.message, *place, one.accepted)
        shared.setdefault(rest, []).append(one)
    return shared.values()


def _line(alike: Sequence[Finding]) -> str:
    """Return the text of findings that differ in their channel alone."""
    return _in(listing(dict.fromkeys(finding.channel for finding in alike)), alike[0])


def _in(channels: str, finding: Finding) -> str:
    """Return the text of a finding in one or several channels."""
    # Joined, as the names of templates are.
    systematic = finding.systematic + finding.direction
    place = ", ".join(filter(None, (finding.place, channels, finding.column, systematic)))
    reason = f" (accepted: {finding.accepted})" if finding.accepted else ""
    severity = finding.severity.name.lower()
    return visible(f"{severity} [{finding.code}] {place + ': ' if place else ''}{finding.message}{reason}")
