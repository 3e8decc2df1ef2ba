"""Findings that are accepted with a reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError, InputError
from datacard_core.findings import warning
from datacard_core.inputs.paths import expanded
from datacard_core.names import closest, public

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from datacard_core.findings import Finding


@public
@attrs.frozen(kw_only=True)
class Acceptance:
    """Findings that are accepted, with the reason. Names may be patterns, such as `ttbb_*`; "*" stands for all."""

    code: str
    """Code of the findings."""
    reason: str
    """Reason for which they are no problem, which is shown with them."""
    channel: str = "*"
    process: str = "*"
    """Process, as it is called in the card."""
    systematic: str = "*"

    def takes(self, finding: Finding) -> bool:
        """Return whether a finding is accepted."""
        names = (finding.code, finding.channel, finding.column, finding.systematic)
        patterns = (self.code, self.channel, self.process, self.systematic)
        return all(map(fnmatchcase, names, patterns))


_FIELDS = tuple(field.name for field in attrs.fields(Acceptance))


def read_acceptances(path: str | os.PathLike[str]) -> tuple[Acceptance, ...]:
    """Return the entries `[[accept]]` of a TOML file, each with `code`, `reason` and any of the other fields.

    Raises:
        DeclarationError: an entry has no code or no reason, or a field that there is not; all problems.
        InputError: the file cannot be read, or is no TOML.
    """
    try:
        content = tomllib.loads(Path(expanded(path)).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the acceptances {path} cannot be read: {error}") from error
    if unknown := content.keys() - {"accept"}:
        raise DeclarationError(f"{path}: {min(unknown)!r} is none of its sections, expected [[accept]]")
    return acceptances(content.get("accept", ()), where=f"{path}: ")


def acceptances(given: Any, *, where: str = "") -> tuple[Acceptance, ...]:
    """Return what is accepted: entries as `Acceptance` or dicts, or reasons by code.

    Raises:
        DeclarationError: there are entries that cannot be used; all problems.
    """
    # The short form, reasons by code, is that of `accept=` of an analysis.
    entries = [{"code": code, "reason": reason} for code, reason in given.items()] if _is_map(given) else given
    # A text is a sequence too, of letters.
    if isinstance(entries, str | bytes) or not isinstance(entries, Iterable):
        raise DeclarationError(f"{where}accept is {shown(entries)}, expected reasons by code, or entries")
    found = [attrs.asdict(entry) if isinstance(entry, Acceptance) else entry for entry in entries]
    if problems := [f"{where}{problem}" for entry in found for problem in _problems(entry)]:
        raise DeclarationError(problems)
    return tuple(Acceptance(**entry) for entry in found)


def _is_map(given: Any) -> bool:
    return isinstance(given, Mapping)


def _problems(entry: Any) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"an entry of accept is {shown(entry)}, expected `code`, `reason` and names"
        return
    yield from (f"{name!r} is no field{closest(name, _FIELDS)}" for name in entry if name not in _FIELDS)
    for name in _FIELDS:
        value = entry.get(name, "" if name in {"code", "reason"} else "*")
        if not isinstance(value, str) or not value.strip():
            yield f"{name} of {entry.get('code', 'an entry')!r} is {shown(value)}, expected a text"


def accepted(findings: Iterable[Finding], entries: Sequence[Acceptance]) -> Iterator[Finding]:
    """Yield the findings with the reasons of those that are accepted, and a warning for each entry without any.

    The first entry that takes a finding gives the reason.
    """
    # Of entries that take nothing: the finding has gone, or a name is misspelt.
    used: set[Acceptance] = set()
    for finding in findings:
        taking = next((entry for entry in entries if entry.takes(finding)), None)
        if taking is None:
            yield finding
        else:
            used.add(taking)
            yield attrs.evolve(finding, accepted=taking.reason)
    for entry in entries:
        if entry not in used:
            message = f"no finding {entry.code!r} is there to be accepted with the reason {entry.reason!r}: remove it"
            yield warning("unused-acceptance", message)
