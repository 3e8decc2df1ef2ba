"""The record of a finding."""

from __future__ import annotations

import attrs

from datacard_core import Finding, notice
from datacard_core.documents.records import FIELDS, finding_record


def test_all_fields() -> None:
    """A record has a field for each of a finding, and its numbers are JSON's."""
    record = finding_record(notice("clipped", "2 bins", column="tt", numbers={"share": float("nan")}))
    assert len(record) == len(attrs.fields(Finding))
    assert tuple(record) == FIELDS
    assert (record["process"], record["severity"], record["numbers"]) == ("tt", "notice", {"share": "nan"})
