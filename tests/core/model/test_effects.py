"""Effects and nuisances: the cells and the keyword of a row, and the columns that it touches."""

from __future__ import annotations

import numpy as np
import pytest

from datacard_core import Effect, Normalisation, Nuisance, Shape, Templates
from tests.support.cases import case


def shape(columns: list[int]) -> Shape:
    """Return a shape of one bin whose Up has 2, 3, … and whose Down has 1 events, at 1, 2, … sigma."""
    number = np.arange(len(columns)) + 1.0
    ones = np.ones((len(columns), 1))
    up = Templates(number[:, np.newaxis] + 1, ones)
    return Shape(columns=np.array(columns), up=up, down=Templates(ones, ones), scale=number)


class Gamma(Effect):
    """Combine's gmN."""

    def __init__(self, columns: list[int], events: int) -> None:
        self.columns = np.array(columns)
        self.events = events

    @property
    def keyword(self) -> str:
        return f"gmN {self.events}"

    def cells(self) -> list[str]:
        return ["1.0" for _ in self.columns]


class TestCells:
    """The text of each column."""

    def test_symmetric(self) -> None:
        """A normalisation without down has its factor in the cell."""
        effect = Normalisation(np.array([0, 2]), np.array([1.02, 1.5]))
        assert (effect.keyword, list(effect.cells())) == ("lnN", ["1.02", "1.5"])

    def test_asymmetric(self) -> None:
        """A normalisation with down has down/up in the cell, as Combine reads them."""
        effect = Normalisation(np.array([0, 2]), np.array([1.02, 1.5]), np.array([0.99, 0.8]))
        assert list(effect.cells()) == ["0.99/1.02", "0.8/1.5"]

    def test_shape(self) -> None:
        """A shape has its scale in the cell."""
        effect = shape([0, 3])
        assert (effect.keyword, list(effect.cells())) == ("shape", ["1.0", "2.0"])


def test_shape_of_fewer_columns() -> None:
    """A shape is kept on some of its columns, with their templates and scales."""
    kept = shape([0, 3, 4]).keeping(np.array([True, False, True]))
    assert kept.columns.tolist() == [0, 4]
    assert kept.up.values.tolist() == [[2], [4]]
    assert kept.down.values.tolist() == [[1], [1]]
    assert kept.scale.tolist() == [1, 3]


class TestKeyword:
    """Combine's keyword of a row."""

    def test_of_effects(self) -> None:
        """The keyword is that of the effects, `shape?` where some are shapes and some lnN."""
        cases: list[tuple[list[Effect], str]] = [
            ([Normalisation(np.array([0]), np.array([1.1]))], "lnN"),
            ([shape([0]), shape([1])], "shape"),
            ([shape([0]), Normalisation(np.array([1]), np.array([1.1]))], "shape?"),
            ([Gamma([0], 7), Gamma([1], 7)], "gmN 7"),
        ]
        for effects, keyword in cases:
            with case(effects, keyword):
                assert Nuisance("n", tuple(effects)).keyword == keyword

    @pytest.mark.parametrize(
        "effects", [[Gamma([0], 7), Gamma([1], 8)], [Gamma([0], 7), shape([1])], []], ids=["events", "kinds", "none"]
    )
    def test_not_in_one_row(self, effects: list[Effect]) -> None:
        """Effects that cannot stand in one row have no keyword."""
        with pytest.raises(ValueError, match=r"nuisance 'n' would be .*in one row"):
            _ = Nuisance("n", tuple(effects)).keyword


def test_columns_of_nuisance() -> None:
    """The columns of a nuisance are those of all its effects, rising."""
    assert Nuisance("n", (shape([1, 4]), shape([0, 2]))).columns == [0, 1, 2, 4]
