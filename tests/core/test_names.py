"""Names, lists of names in messages, and numbers as text."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import number
from datacard_core.grammar import name_problem, year_problem
from datacard_core.names import closest, duplicates, listing, names_of

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
def test_names_of_any_container(given_names: Any, expected: tuple[str, ...]) -> None:
    """Names keep the order of their container; those of a set are sorted."""
    assert names_of(given_names) == expected


@pytest.mark.slow
@given(st.sets(st.text()))
def test_order_of_a_set_is_stable(names: set[str]) -> None:
    """The order of a set's names does not depend on hashes."""
    assert names_of(names) == tuple(sorted(names))
    assert names_of(frozenset(names)) == names_of(names)


def test_set_of_mixed_types_is_kept() -> None:
    """A set of strings and numbers is kept, so that later checks can refuse the numbers."""
    assert len(names_of({2022, "2023"})) == 2


def test_names_of_an_array_are_plain() -> None:
    """Names of a numpy array become strings of Python."""
    assert [type(name) for name in names_of(np.array(["a", "b"]))] == [str, str]


def test_array_without_dimension_is_one_name() -> None:
    """An array without dimension is one name."""
    assert names_of(np.array("ttbar")) == ("ttbar",)


def test_bytes_are_one_name() -> None:
    """Bytes are one name, not a list of numbers."""
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
def test_misspelt_word_gets_its_closest_match(word: str, match: str) -> None:
    """The closest known name is proposed for a misspelt one."""
    assert closest(word, YEARS) == f" (did you mean {match!r}?)"


def test_case_is_ignored() -> None:
    """Upper and lower case are the same for a match."""
    assert closest("TTBAR", ["diboson", "ttbar"]) == " (did you mean 'ttbar'?)"


def test_first_of_names_equal_but_case() -> None:
    """Of known names that differ in case only, the first is proposed."""
    assert closest("ttbar_", ["TTbar", "ttbar"]) == " (did you mean 'TTbar'?)"


def test_unlike_word_gets_all_names() -> None:
    """All known names are listed for a word that is like none of them."""
    assert closest("qcd", ["ttbar", "signal", "ttbar"]) == " (known: ttbar, signal)"


def test_no_known_names() -> None:
    """Without known names the proposal is empty."""
    assert closest("qcd", []) == ""


def test_word_of_another_type_is_matched() -> None:
    """A word that is not a string is matched by its text."""
    assert closest(2024, YEARS) == " (did you mean '2024'?)"  # type: ignore[arg-type]


def test_long_list_is_cut() -> None:
    """A long list is cut and ends with the number of names left out."""
    assert listing(range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and 2 more"
    assert listing(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert listing(["a", "b", "c"], most=1) == "a, and 2 more"


@given(st.lists(st.sampled_from("abcde")))
def test_duplicates_are_in_order(names: list[str]) -> None:
    """Duplicates are the names that occur more than once, in their order."""
    found = duplicates(names)
    assert set(found) == {name for name in names if names.count(name) > 1}
    assert found == sorted(found, key=names.index)


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
