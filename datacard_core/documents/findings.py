"""Findings that show themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datacard_core.documents.formats import MOST_ROWS
from datacard_core.documents.records import FIELDS, finding_record
from datacard_core.documents.table import PlainTable
from datacard_core.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.documents.table import Table


class Findings(tuple[Finding, ...]):
    """Findings as a tuple, with a short text, and a table in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Findings: {counted(self)}>"

    def _repr_html_(self) -> str:
        return findings_table(self).html(MOST_ROWS)


def findings_table(findings: Iterable[Finding]) -> Table:
    """Return findings as a table, the gravest first, with a record for each that has all its fields."""
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    return PlainTable(
        title="findings",
        heads=("severity", "code", "place", "finding"),
        keys=4,
        lines=[
            (
                finding.severity.name.lower(),
                finding.code,
                ", ".join(filter(None, _place(finding))),
                f"{finding.message} (accepted: {finding.accepted})" if finding.accepted else finding.message,
            )
            for finding in ordered
        ],
        fields=FIELDS,
        records=list(map(finding_record, ordered)),
        note=counted(ordered),
        repeats=True,
    )


def counted(findings: Iterable[Finding]) -> str:
    """Return the number of findings of each severity in words."""
    counts = Counter(finding.severity for finding in findings)
    words = (f"{count} {severity.name.lower()}{'s' * (count > 1)}" for severity, count in sorted(counts.items())[::-1])
    return ", ".join(words) or "none"


def _place(finding: Finding) -> tuple[str, ...]:
    return finding.place, finding.channel, finding.column, finding.systematic + finding.direction
