"""Rows of the table: columns with the same values stand together."""

from __future__ import annotations

from datacard_core import Cell
from datacard_core.correlations.rows import rows_of


def cell(nuisance: str, channel: str, process: str, year: str, value: str, keyword: str = "lnN") -> Cell:
    return Cell(nuisance=nuisance, keyword=keyword, channel=channel, process=process, year=year, value=value)


def test_same_values_share_a_row() -> None:
    """Columns whose values agree in all channels are one row, in the words of findings."""
    cells = [
        cell("lumi", channel, process, year, value)
        for channel in ("SR", "CR")
        for process in ("ttbar", "vjets")
        for year, value in (("2022", "1.014"), ("2023", "1.013"))
    ]
    assert [(row.where, row.values) for row in rows_of(cells)] == [
        ("ttbar, vjets (2022)", {"SR": "1.014", "CR": "1.014"}),
        ("ttbar, vjets (2023)", {"SR": "1.013", "CR": "1.013"}),
    ]


def test_kinds_of_one_parameter() -> None:
    """Rows of one parameter stand together, also if a later channel has it as another kind."""
    cells = [
        cell("jes", "SR", "ttbar", "2022", "1.1"),
        cell("lumi", "SR", "ttbar", "2022", "1.02"),
        cell("jes", "CR", "ttbar", "2022", "0.9/1.1", "shape"),
    ]
    assert [(row.nuisance, row.keyword) for row in rows_of(cells)] == [
        ("jes", "lnN"),
        ("jes", "shape"),
        ("lumi", "lnN"),
    ]


def test_unknown_years() -> None:
    """Columns of a card that was read are named as they are, and all of them."""
    cells = [cell("lumi", "SR", f"p{number}", "", "1.1") for number in range(20)]
    (row,) = rows_of(cells)
    assert row.where == ", ".join(f"p{number}" for number in range(20))
