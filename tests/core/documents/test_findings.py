"""Findings that show themselves."""

from __future__ import annotations

import pickle

import attrs

from datacard_core import notice, warning
from datacard_core.documents.findings import Findings, counted, findings_table

FOUND = (
    notice("fallback", "its nominal replaces <b>them</b>", column="tt_2022"),
    warning("clipped", "2 bins", channel="SR", systematic="jesUp"),
    attrs.evolve(notice("fallback", "more"), accepted="few events"),
)


def test_tuple() -> None:
    """They are a tuple, also of a pickle, with a short text."""
    findings = Findings(FOUND)
    assert findings == FOUND
    assert pickle.loads(pickle.dumps(findings)) == FOUND
    assert repr(findings) == "<Findings: 1 warning, 2 notices>"
    assert repr(Findings()) == "<Findings: none>"
    assert counted(iter(FOUND)) == "1 warning, 2 notices"


def test_rows() -> None:
    """The gravest come first, and a reason is told."""
    table = findings_table(FOUND)
    assert table.lines == [
        ("warning", "clipped", "SR, jesUp", "2 bins"),
        ("notice", "fallback", "tt_2022", "its nominal replaces <b>them</b>"),
        ("notice", "fallback", "", "more (accepted: few events)"),
    ]
    assert (table.records[0]["code"], table.records[0]["severity"]) == ("clipped", "warning")
    # Each row is to be understood alone, where other rows are filtered out.
    assert table.html().count(">notice<") == 2


def test_notebook() -> None:
    """A message is text in a notebook."""
    page = Findings(FOUND)._repr_html_()
    assert "&lt;b&gt;them" in page
    assert "<b>" not in page
