"""Findings as documents."""

from __future__ import annotations

import json

from datacard_core import notice, warning
from datacard_core.checks.documents import findings_document, validation_document


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


def test_document_of_the_tool() -> None:
    """Findings of ValidateDatacards have the places that the tool gives them, and other findings are left out."""
    place = {"channel": "SR", "column": "top"}
    found = [
        notice("largeNormEff", "", systematic="jes", numbers={"value_d": 0.8, "value_u": 1.2, "limit": 0.1}, **place),
        notice("smallSignalProc", "", numbers={"procrate": 0.1, "sigrate_tot": 200, "limit": 0.001}, **place),
        notice("emptyBkgBin", "", channel="SR", bins=[3, 4]),
        warning("emptyProcessShape", "", **place),
        warning("same-side", "", **place),
    ]
    assert validation_document(found) == {
        "largeNormEff": {"jes": {"SR": {"top": {"value_d": 0.8, "value_u": 1.2}}}},
        "smallSignalProc": {"SR": {"top": {"procrate": 0.1, "sigrate_tot": 200.0}}},
        "emptyBkgBin": {"SR": [3, 4]},
        "emptyProcessShape": {"SR": ["top"]},
    }
