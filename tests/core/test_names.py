"""Names: those that Combine takes, the closest match to a misspelt one, and numbers that read back."""

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


class TestNames:
    """Names that Combine takes or refuses."""

    @pytest.mark.parametrize(
        "name", ["ttbar", "_hidden", "sf_btag.groupA", "W-jets", "bkg_bin_lo", "T2", np.str_("VV")], ids=str
    )
    def test_accepted(self, name: str) -> None:
        """A name that Combine takes has no problem."""
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
    def test_refused(self, name: str, instead: str) -> None:
        """A name that Combine refuses comes with one that it takes."""
        problem = name_problem("process", name)
        assert problem is not None
        assert f"process {name!r}" in problem
        assert f"for example {instead!r}" in problem

    @given(st.text(min_size=1))
    def test_suggestions(self, name: str) -> None:
        """Every suggested name is one that Combine takes."""
        problem = name_problem("process", name)
        if problem is not None:
            suggested = ast.literal_eval(problem.rpartition("for example ")[2])
            assert name_problem("process", suggested) is None

    @pytest.mark.parametrize("name", [None, 5, b"ttbar", ["ttbar"]], ids=repr)
    def test_wrong_types(self, name: object) -> None:
        """A name that is not a string is refused with its type."""
        problem = name_problem("process", name)
        assert problem is not None
        assert repr(name) in problem
        assert type(name).__name__ in problem
        assert "expected a string" in problem

    def test_empty(self) -> None:
        """An empty name is refused."""
        assert name_problem("process", "") is not None


class TestYears:
    """Years as a part of names."""

    @pytest.mark.parametrize("year", [*YEARS, "2018", "Run3", "2022.5"], ids=str)
    def test_leading_digit(self, year: str) -> None:
        """A year may begin with a digit."""
        assert year_problem("year", year) is None

    @pytest.mark.parametrize("year", ["", " 2022", "2022 ", "2022/2023", "2022,2023", "2022\n"], ids=repr)
    def test_refused(self, year: str) -> None:
        """A year that would break the name of a column is refused."""
        problem = year_problem("year", year)
        assert problem is not None
        assert repr(year) in problem

    @pytest.mark.parametrize("year", [2022, np.int64(2022)], ids=["int", "numpy int"])
    def test_numbers(self, year: object) -> None:
        """A year given as a number is answered with the string to write."""
        problem = year_problem("year", year)
        assert problem is not None
        assert "expected a string such as '2022'" in problem

    def test_none(self) -> None:
        """None is not answered with the string 'None'."""
        problem = year_problem("year", None)
        assert problem is not None
        assert "'None'" not in problem


class TestContainers:
    """Names in containers."""

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
    def test_order(self, given_names: Any, expected: tuple[str, ...]) -> None:
        """Names come in any container, in its order."""
        assert names_of(given_names) == expected

    @given(st.sets(st.text()))
    def test_order_of_sets(self, names: set[str]) -> None:
        """The names of a set are sorted."""
        assert names_of(names) == tuple(sorted(names))
        assert names_of(frozenset(names)) == names_of(names)

    def test_mixed_types(self) -> None:
        """A set of mixed types is left for the checks to refuse."""
        assert len(names_of({2022, "2023"})) == 2

    def test_arrays(self) -> None:
        """Names from an array are plain strings."""
        assert [type(name) for name in names_of(np.array(["a", "b"]))] == [str, str]

    def test_array_without_dimension(self) -> None:
        """An array without dimension is one name."""
        assert names_of(np.array("ttbar")) == ("ttbar",)

    def test_bytes(self) -> None:
        """Bytes are one name, to be refused as such."""
        found: Any = names_of(b"ttbar")
        assert found == (b"ttbar",)


class TestClosest:
    """The closest match to a misspelt word."""

    @pytest.mark.parametrize(
        ("word", "match"),
        [
            ("2022preEE", "2022_preEE"),
            ("2023_postbpix", "2023_postBPix"),
            ("2022_preEe", "2022_preEE"),
            ("2204", "2024"),
        ],
    )
    def test_misspelt(self, word: str, match: str) -> None:
        """A misspelt word is answered with the closest known one."""
        assert closest(word, YEARS) == f" (did you mean {match!r}?)"

    def test_capitals(self) -> None:
        """Capitals do not count as a difference."""
        assert closest("TTBAR", ["diboson", "ttbar"]) == " (did you mean 'ttbar'?)"

    def test_several_alike(self) -> None:
        """Of names that differ in capitals the first known one is proposed."""
        assert closest("ttbar_", ["TTbar", "ttbar"]) == " (did you mean 'TTbar'?)"

    def test_none_alike(self) -> None:
        """A word unlike all known ones is answered with all of them."""
        assert closest("qcd", ["ttbar", "signal", "ttbar"]) == " (known: ttbar, signal)"

    def test_none_known(self) -> None:
        """Without known words there is no proposal."""
        assert closest("qcd", []) == ""

    def test_wrong_type(self) -> None:
        """A word that is not a string is matched by its text."""
        assert closest(2024, YEARS) == " (did you mean '2024'?)"  # type: ignore[arg-type]


class TestLists:
    """Lists in messages."""

    def test_long(self) -> None:
        """A long list is cut, with the number of the rest."""
        assert listing(range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and 2 more"
        assert listing(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
        assert listing(["a", "b", "c"], most=1) == "a, and 2 more"

    @given(st.lists(st.sampled_from("abcde")))
    def test_duplicates(self, names: list[str]) -> None:
        """Duplicates are the names that occur more than once, in order."""
        found = duplicates(names)
        assert set(found) == {name for name in names if names.count(name) > 1}
        assert found == sorted(found, key=names.index)


class TestNumbers:
    """Numbers in a card."""

    @given(st.floats(allow_nan=False))
    def test_reads_back(self, value: float) -> None:
        """A number reads back as the same number."""
        assert float(number(value)) == value

    @given(st.floats(allow_nan=False, width=32))
    def test_numpy(self, value: float) -> None:
        """A number of numpy reads back as the same number."""
        assert float(number(np.float32(value))) == value  # type: ignore[arg-type]

    @given(st.floats())
    def test_one_word(self, value: float) -> None:
        """A number is one word of a card."""
        assert re.fullmatch(r"\S+", number(value))

    @pytest.mark.parametrize(
        ("value", "text"),
        [(1.016, "1.016"), (0.1 + 0.2, "0.30000000000000004"), (1, "1.0"), (np.float64(2.5), "2.5")],
        ids=["short", "sum", "int", "numpy"],
    )
    def test_shortest(self, value: float, text: str) -> None:
        """A number is written with as few digits as read back."""
        assert number(value) == text
