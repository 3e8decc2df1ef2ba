"""Sections of a card's text."""

from __future__ import annotations

from datacard_core.output.sections import BODY, HEAD, divided, head_problems, joined

TEXT = """\
# a comment
imax 1
jmax 1
kmax 2
--------
shapes * SR s.root $PROCESS $PROCESS_$SYSTEMATIC
--------
bin SR
observation 10
--------
bin      SR SR
process  s  b
process  0  1
rate     1  9
--------
lumi lnN 1.1 1.1
theory group = lumi
SF rateParam * b 1
SR autoMCStats 0 0 1
"""


def test_division() -> None:
    """Each line stands in the section of PocketCoffea's method that writes it."""
    sections = divided(TEXT)
    assert {name: [line.split()[0] for line in text.splitlines()] for name, text in sections.items()} == {
        "preamble": ["#", "imax", "jmax", "kmax"],
        "shape_section": ["shapes"],
        "observation_section": ["bin", "observation"],
        "expectation_section": ["bin", "process", "process", "rate"],
        "systematics_section": ["lumi", "theory"],
        "rate_parameters_section": ["SF"],
        "mcstat_section": ["SR"],
    }
    assert list(sections) == [*HEAD, *BODY]


def test_joined() -> None:
    """Joined sections are divided into the same sections."""
    assert divided(joined(divided(TEXT))) == divided(TEXT)


def test_digits_and_blanks() -> None:
    """Other blanks and fewer digits of a number are no difference, another number is one."""
    own = divided(TEXT)
    assert list(head_problems(divided(TEXT.replace("rate     1  9", "rate 1.000003 9.0")), own)) == []
    (problem,) = head_problems(divided(TEXT.replace("rate     1  9", "rate 1.1 9")), own)
    assert "'rate 1.1 9' in place of 'rate     1  9'" in problem


def test_text_without_table() -> None:
    """A text without a table has its lines in the preamble, and the missing ones are told."""
    sections = divided("imax 1\n")
    assert sections["preamble"] == "imax 1\n"
    assert len(list(head_problems(sections, divided(TEXT)))) == 4
