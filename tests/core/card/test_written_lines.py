"""Lines that a script writes by hand, read into a channel."""

from __future__ import annotations

import pytest

from datacard_core import Channel, DeclarationError, SystematicUncertainty
from datacard_core.card.written_lines import with_lines
from tests.support.outputs import card, signal_and_ttbar
from tests.support.rich import lumi

ROW = "lumi lnN 1.02 1.02"


@pytest.fixture(scope="module")
def channel() -> Channel:
    """A channel `SR_2022` of two columns, signal_2022 and ttbar_2022, with the row lumi."""
    return card(signal_and_ttbar(nominal=[1, 2, 3]), lumi(years=["2022"]), mcstat=False).channel


def test_unchanged(channel: Channel) -> None:
    """The lines of the channel, in other blanks, give the same objects."""
    read = with_lines(channel, {"systematics_section": "  lumi   lnN 1.02\t1.02  \n# comment\n-----\n"})
    assert read.nuisances == channel.nuisances
    assert read.findings == channel.findings


def test_row_of_another_kind(channel: Channel) -> None:
    """A row that is no lnN keeps its words."""
    text = f"{ROW}\nstat gmN 7 - 0.5\n"
    row = with_lines(channel, {"systematics_section": text}).nuisances[1]
    assert (row.name, row.keyword, row.cells(2)) == ("stat", "gmN 7", ["-", "0.5"])


def test_left_out(channel: Channel) -> None:
    """A row that is left out is told."""
    read = with_lines(channel, {"systematics_section": ""})
    assert read.nuisances == ()
    assert read.kmax == 0
    assert "left out by the script's own sections: lumi" in str(read.findings[-1])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("xs lnN 1.1", "it has 1 words behind 'lnN', and the card 2 columns"),
        ("xs lnN 1.1 0", "cell '0': expected numbers above 0"),
        ("xs lnN 1.1 1.1/1.2/1.3", "cell '1.1/1.2/1.3'"),
        ("xs lnN - -", "it has an effect on no column"),
        ("xs shape 1 1", "declare it as a SystematicUncertainty"),
        ("r lnN 1.1 -", "Combine scales signals with"),
        ("1xs lnN 1.1 -", "not a name that Combine accepts"),
        ("kmax 3 parameters", "stands above the table"),
        # A name that fills its column stands directly before the next word.
        ("SF_ttbarrateParam * ttbar_2022 1 [0,5]", "not a keyword of Combine"),
        ("SF rateParan * ttbar_2022 1", "did you mean 'rateParam'"),
        ("SF rateParam * ttbar_2022", "expected name, rateParam, bin, process"),
        ("SF rateParam CR ttbar_2022 1", "bin 'CR' is not the card's 'SR_2022'"),
        ("SF rateParam * ttbar 1", "process 'ttbar' is not in the card .did you mean 'ttbar_2022'"),
        ("r rateParam * ttbar_2022 1", "Combine scales signals with already"),
    ],
)
def test_faulty_line(channel: Channel, line: str, said: str) -> None:
    """A faulty line is an error with card, section, line and reason."""
    with pytest.raises(DeclarationError, match=said) as caught:
        with_lines(channel, {"rate_parameters_section": f"{ROW}\n{line}\n"})
    assert caught.value.problems[0].startswith("card 'SR_2022'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ROW}\n{ROW}\n", "'lumi' has a second row or line"),
        (f"{ROW}\nlumi rateParam * ttbar_2022 1\n", "'lumi' has two meanings"),
        (f"{ROW}\nSF rateParam * ttbar_2022 1\nSF rateParam * signal_2022 2\n", "'SF' has two meanings"),
    ],
)
def test_one_name_twice(channel: Channel, text: str, said: str) -> None:
    """A name that two lines give two meanings is an error."""
    with pytest.raises(DeclarationError, match=said):
        with_lines(channel, {"systematics_section": text})


def test_all_problems_at_once(channel: Channel) -> None:
    """All faulty lines are told together."""
    with pytest.raises(DeclarationError) as caught:
        with_lines(channel, {"a": "x lnN 1\n", "b": "y lnN 2 3 4\n"})
    assert len(caught.value.problems) == 2


def test_free_lines(channel: Channel) -> None:
    """Patterns, groups, edits and parameters are lines that Combine takes."""
    lines = ["SF rateParam SR_* ttbar_* 1 [0,5]", "theory group = lumi", "nuisance edit freeze lumi", "w param 0 1"]
    read = with_lines(channel, {"x": "\n".join([ROW, *lines])})
    assert [line for directive in read.directives for line in directive.lines(read)] == lines
    assert read.kmax == channel.kmax + 1


@pytest.mark.slow
def test_constraints_groups_and_marks() -> None:
    """Marked rows, constraints, groups and edits of a card are its own lines when a script repeats them."""
    systematics = [
        SystematicUncertainty("lumi", "lnN", ["ttbar"], ["2022"], 1.02, nofloat=True, groups=["all"]),
        SystematicUncertainty("SF", "rateParam", ["ttbar"], ["2022"], 1.0),
        SystematicUncertainty("SF", "param", options={"mean": 1.0, "sigma": 0.1}, nofloat=True),
        SystematicUncertainty("e", "edit", options={"verb": "freeze", "name": "SF"}),
    ]
    made = card(signal_and_ttbar(nominal=[1, 2, 3]), *systematics, mcstat=False)
    _, _, rows = made.content().partition("\nrate ")
    read = with_lines(made.channel, {"systematics_section": rows.partition("\n")[2]})
    assert read.nuisances == made.channel.nuisances
    assert read.statements == made.channel.statements
    assert read.findings == made.channel.findings


def test_row_and_constraint_of_one_name(channel: Channel) -> None:
    """A param of the name of a row is refused in either order."""
    for text in (f"{ROW}\nlumi param 0 1", f"lumi param 0 1\n{ROW}"):
        with pytest.raises(DeclarationError, match=r"'lumi' has (two meanings|a second row)"):
            with_lines(channel, {"systematics_section": text})
