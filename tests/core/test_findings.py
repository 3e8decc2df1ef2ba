"""Findings as text, and the errors that grave ones become."""

from __future__ import annotations

import time

import pytest

from datacard_core import (
    DeclarationError,
    Finding,
    InputError,
    PluginCallError,
    Severity,
    StrictError,
    error,
    notice,
    report,
    warning,
)
from datacard_core.findings import own, raise_together


def test_functions_of_severities() -> None:
    """Each severity has a function that makes a finding of it."""
    assert [make("a", "b").severity for make in (notice, warning, error)] == sorted(Severity)
    assert warning("a", "b", channel="SR") == Finding(Severity.WARNING, "a", "b", channel="SR")


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
        ({"accepted": "few events"}, "warning [clipped] 2 bins (accepted: few events)"),
    ],
)
def test_text(place: dict[str, str], text: str) -> None:
    """The text has severity, code and place, the channel first."""
    assert str(warning("clipped", "2 bins", **place)) == text


class TestReport:
    """Findings as text."""

    def test_order(self) -> None:
        """The gravest findings come first, and those of one severity in their order."""
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

    def test_many_of_one_code(self) -> None:
        """Of one code the first findings are shown, and the rest is counted."""
        findings = [warning("clipped", str(number)) for number in range(7)] + [notice("flow", "alone")]
        first, second, rest, other = report(findings, most=2).splitlines()
        assert (first, second) == ("warning [clipped] 0", "warning [clipped] 1")
        assert rest.startswith("warning [clipped] ")
        assert "5 more" in rest
        assert other == "notice [flow] alone"

    def test_no_rest(self) -> None:
        """As many findings as are shown leave no rest."""
        findings = [warning("clipped", str(number)) for number in range(10)]
        assert report(findings).splitlines() == [str(finding) for finding in findings]
        assert len(report([*findings, warning("clipped", "10")]).splitlines()) == 11

    def test_shared_by_channels(self) -> None:
        """A finding of several channels is one line that names them; other findings stay apart."""
        alike = [notice("empty", "no event", column="vv", channel=channel) for channel in ("SR", "CR1", "CR2")]
        other = [notice("empty", "no event", column="tt", channel="CR1"), warning("empty", "no event", column="vv")]
        assert report([alike[0], *other, *alike[1:]]).splitlines() == [
            "warning [empty] vv: no event",
            "notice [empty] SR, CR1, CR2, vv: no event",
            "notice [empty] CR1, tt: no event",
        ]

    def test_rest_of_shared(self) -> None:
        """Lines are cut, and the rest counts findings."""
        findings = [notice("empty", text, channel=channel) for channel in ("SR", "CR") for text in "abc"]
        assert report(findings, most=1).splitlines() == [
            "notice [empty] SR, CR: a",
            "notice [empty] … and 4 more like these in `findings`",
        ]

    def test_two_severities_of_one_code(self) -> None:
        """Findings of one code are counted for each severity."""
        findings = [notice("flow", "a"), warning("flow", "b"), notice("flow", "c")]
        assert report(findings, most=1).splitlines()[:2] == ["warning [flow] b", "notice [flow] a"]

    def test_empty(self) -> None:
        """No findings are no text."""
        assert report([]) == ""


class TestRaising:
    """Findings as errors."""

    def test_iterators(self) -> None:
        """Findings may come from an iterator."""
        assert report(warning("a", text) for text in "xy") == "warning [a] x\nwarning [a] y"


class TestTogether:
    """Several errors raised as one."""

    def test_none(self) -> None:
        """Without errors no exception is raised."""
        raise_together([])

    def test_of_one_kind(self) -> None:
        """Errors of one kind are one of this kind, each problem once."""
        with pytest.raises(DeclarationError) as raised:
            raise_together([DeclarationError(["a", "b"]), DeclarationError(["b", "c"])])
        assert raised.value.problems == ("a", "b", "c")

    def test_of_two_kinds(self) -> None:
        """Errors of the declarations and of the output are an InputError with all problems."""
        with pytest.raises(InputError) as raised:
            raise_together([DeclarationError("a"), InputError("b")])
        assert raised.value.problems == ("a", "b")

    def test_strict(self) -> None:
        """Strict errors are one with all warnings."""
        told = [warning("clipped", text) for text in "ab"]
        with pytest.raises(StrictError) as raised:
            raise_together(StrictError([finding]) for finding in told)
        assert raised.value.findings == tuple(told)

    def test_mixed_with_strict(self) -> None:
        """Warnings of one category and problems of another are told together."""
        finding = warning("clipped", "2 bins", channel="SR")
        with pytest.raises(InputError) as raised:
            raise_together([StrictError([finding]), DeclarationError("no years")])
        assert raised.value.problems == (str(finding), "no years")

    def test_notes(self) -> None:
        """The notes of all errors are kept, each once."""
        errors = [InputError("a"), InputError("b"), InputError("c")]
        for failure, note in zip(errors, ("in plugin 'x'", "in plugin 'y'", "in plugin 'x'"), strict=True):
            failure.add_note(note)
        with pytest.raises(InputError) as raised:
            raise_together(errors)
        assert raised.value.__notes__ == ["in plugin 'x'", "in plugin 'y'"]

    def test_single_error(self) -> None:
        """A single error is raised unchanged."""
        failure = PluginCallError("failed", plugin="x", origin="local")
        with pytest.raises(PluginCallError) as raised:
            raise_together([failure])
        assert raised.value is failure


@pytest.mark.slow
@pytest.mark.parametrize("codes", [1, 20_000])
def test_many_findings_take_little_time(codes: int) -> None:
    """Twenty thousand findings are copied and printed in about a second, of one code or of as many codes."""
    text = "\x1b[31mnumber {}\n  second line"
    begun = time.process_time()
    copies = [own(warning(f"x{number % codes}", text.format(number), channel="SR")) for number in range(20_000)]
    lines = report(copies, most=len(copies)).splitlines()
    assert time.process_time() - begun < 4  # A loaded machine takes four times as long.
    assert len(lines) == len(copies)
    assert lines[0] == "warning [x0] SR:  [31mnumber 0   second line"
