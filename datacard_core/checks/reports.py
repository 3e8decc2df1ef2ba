"""Findings as reports that services for continuous integration show: SARIF and JUnit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, tostring

from datacard_core.findings import Severity
from datacard_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacard_core.findings import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.NOTICE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}
_PLACE = re.compile(r"(?P<file>.*?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?", re.DOTALL)
# XML has no place for control characters, escaped or not.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sarif(findings: Sequence[Finding], meanings: Mapping[str, str]) -> str:
    """Return findings as SARIF 2.1.0, those that are accepted as suppressed with their reason.

    Args:
        findings: the findings.
        meanings: a sentence about each code.
    """
    # Sorted, because the order of a set differs from run to run.
    codes = sorted({finding.code for finding in findings})
    rules = [{"id": code, "shortDescription": {"text": meanings.get(code, code)}} for code in codes]
    driver = {"name": "datacard check", "version": __version__, "rules": rules}
    results = [_result(finding) for finding in findings]
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(document, indent=1, ensure_ascii=False)


def _result(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if finding.place and (found := _PLACE.fullmatch(finding.place)):
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(found["file"])}}
        if found["line"]:
            column = {"startColumn": int(found["column"])} if found["column"] else {}
            physical["region"] = {"startLine": int(found["line"]), **column}
        location["physicalLocation"] = physical
    if names := [finding.channel, finding.column, finding.systematic + finding.direction]:
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(filter(None, names))}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
    }
    if finding.accepted:
        # Suppressed results stay in the document, with the reason for a reviewer.
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result


def _uri(file: str) -> str:
    """Return a path as a reference to a URI, in which blanks and non-ASCII letters are escaped."""
    return "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "/._-~") else f"%{byte:02X}"
        for byte in file.encode("utf-8", "surrogateescape")
    )


def junit(findings: Iterable[Finding]) -> str:
    """Return findings as JUnit's XML: a test for each card and code, which fails at warnings and errors.

    Tests whose findings are all accepted, or notices, are skipped with their text.
    """
    tests: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found = _PLACE.fullmatch(finding.place)
        tests.setdefault((found["file"] if found else "", finding.code), []).append(finding)
    suite = Element("testsuite", name="datacard check", tests=str(len(tests)))
    failures = 0
    for (file, code), alike in tests.items():
        case = SubElement(suite, "testcase", classname=_for_xml(file) or "cards", name=code)
        counting = [one for one in alike if one.severity > Severity.NOTICE and not one.accepted]
        failures += bool(counting)
        told = SubElement(case, "failure" if counting else "skipped", message=_for_xml(str((counting or alike)[0])))
        told.text = _for_xml("\n".join(map(str, counting or alike))) if counting else None
    suite.set("failures", str(failures))
    return tostring(suite, encoding="unicode", xml_declaration=True)


def _for_xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
