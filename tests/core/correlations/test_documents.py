"""The correlation table as CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import json

from datacard_core import Model, correlation_table
from tests.support.channels import channel, factors

TABLE = correlation_table(
    Model.of([channel(factors("lumi_13TeV", [0, 1], [1.02, 1.02]), factors("Lumi_13TeV", [2], [1.1]))])
)


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


def test_special_characters() -> None:
    """Each character that LaTeX would obey is escaped."""
    made = channel(factors("lumi", [0], [1.02]), bin="a_b-1.2")
    assert r"a\_b-1.2" in correlation_table(Model.of([made])).latex()
