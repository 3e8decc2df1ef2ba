"""Findings that stop a card, and findings that an analysis accepts with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from datacard_core.arguments import scalar, scalars, tree
from datacard_core.codes import CODES
from datacard_core.errors import InputError
from datacard_core.findings import Severity, StrictError
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datacard_core.findings import Finding
    from datacard_core.hookspecs import Check, SystematicKind
    from datacard_core.plugins.families import Providers
    from datacard_core.plugins.manager import Plugins

# A default argument is shared by all calls: it is read-only, so that no script can change it.
NO_REASONS: Mapping[str, str] = MappingProxyType({})


def plain_codes(strict: Any) -> Any:
    """Return codes as a tuple, and a value of another type as it is in Python."""
    # A string is no set of codes: its letters would be, and the text "no" would count as true.
    if isinstance(strict, Iterable) and not isinstance(strict, str | bytes | Mapping):
        return scalars(strict)
    return scalar(strict)


@attrs.frozen
class Strictness:
    """The arguments `strict` and `accept` of a card; `problems` tells whether they can be used."""

    strict: bool | tuple[str, ...] = attrs.field(default=False, converter=plain_codes)
    """True if all warnings stop the card, or the codes whose findings stop it, notices too."""
    accept: Mapping[str, str] = attrs.field(default=NO_REASONS, converter=tree)
    """Reasons by code: findings of these codes stop no card, unless they are errors."""

    def problems(self, plugins: Plugins) -> Iterator[str]:
        """Yield a sentence for each argument of a wrong type, and for each code that no finding can have."""
        strict = () if isinstance(self.strict, bool) else self.strict
        # Most cards name no code, and the codes of all kinds and checks are asked for one by one.
        known = list(_known(plugins)) if strict or self.accept else []
        if isinstance(strict, tuple):
            yield from (_unknown("strict", code, known) for code in strict if code not in known)
        else:
            yield f"strict is {strict!r}, expected True, False or a set of codes, such as {{'no-variation'}}"
        if not isinstance(self.accept, Mapping):
            yield f"accept is {self.accept!r}, expected reasons by code, such as {{'clipped': 'bins of few events'}}"
            return
        for code, reason in self.accept.items():
            yield from _accept_problems(code, reason, known)
            if isinstance(strict, tuple) and code in strict:
                yield f"code {code!r} is both in strict and in accept: take it out of one of them"

    def judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings, with the reasons of those that are accepted.

        Raises:
            InputError: there are errors, which cannot be accepted.
            StrictError: there are findings that `strict` refuses, and that are not accepted.
        """
        judged = tuple(self._with_reason(finding) for finding in findings)
        if errors := [finding for finding in judged if finding.severity is Severity.ERROR]:
            raise InputError(str(finding) for finding in errors)
        if refused := [finding for finding in judged if self._refuses(finding)]:
            raise StrictError(refused)
        return judged

    def _with_reason(self, finding: Finding) -> Finding:
        accepted = "" if finding.severity is Severity.ERROR else self.accept.get(finding.code, "")
        return finding if finding.accepted == accepted else attrs.evolve(finding, accepted=accepted)

    def _refuses(self, finding: Finding) -> bool:
        if finding.accepted:
            return False
        if isinstance(self.strict, bool):
            return self.strict and finding.severity is Severity.WARNING
        return finding.code in self.strict


def _accept_problems(code: Any, reason: Any, known: Sequence[str]) -> Iterator[str]:
    if code not in known:
        yield _unknown("accept", code, known)
    elif code in CODES and CODES[code].severities == (Severity.ERROR,):
        yield f"accept: findings {code!r} are errors, which stop every card: {CODES[code].meaning}"
    if not isinstance(reason, str) or not reason.strip():
        yield f"accept: the reason for {code!r} is {reason!r}, expected a text that says why it is no problem here"


def _unknown(argument: str, code: Any, known: Sequence[str]) -> str:
    return f"{argument}: no finding has the code {code!r}{closest(code, known)}"


def _known(plugins: Plugins) -> Iterator[str]:
    """Yield the codes of the core, and of the selected kinds and checks."""
    yield from CODES
    yield from _codes_of(plugins.kinds)
    yield from _codes_of(plugins.checks)


def _codes_of(providers: Providers[SystematicKind] | Providers[Check]) -> Iterator[str]:
    for name, provided in providers.items():
        with provided.blamed(f"asking {providers.family.word} {name!r} for its codes") as contribution:
            codes = list(contribution.codes)
        yield from codes
