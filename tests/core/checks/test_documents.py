"""Findings as documents."""

from __future__ import annotations

import json

from datacard_core import warning
from datacard_core.checks.documents import findings_document


def test_fields() -> None:
    """An entry has all fields of a finding, in JSON's own types also where a number is not finite."""
    one = warning(
        "large",
        "differs",
        channel="SR",
        column="top",
        systematic="jes",
        direction="Up",
        year="2022",
        bins=[3, 4],
        numbers={"ratio": 2.5, "limit": float("inf")},
        place="card.txt:4",
    )
    assert json.loads(json.dumps(findings_document([one]), allow_nan=False)) == {
        "findings": [
            {
                "code": "large",
                "severity": "warning",
                "channel": "SR",
                "process": "top",
                "year": "2022",
                "systematic": "jes",
                "direction": "Up",
                "bins": [3, 4],
                "numbers": {"ratio": 2.5, "limit": "inf"},
                "message": "differs",
                "place": "card.txt:4",
                "accepted": "",
            }
        ]
    }
