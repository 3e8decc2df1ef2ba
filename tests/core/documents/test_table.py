"""The base of tables."""

from __future__ import annotations

import pytest

from datacard_core import Table, correlation_table, yields_table
from datacard_core.documents.table import FORMS
from datacard_core.model.model import Model
from tests.support.channels import channel, factors

MADE = channel(factors("lumi", [0, 1], [1.02, 1.02]))


@pytest.mark.parametrize("table", [yields_table(MADE), correlation_table(Model.of([MADE]))], ids=lambda one: one.title)
def test_documents(table: Table) -> None:
    """Every table has every form, and its text is that for people."""
    documents = {form: table.document(form) for form in FORMS}
    assert set(documents) == {"markdown", "latex", "html", "csv", "json"}
    assert str(table) == documents["markdown"]
    assert table._repr_html_().startswith("<table>\n<caption>")
    assert all(set(record) == set(table.fields) for record in table.records)
    assert {len(line) for line in table.lines} == {len(table.heads)}
    assert len(repr(table)) < 100
