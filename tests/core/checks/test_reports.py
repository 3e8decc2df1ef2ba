"""Findings as reports of services: SARIF and JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import attrs

from datacard_core import error, notice, warning
from datacard_core.checks.reports import junit, sarif

FOUND = [
    error("counts.kmax", "is wrong", place="my cards/SR.txt:4:6"),
    warning("large", "differs", channel="SR", column="top", systematic="jes", direction="Up", place="my cards/SR.txt"),
    notice("small", "is \x07small <&>", place="CR.txt"),
]


def test_sarif() -> None:
    """Each finding is a result with its rule, level, region and names; an accepted one is suppressed."""
    given = [FOUND[0], attrs.evolve(FOUND[1], accepted="known"), FOUND[2]]
    document = json.loads(sarif(given, {"large": "A large change."}))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = {rule["id"]: rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert rules == {"counts.kmax": "counts.kmax", "large": "A large change.", "small": "small"}
    kmax, large, small = run["results"]
    assert (kmax["ruleId"], kmax["level"]) == ("counts.kmax", "error")
    assert kmax["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20cards/SR.txt"},
        "region": {"startLine": 4, "startColumn": 6},
    }
    assert large["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "SR/top/jesUp"}]
    assert large["suppressions"] == [{"kind": "external", "justification": "known"}]
    assert (small["level"], "suppressions" in small) == ("note", False)


def test_junit() -> None:
    """A test for each card and code fails at warnings and errors, and is skipped otherwise; control characters go."""
    suite = ET.fromstring(junit([*FOUND, FOUND[1]]))  # noqa: S314 - made on this line
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    outcomes = {(case.get("classname"), case.get("name")): case[0].tag for case in suite}
    assert outcomes == {
        ("my cards/SR.txt", "counts.kmax"): "failure",
        ("my cards/SR.txt", "large"): "failure",
        ("CR.txt", "small"): "skipped",
    }
    accepted = ET.fromstring(junit([attrs.evolve(FOUND[1], accepted="known")]))  # noqa: S314
    assert accepted.get("failures") == "0"
