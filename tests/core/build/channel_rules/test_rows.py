"""Rules on the rows of a channel together."""

from __future__ import annotations

import pytest

from datacard_core import DeclarationError, SystematicUncertainty
from datacard_core.testing import small_card

YEARS = ["2022", "2023"]


def problems(*systematics: SystematicUncertainty) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as raised:
        small_card(*systematics)
    return raised.value.problems


def shape(name: str, typ: str, *processes: str) -> SystematicUncertainty:
    return SystematicUncertainty(name, typ, processes, YEARS, 1.0, coffea_name_alias="jes")


def test_two_morphings_of_a_column() -> None:
    """Two nuisances that morph a column in different ways are refused, with both kinds and a column, once."""
    (problem,) = problems(shape("a", "shape", "top", "vjets"), shape("b", "shapeN", "top"))
    assert "nuisance 'b' is shapeN and 'a' is shape, both on 'top_2022'" in problem


@pytest.mark.slow
def test_morphing_of_a_factor_beside_a_shape() -> None:
    """The factor of a row of `shape?` takes the morphing of the row, as Combine looks at the keyword alone."""
    rows = [shape("a", "shape", "vjets"), SystematicUncertainty("f", "lnN", ["top"], YEARS, 1.1, datacard_name="a")]
    (problem,) = problems(*rows, shape("b", "shapeN", "top"))
    assert "nuisance 'b' is shapeN and 'a' is shape?, both on 'top_2022'" in problem
    assert len(small_card(*rows, shape("b", "shapeN", "signal")).channel.nuisances) == 2


@pytest.mark.slow
def test_one_morphing_of_a_column() -> None:
    """A density of its own is no other morphing, and each column has its own."""
    card = small_card(shape("a", "shape", "top"), shape("b", "shapeU", "top"), shape("c", "shapeN", "vjets"))
    assert [row.keyword for row in card.channel.nuisances] == ["shape", "shapeU", "shapeN"]


@pytest.mark.slow
def test_two_control_regions_of_a_column() -> None:
    """Two gmN on a column are refused, and on different columns they are not."""
    first, second = (
        SystematicUncertainty(name, "gmN", ["vjets"], YEARS, 1.0, options={"N": events})
        for name, events in (("a", 12), ("b", 12))
    )
    (problem,) = problems(first, second)
    assert "nuisance 'b' is gmN 12 and 'a' is gmN 12, both on 'vjets_2022'" in problem
    other = SystematicUncertainty("b", "gmN", ["top"], YEARS, 1.0, options={"N": 12})
    assert len(small_card(first, other).channel.nuisances) == 2


@pytest.mark.slow
def test_all_problems_at_once() -> None:
    """Contradictions of different rules are told together."""
    rows = [shape("a", "shape", "top"), shape("b", "shapeN", "top")]
    assert len(problems(*rows, SystematicUncertainty("r", "lnN", ["top"], YEARS, 1.1))) == 2
