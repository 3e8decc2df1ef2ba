"""Rows as CSV, JSON, LaTeX, Markdown and HTML, with names that each format could misread."""

from __future__ import annotations

import csv
import html.parser
import json

import pytest

from datacard_core import Model, correlation_table
from datacard_core.documents import formats
from datacard_core.documents.formats import Label
from datacard_core.documents.numbers import Quantity
from tests.support.channels import channel, factors

TABLE = correlation_table(
    Model.of([channel(factors("lumi_13TeV", [0, 1], [1.02, 1.02]), factors("Lumi_13TeV", [2], [1.1]))])
)
HOSTILE = "<script>alert(\"1\")</script>&<b onmouseover='x'>\x1b[31m|\n"
"""A name that would be a tag, an attribute, a colour, a column or a row."""


def test_csv() -> None:
    """CSV has a line for each effect on a column."""
    lines = list(csv.DictReader(TABLE.csv().splitlines()))
    assert [(line["nuisance"], line["process"], line["year"], line["channel"], line["value"]) for line in lines] == [
        ("lumi_13TeV", "signal", "2022", "SR_2022_2023", "1.02"),
        ("lumi_13TeV", "top", "2022", "SR_2022_2023", "1.02"),
        ("Lumi_13TeV", "top", "2023", "SR_2022_2023", "1.1"),
    ]
    assert [line["is_signal"] for line in lines] == ["True", "False", "False"]


def test_json() -> None:
    """JSON has the same effects, and the findings."""
    document = json.loads(TABLE.json())
    assert len(document["cells"]) == 3
    assert document["cells"][0]["value"] == "1.02"
    assert [(one["code"], one["severity"]) for one in document["findings"]] == [("similar-names", "warning")]


def test_latex() -> None:
    """LaTeX has the rules of booktabs, escapes, and the name of a parameter once."""
    lines = TABLE.latex().splitlines()
    assert lines[2:7] == [
        r"\toprule",
        r"Nuisance & Kind & Processes & SR\_2022\_2023 \\",
        r"\midrule",
        r"lumi\_13TeV & lnN & signal, top (2022) & 1.02 \\",
        r"Lumi\_13TeV & lnN & top 2023 & 1.1 \\",
    ]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]


def test_rule_between_rows() -> None:
    """A rule stands above a row of `breaks`, and an entry that repeats in the first column is left out."""
    text = formats.latex(("process", "SR"), 1, [("a", "1"), ("a", "2"), ("sum", "3")], (2,))
    assert text.splitlines()[5:9] == [r"a & 1 \\", r" & 2 \\", r"\midrule", r"sum & 3 \\"]


def test_special_characters() -> None:
    """Each character that LaTeX would obey is escaped."""
    made = channel(factors("lumi", [0], [1.02]), bin="a_b-1.2")
    assert r"a\_b-1.2" in correlation_table(Model.of([made])).latex()
    assert r"\textless{}script\textgreater{}" in formats.latex((HOSTILE, "x"), 1, [])


@pytest.mark.parametrize(
    ("label", "text"),
    [(r"$t\bar{t}$ + jets_1", r"$t\bar{t}$ + jets\_1"), ("5$", r"5\$"), (r"W$\to$l\nu", r"W$\to$l\textbackslash{}nu")],
)
def test_labels(label: str, text: str) -> None:
    """A label keeps its formulas between dollars, and its text is escaped."""
    assert rf"{text} & 1 \\" in formats.latex(("a", "b"), 1, [(Label(label), "1")])


def test_markdown() -> None:
    """Columns are aligned, names left and values right, and a name makes no column or row."""
    text = formats.markdown(("process", "SR"), 1, [("a|b\nc", Quantity(100, 5, 17.2, 21.7)), ("top", "-")])
    assert text.splitlines() == [
        r"| process  |              SR |",
        r"| -------- | --------------: |",
        r"| a\|b\\nc | 100 ± 5 +17/-22 |",
        r"| top      |               - |",
    ]


class Tags(html.parser.HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html() -> None:
    """A hostile name in any place is text, without control characters."""
    page = Tags(formats.html(HOSTILE, (HOSTILE, HOSTILE), [(HOSTILE, HOSTILE)], note=HOSTILE))
    assert {tag for tag, _ in page.tags} == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert {name for _, names in page.tags for name in names} == {"style"}
    assert page.text.count('<script>alert("1")</script>') == 6
    assert "\x1b" not in page.text


def test_rest_of_rows() -> None:
    """Of a long table the first rows are shown, and a line tells the number of the rest."""
    page = Tags(formats.html("x", ("a", "b"), [(str(at), "") for at in range(10)], most=3))
    assert page.text.split() == ["x", "ab", "0", "1", "2", "…", "and", "7", "more"]
