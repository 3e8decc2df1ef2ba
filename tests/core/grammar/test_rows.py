"""Rows of a card: keywords and cells."""

from __future__ import annotations

import pytest

from datacard_core import grammar


class TestRowsOfPlugins:
    """Words behind the name of a row, as Combine's DatacardParser reads them."""

    @pytest.mark.parametrize(
        "keyword", ["lnN", "lnU", "gmN 12", "gmM", "trG", "unif -1 1.5", "dFD 5", "shapeU", "shape?", "shape*"]
    )
    def test_rows_of_combine(self, keyword: str) -> None:
        """Combine's keywords have no problem, with their numbers where they have some."""
        assert grammar.row_problem(keyword) is None

    @pytest.mark.parametrize(
        ("keyword", "words"),
        [
            ("ln\u039d", "Combine has no row of that kind"),
            ("lnN 1.5", "expected 'lnN'"),
            ("param 0 1", "no row of that kind"),
            ("#", "no row of that kind"),
            ("gmN", "expected 'gmN N'"),
            ("gmN 1.5", "with numbers"),
            ("gmN \u0661", "with numbers"),
            ("unif 0", "expected 'unif lowest highest'"),
            ("gmN  12", "expected 'gmN N'"),
        ],
    )
    def test_other_words(self, keyword: str, words: str) -> None:
        """Other words are refused with what was expected."""
        assert words in str(grammar.row_problem(keyword))

    @pytest.mark.parametrize(
        ("keyword", "cell"),
        [
            ("lnN", "1.02"),
            ("lnN", "0.9/1.1"),
            ("lnN", "-"),
            ("lnU", "1e-3"),
            ("trG", "-0.1"),
            ("gmN 7", "0"),
            ("shape", ".5"),
        ],
    )
    def test_cells(self, keyword: str, cell: str) -> None:
        """Numbers that a row of that keyword may have have no problem."""
        assert grammar.cell_problem(keyword, cell) is None

    @pytest.mark.parametrize(
        ("keyword", "cell", "words"),
        [
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
        ],
    )
    def test_wrong_cells(self, keyword: str, cell: str, words: str) -> None:
        """Other text is refused: what Combine refuses, ignores or cannot read."""
        assert words in str(grammar.cell_problem(keyword, cell))


class TestRows:
    """Keywords of the rows of nuisances."""

    @pytest.mark.parametrize(
        ("keywords", "row"),
        [
            (["lnN"], "lnN"),
            (["shape", "shape"], "shape"),
            (["shape", "lnN", "shape"], "shape?"),
            (["shapeN", "lnN"], "shapeN?"),
            (["shape*", "shape*?"], "shape*?"),
            (["lnN", "shapeU?"], "shapeU?"),
            (["gmN 7"], "gmN 7"),
        ],
    )
    def test_keyword(self, keywords: list[str], row: str) -> None:
        """A row has the keyword of its effects; a shape and lnN together are a shape with a question mark."""
        assert grammar.row_keyword(keywords) == row

    @pytest.mark.parametrize(
        "keywords",
        [["lnN", "gmN 7"], ["shape", "lnU"], ["shapeU", "lnN"], ["shapeU", "shapeU?"], ["shape", "shapeN"], []],
    )
    def test_mixed_effects(self, keywords: list[str]) -> None:
        """Effects of other keywords, and those whose parameters have different densities, cannot stand in one row."""
        with pytest.raises(ValueError, match="in one row"):
            grammar.row_keyword(keywords)
