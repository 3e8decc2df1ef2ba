"""Names: what Combine takes, the closest match to a misspelt one, and numbers that read back as they were."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import number
from datacard_core.names import closest, duplicates, listing, name_problem, names_of, year_problem

YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


@pytest.mark.parametrize(
    "name", ["ttbar", "_hidden", "sf_btag.groupA", "W-jets", "bkg_bin_lo", "T2", np.str_("VV")], ids=str
)
def test_names_that_combine_takes_have_no_problem(name: str) -> None:
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
def test_a_name_that_combine_refuses_comes_with_one_that_it_takes(name: str, instead: str) -> None:
    problem = name_problem("process", name)
    assert problem is not None
    assert f"process {name!r}" in problem
    assert f"for example {instead!r}" in problem


@given(st.text(min_size=1))
def test_every_suggested_name_is_one_that_combine_takes(name: str) -> None:
    problem = name_problem("process", name)
    if problem is not None:
        suggested = ast.literal_eval(problem.rpartition("for example ")[2])
        assert name_problem("process", suggested) is None


@pytest.mark.parametrize("name", [None, 5, b"ttbar", ["ttbar"]], ids=repr)
def test_a_name_that_is_no_string_is_refused_with_its_type(name: object) -> None:
    problem = name_problem("process", name)
    assert problem is not None
    assert repr(name) in problem
    assert type(name).__name__ in problem
    assert "expected a string" in problem


def test_an_empty_name_is_refused() -> None:
    assert name_problem("process", "") is not None


@pytest.mark.parametrize("year", [*YEARS, "2018", "Run3", "2022.5"], ids=str)
def test_a_year_may_begin_with_a_digit(year: str) -> None:
    assert year_problem("year", year) is None


@pytest.mark.parametrize("year", ["", " 2022", "2022 ", "2022/2023", "2022,2023", "2022\n"], ids=repr)
def test_a_year_that_would_break_the_name_of_a_column_is_refused(year: str) -> None:
    problem = year_problem("year", year)
    assert problem is not None
    assert repr(year) in problem


@pytest.mark.parametrize("year", [2022, np.int64(2022)], ids=["int", "numpy int"])
def test_a_year_given_as_a_number_is_answered_with_the_string_to_write(year: object) -> None:
    problem = year_problem("year", year)
    assert problem is not None
    assert "expected a string such as '2022'" in problem


def test_a_year_that_is_nothing_is_not_answered_with_a_string_of_nothing() -> None:
    problem = year_problem("year", None)
    assert problem is not None
    assert "'None'" not in problem


@pytest.mark.parametrize(
    ("given_names", "expected"),
    [
        ("ttbar", ("ttbar",)),
        (["b", "a"], ("b", "a")),
        (("b", "a"), ("b", "a")),
        ({"b": 1, "a": 2}, ("b", "a")),
        ({"b": 1, "a": 2}.keys(), ("b", "a")),
        ((name for name in ("b", "a")), ("b", "a")),
        (np.array(["b", "a"]), ("b", "a")),
        ({"b", "a", "c"}, ("a", "b", "c")),
        (frozenset(["b", "a"]), ("a", "b")),
        ([], ()),
    ],
    ids=["string", "list", "tuple", "dict", "keys", "generator", "array", "set", "frozenset", "none of them"],
)
def test_names_come_in_any_container_and_in_its_order(given_names: Any, expected: tuple[str, ...]) -> None:
    assert names_of(given_names) == expected


@given(st.sets(st.text()))
def test_the_order_of_a_set_does_not_depend_on_hashing(names: set[str]) -> None:
    assert names_of(names) == tuple(sorted(names))
    assert names_of(frozenset(names)) == names_of(names)


def test_a_set_of_mixed_types_is_left_for_the_checks_to_refuse() -> None:
    assert len(names_of({2022, "2023"})) == 2


def test_names_from_an_array_are_plain_strings_so_that_messages_show_them_as_written() -> None:
    assert [type(name) for name in names_of(np.array(["a", "b"]))] == [str, str]


def test_an_array_without_dimension_is_one_name() -> None:
    assert names_of(np.array("ttbar")) == ("ttbar",)


def test_bytes_are_one_name_and_not_their_numbers() -> None:
    found: Any = names_of(b"ttbar")
    assert found == (b"ttbar",)


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("2022preEE", "2022_preEE"),
        ("2023_postbpix", "2023_postBPix"),
        ("2022_preEe", "2022_preEE"),
        ("2204", "2024"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_closest_known_one(word: str, match: str) -> None:
    assert closest(word, YEARS) == f" (did you mean {match!r}?)"


def test_capitals_do_not_count_as_a_difference() -> None:
    assert closest("TTBAR", ["diboson", "ttbar"]) == " (did you mean 'ttbar'?)"


def test_of_names_that_differ_in_capitals_the_first_known_one_is_proposed() -> None:
    assert closest("ttbar_", ["TTbar", "ttbar"]) == " (did you mean 'TTbar'?)"


def test_a_word_like_no_known_one_is_answered_with_all_of_them() -> None:
    assert closest("qcd", ["ttbar", "signal", "ttbar"]) == " (known: ttbar, signal)"


def test_where_nothing_is_known_there_is_nothing_to_propose() -> None:
    assert closest("qcd", []) == ""


def test_a_word_that_is_no_string_is_matched_by_how_it_is_written() -> None:
    assert closest(2024, YEARS) == " (did you mean '2024'?)"  # type: ignore[arg-type]


def test_a_long_list_is_cut_and_says_how_many_more_there_are() -> None:
    assert listing(range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and 2 more"
    assert listing(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert listing(["a", "b", "c"], most=1) == "a, and 2 more"


@given(st.lists(st.sampled_from("abcde")))
def test_duplicates_are_what_occurs_more_than_once_in_order(names: list[str]) -> None:
    found = duplicates(names)
    assert set(found) == {name for name in names if names.count(name) > 1}
    assert found == sorted(found, key=names.index)


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_the_same_number(value: float) -> None:
    assert float(number(value)) == value


@given(st.floats(allow_nan=False, width=32))
def test_a_numpy_number_reads_back_as_the_same_number(value: float) -> None:
    assert float(number(np.float32(value))) == value  # type: ignore[arg-type]


@given(st.floats())
def test_a_number_is_one_word_of_a_card(value: float) -> None:
    assert re.fullmatch(r"\S+", number(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.016, "1.016"), (0.1 + 0.2, "0.30000000000000004"), (1, "1.0"), (np.float64(2.5), "2.5")],
    ids=["short", "sum", "int", "numpy"],
)
def test_a_number_is_written_as_short_as_it_can_be(value: float, text: str) -> None:
    assert number(value) == text
