"""The grammar of cards: names, numbers, keywords of lines, and names of templates."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import grammar
from datacard_core.grammar import name_problem, year_problem
from tests.support.cases import case

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


def test_good_names_have_no_problem() -> None:
    """A name that Combine accepts has no problem."""
    cases: list[str] = ["ttbar", "_hidden", "sf_btag.groupA", "W-jets", "bkg_bin_lo", "T2", np.str_("VV")]
    for name in cases:
        with case(name):
            assert name_problem("process", name) is None


def test_bad_name_is_told_with_replacement() -> None:
    """The problem of a bad name proposes a good one."""
    cases: list[tuple[str, str]] = [
        ("tt bar", "tt_bar"),
        ("2022_lumi", "_2022_lumi"),
        ("-ttbar", "_-ttbar"),
        ("ttbar\n", "ttbar_"),
        ("tt/bar", "tt_bar"),
        ("Zττ", "Z__"),
        ("tt,bar", "tt_bar"),
    ]
    for name, instead in cases:
        with case(name, instead):
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


def test_name_of_another_type_is_refused() -> None:
    """A name that is not a string is refused with its value and type."""
    cases: list[object] = [None, 5, b"ttbar", ["ttbar"]]
    for name in cases:
        with case(name):
            problem = name_problem("process", name)
            assert problem is not None
            assert repr(name) in problem
            assert type(name).__name__ in problem
            assert "expected a string" in problem


def test_empty_name_is_refused() -> None:
    """An empty name is refused."""
    assert name_problem("process", "") is not None


def test_good_years_have_no_problem() -> None:
    """A year may begin with a digit."""
    cases: list[str] = [*YEARS, "2018", "Run3", "2022.5"]
    for year in cases:
        with case(year):
            assert year_problem("year", year) is None


def test_bad_year_is_refused() -> None:
    """A year that would break the name of a column is refused."""
    cases: list[str] = ["", " 2022", "2022 ", "2022/2023", "2022,2023", "2022\n"]
    for year in cases:
        with case(year):
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
