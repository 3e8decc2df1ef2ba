"""The correlation table of models that were built and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import Cards, CorrelationTable, correlation_table, read_card

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_built_cards(demo_cards: Cards) -> None:
    """Of built cards, the table knows processes and years, and finds nothing strange in the demo."""
    table = correlation_table(demo_cards.model)
    assert table.channels == tuple(card.bin for card in demo_cards.values())
    lumi = next(row for row in table.rows if row.nuisance == "lumi_2022")
    assert lumi.where.endswith("(2022_preEE, 2022_postEE)")
    assert lumi.values == dict.fromkeys(table.channels, "1.014")
    assert table.findings == ()


@pytest.mark.slow
def test_read_card(demo_cards: Cards, tmp_path: Path) -> None:
    """A card that was read has the same effects, with the names of its columns."""
    card = demo_cards["SR"]
    card.dump(tmp_path)
    read = correlation_table(read_card(tmp_path / "datacard.txt").model())
    built = correlation_table(card.model)
    assert [(cell.nuisance, cell.value) for cell in read.cells] == [(cell.nuisance, cell.value) for cell in built.cells]
    assert read.cells[0].process == "_".join((built.cells[0].process, built.cells[0].year))
    assert repr(read) == f"<CorrelationTable: {len(built.nuisances)} parameters in 1 channels>"


@pytest.mark.slow
def test_cells_without_templates(demo_cards: Cards, tmp_path: Path) -> None:
    """Without its templates, a card has the same effects, with the values of its rows."""
    demo_cards["SR"].dump(tmp_path)
    card = read_card(tmp_path / "datacard.txt")
    (tmp_path / "shapes.root").unlink()
    text, built = CorrelationTable(tuple(card.cells())), correlation_table(demo_cards["SR"].model)
    assert sorted((one.nuisance, one.keyword, one.process) for one in text.cells) == sorted(
        (one.nuisance, one.keyword, f"{one.process}_{one.year}") for one in built.cells
    )
    assert {one.value for one in text.cells if one.keyword == "shape"} == {"1"}
