"""The record of a finding, for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacard_core.findings import Finding


FIELDS = (
    *("code", "severity", "channel", "process", "year", "systematic", "direction", "bins", "numbers"),
    *("message", "place", "accepted"),
)
"""Names in the record of a finding."""


def finding_record(finding: Finding) -> dict[str, Any]:
    """Return all fields of a finding, with numbers that are not finite as texts.

    A column is called `process`, as Combine calls it.
    """
    return {
        "code": finding.code,
        "severity": finding.severity.name.lower(),
        "channel": finding.channel,
        "process": finding.column,
        "year": finding.year,
        "systematic": finding.systematic,
        "direction": finding.direction,
        "bins": list(finding.bins),
        "numbers": {name: value if math.isfinite(value) else str(value) for name, value in finding.numbers},
        "message": finding.message,
        "place": finding.place,
        "accepted": finding.accepted,
    }
