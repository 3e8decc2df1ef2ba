"""Findings as documents for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacard_core.documents.records import finding_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core.findings import Finding


def findings_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return findings for JSON: all fields of each, and numbers that are not finite as texts."""
    return {"findings": [finding_record(finding) for finding in findings]}


OF_PAIRS = (
    "uncertVarySameDirect",
    "uncertTemplSame",
    "emptySystematicShape",
    "largeNormEff",
    "smallShapeEff",
    "smallShapeEff1bin",
)
"""Codes of ValidateDatacards about a nuisance and a process."""


def validation_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the findings of ValidateDatacards as the tool writes them to JSON; other findings are left out."""
    document: dict[str, Any] = {}
    for finding in findings:
        code, channel, column = finding.code, finding.channel, finding.column
        # The limit is ours: the tool writes what it measured alone.
        numbers = {name: value for name, value in finding.numbers if name != "limit"}
        found = document.setdefault(code, {})
        if code in OF_PAIRS:
            found.setdefault(finding.systematic, {}).setdefault(channel, {})[column] = numbers
        elif code == "smallSignalProc":
            found.setdefault(channel, {})[column] = numbers
        elif code == "emptyProcessShape":
            found.setdefault(channel, []).append(column)
        elif code == "emptyBkgBin":
            found.setdefault(channel, []).extend(finding.bins)
        else:
            # Findings of our own checks, for which the tool has no key.
            del document[code]
    return document
