"""The grammar of cards: names, numbers, keywords of lines, and names of templates."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import grammar, number
from datacard_core.grammar import name_problem, year_problem

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


@pytest.mark.parametrize(
    "name", ["ttbar", "_hidden", "sf_btag.groupA", "W-jets", "bkg_bin_lo", "T2", np.str_("VV")], ids=str
)
def test_good_names_have_no_problem(name: str) -> None:
    """A name that Combine accepts has no problem."""
    assert name_problem("process", name) is None


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("tt bar", "tt_bar"),
        ("2022_lumi", "_2022_lumi"),
        ("-ttbar", "_-ttbar"),
        ("ttbar\n", "ttbar_"),
        ("tt/bar", "tt_bar"),
        ("Zττ", "Z__"),
        ("tt,bar", "tt_bar"),
    ],
    ids=["blank", "digit first", "minus first", "newline", "slash", "greek", "comma"],
)
def test_bad_name_is_told_with_replacement(name: str, instead: str) -> None:
    """The problem of a bad name proposes a good one."""
    problem = name_problem("process", name)
    assert problem is not None
    assert f"process {name!r}" in problem
    assert f"for example {instead!r}" in problem


@pytest.mark.slow
@given(st.text(min_size=1))
def test_every_proposed_name_is_good(name: str) -> None:
    """Each proposed name is accepted."""
    problem = name_problem("process", name)
    if problem is not None:
        suggested = ast.literal_eval(problem.rpartition("for example ")[2])
        assert name_problem("process", suggested) is None


class TestRowsOfPlugins:
    """Words behind the name of a row, as Combine's DatacardParser reads them."""

    @pytest.mark.parametrize(
        "keyword", ["lnN", "lnU", "gmN 12", "gmM", "trG", "unif -1 1.5", "dFD 5", "shapeU", "shape?"]
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


@pytest.mark.parametrize("name", [None, 5, b"ttbar", ["ttbar"]], ids=repr)
def test_name_of_another_type_is_refused(name: object) -> None:
    """A name that is not a string is refused with its value and type."""
    problem = name_problem("process", name)
    assert problem is not None
    assert repr(name) in problem
    assert type(name).__name__ in problem
    assert "expected a string" in problem


def test_empty_name_is_refused() -> None:
    """An empty name is refused."""
    assert name_problem("process", "") is not None


@pytest.mark.parametrize("year", [*YEARS, "2018", "Run3", "2022.5"], ids=str)
def test_good_years_have_no_problem(year: str) -> None:
    """A year may begin with a digit."""
    assert year_problem("year", year) is None


@pytest.mark.parametrize("year", ["", " 2022", "2022 ", "2022/2023", "2022,2023", "2022\n"], ids=repr)
def test_bad_year_is_refused(year: str) -> None:
    """A year that would break the name of a column is refused."""
    problem = year_problem("year", year)
    assert problem is not None
    assert repr(year) in problem


@pytest.mark.parametrize("year", [2022, np.int64(2022)], ids=["int", "numpy int"])
def test_year_as_number_is_told_as_string(year: object) -> None:
    """The problem of a year that is a number shows the string to write."""
    problem = year_problem("year", year)
    assert problem is not None
    assert "expected a string such as '2022'" in problem


def test_missing_year_is_told_with_an_example() -> None:
    """The problem of a year that is None does not propose 'None'."""
    problem = year_problem("year", None)
    assert problem is not None
    assert "'None'" not in problem


@given(st.floats(allow_nan=False))
def test_number_reads_back_equal(value: float) -> None:
    """The text of a number reads back as the same number."""
    assert float(number(value)) == value


@given(st.floats(allow_nan=False, width=32))
def test_numpy_number_reads_back_equal(value: float) -> None:
    """The text of a number of numpy reads back as the same number."""
    assert float(number(np.float32(value))) == value  # type: ignore[arg-type]


@given(st.floats())
def test_number_is_one_word(value: float) -> None:
    """The text of a number has no blanks."""
    assert re.fullmatch(r"\S+", number(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.016, "1.016"), (0.1 + 0.2, "0.30000000000000004"), (1, "1.0"), (np.float64(2.5), "2.5")],
    ids=["short", "sum", "int", "numpy"],
)
def test_number_is_written_shortest(value: float, text: str) -> None:
    """The text of a number has no more digits than it needs."""
    assert number(value) == text


class TestRows:
    """Keywords of the rows of nuisances."""

    @pytest.mark.parametrize(
        ("keywords", "row"),
        [(["lnN"], "lnN"), (["shape", "shape"], "shape"), (["shape", "lnN", "shape"], "shape?"), (["gmN 7"], "gmN 7")],
    )
    def test_keyword(self, keywords: list[str], row: str) -> None:
        """A row has the keyword of its effects; shape and lnN together are `shape?`."""
        assert grammar.row_keyword(keywords) == row

    @pytest.mark.parametrize("keywords", [["lnN", "gmN 7"], ["shape", "lnU"], []])
    def test_mixed_effects(self, keywords: list[str]) -> None:
        """Effects of other keywords cannot stand in one row."""
        with pytest.raises(ValueError, match="in one row"):
            grammar.row_keyword(keywords)


class TestLines:
    """Lines without columns."""

    def test_rate_param(self) -> None:
        """A rateParam line has channel, process, start, and the range if there is one."""
        line = grammar.rate_param_line("SF_tt", "tt_2022", 1.0, (0.0, 5.5))
        assert line == "SF_tt rateParam * tt_2022 1 [0,5.5]"
        assert grammar.rate_param_line("SF_tt", "tt_2022", 0.5, None) == "SF_tt rateParam * tt_2022 0.5"

    def test_auto_mc_stats(self) -> None:
        """An autoMCStats line has threshold, signal switch and histogram mode."""
        line = grammar.auto_mc_stats_line("SR_2022", 10.0, include_signal=True, hist_mode=1)
        assert line == "SR_2022 autoMCStats 10 1 1"

    @pytest.mark.parametrize(
        ("line", "keyword", "counts"),
        [
            ("alpha param 0 1", "param", True),
            ("c constr x-y 0.1", "constr", True),
            ("SF rateParam * tt 1", "rateParam", False),
            ("* autoMCStats 0", "autoMCStats", False),
            ("theory group = a b", "group", False),
            ("# alpha param 0 1", "", False),
            ("alpha", "", False),
            ("", "", False),
        ],
    )
    def test_keyword_of_line(self, line: str, keyword: str, counts: bool) -> None:
        """The second word is the keyword; Combine's kmax counts `param` and `constr`."""
        assert grammar.keyword_of(line.split()) == keyword
        assert grammar.is_constraint(line) is counts


class TestTemplateNames:
    """Names of templates under the patterns of a shapes line."""

    def test_patterns(self) -> None:
        """$PROCESS and $SYSTEMATIC are replaced as Combine does."""
        assert grammar.template_names(grammar.NOMINAL_TEMPLATE, ["data_obs", "tt_2022"]) == [
            "data_obs_nominal",
            "tt_2022_nominal",
        ]
        assert grammar.template_names(grammar.VARIED_TEMPLATE, ["tt_2022"], "JESUp") == ["tt_2022_JESUp"]

    def test_process_first_or_last(self) -> None:
        """The process may stand anywhere in a pattern."""
        assert grammar.template_names("$SYSTEMATIC/$PROCESS", ["tt"], "JESUp") == ["JESUp/tt"]
