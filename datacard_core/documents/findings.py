"""Findings that show themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datacard_core.documents.formats import MOST_ROWS, html
from datacard_core.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Findings(tuple[Finding, ...]):
    """Findings as a tuple, with a short text, and a table in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Findings: {counted(self)}>"

    def _repr_html_(self) -> str:
        return html("findings", HEADS, rows_of(self), keys=len(HEADS), note=counted(self), most=MOST_ROWS)


HEADS = ("severity", "code", "place", "finding")
"""Texts above the columns of a table of findings."""


def counted(findings: Iterable[Finding]) -> str:
    """Return the number of findings of each severity in words."""
    counts = Counter(finding.severity for finding in findings)
    words = (f"{count} {severity.name.lower()}{'s' * (count > 1)}" for severity, count in sorted(counts.items())[::-1])
    return ", ".join(words) or "none"


def rows_of(findings: Iterable[Finding]) -> Sequence[tuple[str, str, str, str]]:
    """Return a row for each finding, the gravest first."""
    return [
        (
            finding.severity.name.lower(),
            finding.code,
            ", ".join(
                filter(None, (finding.place, finding.channel, finding.column, finding.systematic + finding.direction))
            ),
            f"{finding.message} (accepted: {finding.accepted})" if finding.accepted else finding.message,
        )
        for finding in sorted(findings, key=lambda finding: -finding.severity)
    ]


def _place(finding: Finding) -> tuple[str, ...]:
    return finding.place, finding.channel, finding.column, finding.systematic + finding.direction
