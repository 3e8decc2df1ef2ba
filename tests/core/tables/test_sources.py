"""Objects that tables are made of, and years in the names of columns."""

from __future__ import annotations

import pytest

from datacard_core import Cards, Column, DeclarationError, Model
from datacard_core.tables.sources import channels_of
from tests.support.cases import case
from tests.support.channels import channel


def years_of(column: Column) -> tuple[str, str]:
    (made,) = channels_of(channel(values=[[1.0]], columns=(column,)))
    return made.columns[0].process, made.columns[0].year


def test_years_in_names() -> None:
    """A year at the end of the name of a column without known year is its year."""
    cases: list[tuple[str, tuple[str, str]]] = [
        ("top_2022_postEE", ("top", "2022_postEE")),
        ("top_2016preVFP", ("top", "2016preVFP")),
        ("W_2j_2018", ("W_2j", "2018")),
        ("top_2022_2023", ("top_2022", "2023")),
        ("ttH", ("ttH", "")),
        ("top_1988", ("top_1988", "")),
        ("_2018", ("_2018", "")),
    ]
    for name, expected in cases:
        with case(name, expected):
            assert years_of(Column(name, name, "", 1)) == expected


def test_known_year() -> None:
    """A known year is not looked for."""
    assert years_of(Column("top_2018_2022", "top_2018", "2022", 1)) == ("top_2018", "2022")


@pytest.mark.slow
def test_forms(demo_cards: Cards) -> None:
    """A channel, a model, a card, cards, and several of them have their channels."""
    card = demo_cards["SR"]
    assert channels_of(card.channel) == channels_of(card.model) == channels_of(card) == (card.channel,)
    assert channels_of(demo_cards) == tuple(one.channel for one in demo_cards.values())
    assert channels_of([card, Model.of([channel(bin="CR")])])[0] is card.channel


def test_other_objects() -> None:
    """Another object is refused with the expected ones."""
    cases: list[object] = ["card.txt", 3, None, [3]]
    for source in cases:
        refused = pytest.raises(DeclarationError, match=r"a table cannot be made of .*: expected a Datacard")
        with case(source), refused:
            channels_of(source)
