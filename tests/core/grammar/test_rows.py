"""Rows of a card: keywords and cells."""

from __future__ import annotations

import pytest

from datacard_core import grammar
from tests.support.cases import case


class TestRowsOfPlugins:
    """Words behind the name of a row, as Combine's DatacardParser reads them."""

    def test_rows_of_combine(self) -> None:
        """Combine's keywords have no problem, with their numbers where they have some."""
        cases: list[str] = ["lnN", "lnU", "gmN 12", "gmM", "trG", "unif -1 1.5", "dFD 5", "shapeU", "shape?", "shape*"]
        for keyword in cases:
            with case(keyword):
                assert grammar.row_problem(keyword) is None

    def test_other_words(self) -> None:
        """Other words are refused with what was expected."""
        cases: list[tuple[str, str]] = [
            ("ln\u039d", "Combine has no row of that kind"),
            ("lnN 1.5", "expected 'lnN'"),
            ("param 0 1", "no row of that kind"),
            ("#", "no row of that kind"),
            ("gmN", "expected 'gmN N'"),
            ("gmN 1.5", "with numbers"),
            ("gmN \u0661", "with numbers"),
            ("unif 0", "expected 'unif lowest highest'"),
            ("gmN  12", "expected 'gmN N'"),
        ]
        for keyword, words in cases:
            with case(keyword, words):
                assert words in str(grammar.row_problem(keyword))

    def test_cells(self) -> None:
        """Numbers that a row of that keyword may have have no problem."""
        cases: list[tuple[str, str]] = [
            ("lnN", "1.02"),
            ("lnN", "0.9/1.1"),
            ("lnN", "-"),
            ("lnU", "1e-3"),
            ("trG", "-0.1"),
            ("gmN 7", "0"),
            ("shape", ".5"),
        ]
        for keyword, cell in cases:
            with case(keyword, cell):
                assert grammar.cell_problem(keyword, cell) is None

    def test_wrong_cells(self) -> None:
        """Other text is refused: what Combine refuses, ignores or cannot read."""
        cases: list[tuple[str, str, str]] = [
            ("lnN", "0", "above 0"),
            ("lnN", "-3", "above 0"),
            ("lnN", "0/0", "above 0"),
            ("lnN", "1.1/-1", "above 0"),
            ("shape", "0", "above 0"),
            ("gmN 7", "-1", "at least 0"),
            ("gmN 7", "1/2", "expected one number"),
            ("shape", "1/2", "expected one number"),
            ("lnN", "\uff11.\uff12", "expected a number"),
            ("lnN", "1_0", "expected a number"),
            ("lnN", "nan", "expected a number"),
            ("lnN", "1e999", "expected a number"),
            ("lnN", "1/2/3", "expected a number"),
            ("lnN", "0x1p3", "expected a number"),
            ("lnN", "", "expected a number"),
        ]
        for keyword, cell, words in cases:
            with case(keyword, cell, words):
                assert words in str(grammar.cell_problem(keyword, cell))


class TestRows:
    """Keywords of the rows of nuisances."""

    def test_keyword(self) -> None:
        """A row has the keyword of its effects; a shape and lnN together are a shape with a question mark."""
        cases: list[tuple[list[str], str]] = [
            (["lnN"], "lnN"),
            (["shape", "shape"], "shape"),
            (["shape", "lnN", "shape"], "shape?"),
            (["shapeN", "lnN"], "shapeN?"),
            (["shape*", "shape*?"], "shape*?"),
            (["lnN", "shapeU?"], "shapeU?"),
            (["gmN 7"], "gmN 7"),
        ]
        for keywords, row in cases:
            with case(keywords, row):
                assert grammar.row_keyword(keywords) == row

    def test_mixed_effects(self) -> None:
        """Effects of other keywords, and those whose parameters have different densities, cannot stand in one row."""
        cases: list[list[str]] = [
            ["lnN", "gmN 7"],
            ["shape", "lnU"],
            ["shapeU", "lnN"],
            ["shapeU", "shapeU?"],
            ["shape", "shapeN"],
            [],
        ]
        for keywords in cases:
            with case(keywords), pytest.raises(ValueError, match="in one row"):
                grammar.row_keyword(keywords)
