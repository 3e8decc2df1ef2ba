"""Tests of the messages of failures."""

from __future__ import annotations

import pytest

from datacard_core.testing.cases import LONGEST, Case, UnmetError, difference
from tests.support.conformance import OnAllYears, failure
from tests.support.plugins import Provider


@pytest.mark.slow
def test_complete_message() -> None:
    """A failure names plugin, object, expectation, result, declaration and analysis."""
    assert failure(Provider("acme", OnAllYears())) == (
        "plugin 'acme' (local), systematic kind 'factor':\n"
        "  expected: that it accepts a declaration on any processes and years\n"
        "  instead: it must be declared for several years\n"
        "  given: SystematicUncertainty('declared', 'factor', ['p0', 'p1', 'p2'], ['2016'], 1.0)\n"
        "    on Sketch(edges=(0.0, 1.0, 2.0), processes=(Simulated(((Dataset((10.0, 0.0), "
        "variations=((12.0, 0.0), (8.0, 1.0), (0.0, 0.0))),),)), "
        "Simulated(((Dataset((0.0, 0.0), variations=((0.0, 0.0), (1.0, 0.0))),),)), "
        "Simulated(((Dataset((0.0, 3.0), variations=((0.0, 0.0), (0.0, 6.0)), weight=0.0),),), is_signal=True)), "
        "data=(0.0, 2.0))"
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("one\ntwo\n", "one\nthree\n", "line 2 is 'three\\n', before 'two\\n'"),
        ("one\n", "one\ntwo", "line 2 is 'two', before 'the end'"),
        ("one\n", "one", "line 1 is 'one', before 'one\\n'"),
        (b"abc", b"abcd", "4 bytes, before 3"),
        (b"abc", b"abd", "byte 2 of 3 differs: b'abd', before b'abc'"),
        ([1], [2], "[2], before [1]"),
    ],
)
def test_difference(before: object, after: object, expected: str) -> None:
    """The difference of two results is the first line, byte or value that differs."""
    assert difference(before, after) == expected


def test_long_input() -> None:
    """A message shows the start and the length of a long input."""
    case = Case(plugin="acme", origin="local", given="x" * (LONGEST + 1))
    with pytest.raises(UnmetError) as raised:
        case.fail("one", "two")
    assert str(raised.value).endswith(f"x… ({LONGEST + 1} characters)")


def test_exceptions() -> None:
    """An exception becomes the cause of a failure, and a failure stays as it is."""
    case = Case(plugin="acme", origin="local")
    expected = "expected: a card\n  instead: ValueError: no"
    with pytest.raises(UnmetError, match=expected) as raised, case.trying("a card"):
        raise ValueError("no")
    assert isinstance(raised.value.__cause__, ValueError)
    with pytest.raises(UnmetError, match="expected: one"), case.trying("a card"):
        case.fail("one", "two")
