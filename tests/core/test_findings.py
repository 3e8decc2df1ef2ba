"""Findings as text, and what becomes of the grave ones."""

from __future__ import annotations

import pytest

from datacard_core import Finding, InputError, Severity, StrictError, error, notice, report, warning
from datacard_core.findings import raise_for


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({}, "warning [clipped] 2 bins"),
        ({"channel": "SR_run3"}, "warning [clipped] SR_run3: 2 bins"),
        ({"column": "ttbar_2024", "channel": "SR_run3"}, "warning [clipped] SR_run3, ttbar_2024: 2 bins"),
        (
            {"systematic": "JERUp", "column": "ttbar_2024", "channel": "SR_run3"},
            "warning [clipped] SR_run3, ttbar_2024, JERUp: 2 bins",
        ),
        ({"systematic": "JERUp"}, "warning [clipped] JERUp: 2 bins"),
    ],
)
def test_the_text_has_severity_code_and_place_from_the_large_to_the_small(place: dict[str, str], text: str) -> None:
    assert str(warning("clipped", "2 bins", **place)) == text


def test_each_severity_has_its_function() -> None:
    assert [make("a", "b").severity for make in (notice, warning, error)] == sorted(Severity)
    assert warning("a", "b", channel="SR") == Finding(Severity.WARNING, "a", "b", channel="SR")


def test_the_gravest_come_first_and_others_in_their_order() -> None:
    findings = [
        notice("b", "1"),
        warning("z", "2"),
        notice("a", "3"),
        error("c", "4"),
        warning("y", "5"),
        notice("b", "6"),
    ]
    assert report(findings).splitlines() == [
        "error [c] 4",
        "warning [z] 2",
        "warning [y] 5",
        "notice [b] 1",
        "notice [b] 6",
        "notice [a] 3",
    ]


def test_of_one_code_the_first_are_shown_and_the_rest_is_counted() -> None:
    findings = [warning("clipped", str(number)) for number in range(7)] + [notice("flow", "alone")]
    first, second, rest, other = report(findings, most=2).splitlines()
    assert (first, second) == ("warning [clipped] 0", "warning [clipped] 1")
    assert rest.startswith("warning [clipped] ")
    assert "5 more" in rest
    assert other == "notice [flow] alone"


def test_as_many_as_are_shown_leave_no_rest() -> None:
    findings = [warning("clipped", str(number)) for number in range(10)]
    assert report(findings).splitlines() == [str(finding) for finding in findings]
    assert len(report([*findings, findings[0]]).splitlines()) == 11


def test_one_code_with_two_severities_is_counted_for_each() -> None:
    findings = [notice("flow", "a"), warning("flow", "b"), notice("flow", "c")]
    assert report(findings, most=1).splitlines()[:2] == ["warning [flow] b", "notice [flow] a"]


def test_nothing_found_is_no_text() -> None:
    assert report([]) == ""


def test_findings_may_come_from_an_iterator() -> None:
    assert report(warning("a", text) for text in "xy") == "warning [a] x\nwarning [a] y"
    with pytest.raises(StrictError):
        raise_for((warning("a", text) for text in "xy"), strict=True)


def test_all_errors_are_raised_at_once_whatever_the_strictness() -> None:
    for strict in (False, True):
        with pytest.raises(InputError) as raised:
            raise_for([error("nan", "here"), warning("clipped", "2 bins"), error("nan", "there")], strict=strict)
        assert raised.value.problems == ("error [nan] here", "error [nan] there")


def test_warnings_are_raised_by_strictness_only_and_notices_never() -> None:
    findings = [notice("flow", "little"), warning("clipped", "2 bins")]
    raise_for(findings)
    raise_for(findings[:1], strict=True)
    with pytest.raises(
        StrictError, match=r"1 warning, and strict=True takes none:\n  - warning \[clipped\] 2 bins$"
    ) as raised:
        raise_for(findings, strict=True)
    assert raised.value.findings == (findings[1],)
