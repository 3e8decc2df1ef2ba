"""Patterns of the names of histograms."""

from __future__ import annotations

import pytest

from datacard_core.inputs.foreign.patterns import HistogramPattern
from tests.support.cases import case

LABELS = {"central": "nominal", "_up": "Up", "_down": "Down"}
ROOT = {"nominal": "nominal", "Up": "Up", "Down": "Down"}


def test_variations_beside_their_nominal() -> None:
    """The longest process with a nominal histogram is taken, and the rest is the systematic."""
    pattern = HistogramPattern("{channel}/{process}_{systematic}{direction}", ROOT)
    found, problems = pattern.read(["SR/tt", "SR/tt_bar", "SR/tt_bar_JES_absUp", "SR/tt_JES_absDown"])
    assert problems == []
    assert found == {
        "SR/tt": {"category": "SR", "sample": "tt"},
        "SR/tt_bar": {"category": "SR", "sample": "tt_bar"},
        "SR/tt_bar_JES_absUp": {"category": "SR", "sample": "tt_bar", "systematic": "JES_abs", "direction": "Up"},
        "SR/tt_JES_absDown": {"category": "SR", "sample": "tt", "systematic": "JES_abs", "direction": "Down"},
    }
    assert [pattern.named(fields) for fields in found.values()] == list(found)


def test_variation_without_nominal() -> None:
    """A variation without its nominal is a problem that names both."""
    pattern = HistogramPattern("{channel}/{process}_{systematic}{direction}", ROOT)
    found, problems = pattern.read(["SR/tt_JESUp"])
    assert found == {}
    assert problems == [f"SR/tt_JESUp is a variation by the pattern {pattern.text!r}, and there is no nominal SR/tt"]


@pytest.mark.parametrize(
    ("text", "name", "fields"),
    [
        ("{systematic}{direction}/{process}", "jes_up/tt", {"sample": "tt", "systematic": "jes", "direction": "_up"}),
        ("{variable}/{variation}", "m/jes_up", {"variable": "m", "variation": "jes_up"}),
        ("h_*_{variable}", "h_v2_m_jj", {"variable": "m_jj"}),
    ],
    ids=str,
)
def test_fields(text: str, name: str, fields: dict[str, str]) -> None:
    """Folders of variations, labels of variations and free text are read."""
    found, problems = HistogramPattern(text, LABELS).read([name, "central/tt"])
    assert (found[name], problems) == (fields, [])


def test_end_of_path() -> None:
    """A pattern of paths is compared with the end of a path; a year is one of those known."""
    pattern = HistogramPattern("{dataset}{year}/*.pkl", LABELS, ["16", "16APV"], is_end=True)
    assert pattern.read(["/a/b/tt16APV/h.pkl"])[0]["/a/b/tt16APV/h.pkl"] == {"dataset": "tt", "year": "16APV"}
    assert pattern.read(["/a/b/tt17/h.pkl"])[1] == [
        "no name follows the pattern '{dataset}{year}/*.pkl'; there are: /a/b/tt17/h.pkl"
    ]


def test_problems() -> None:
    """Each mistake in a pattern is told with the field."""
    cases: list[tuple[str, str]] = [
        ("{proces}", "has the field 'proces' (did you mean 'process'?)"),
        ("{sample}_{process}", "has the field 'sample' twice"),
        ("{}", "has a field without a name: write *"),
        ("{sample:3}", "the field 'sample' has a format"),
        ("{systematic}", "has the fields systematic: expected {variation}, or {systematic} and then {direction}"),
        ("{vari", "expected '}' before end of string"),
    ]
    for text, problem in cases:
        with case(text, problem):
            (told,) = HistogramPattern(text, LABELS).problems()
            assert problem in told
