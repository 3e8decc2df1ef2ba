"""Findings in short: a line for each kind, with its number and the worst case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_core.errors import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.findings import Finding

# Severity and code, and one reason: accepted findings of a code stand apart from others.
_Kind = tuple[int, str, str]


def summary(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield a line for each severity and code: how many findings there are, and the worst of them.

    The worst one has the largest first number, or comes first where findings have no numbers. The gravest kinds come
    first.
    """
    kinds: dict[_Kind, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((-finding.severity, finding.code, finding.accepted), []).append(finding)
    # Sorting is stable: kinds of one severity keep the order of their first findings.
    for _, alike in sorted(kinds.items(), key=lambda item: item[0][0]):
        worst = max(alike, key=_size)
        number = f"{len(alike)} times, such as " if len(alike) > 1 else ""
        severity, text = f"{worst.severity.name.lower()} [{worst.code}]", str(worst)
        yield visible(f"{severity} {number}{text.removeprefix(severity).strip()}")


def _size(finding: Finding) -> float:
    """Return how large the first number of a finding is; -1 without numbers."""
    return abs(finding.numbers[0][1]) if finding.numbers else -1.0
