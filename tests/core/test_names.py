"""Names: lists of names in messages, the closest match to a misspelt name, and the mark of public classes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datacard_core
from datacard_core.names import closest, duplicates, listing, misspelt, names_of
from tests.support.cases import case
from tests.support.processes import elsewhere

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = [name for name in datacard_core.__all__ if isinstance(getattr(datacard_core, name), type)]
USED_BEFORE = """
import pickle
import datacard_core
from datacard_core.model.arrays import Axis
# As in a process that has asked the package for no name.
vars(datacard_core).pop("Axis", None)
print(repr(Axis), pickle.loads(pickle.dumps(Axis)) is Axis, "Axis" in vars(datacard_core))
"""
YEARS = ["2022_preEE", "2022_postEE", "2023_preBPix", "2023_postBPix", "2024"]


def test_class_of_arrays() -> None:
    """An object that has the methods of an array, and is none, is a single name."""
    given_class: Any = np.ndarray
    (name,) = names_of(given_class)
    assert name is given_class


def test_names_of_any_container() -> None:
    """Names keep the order of their container; those of a set are sorted."""
    cases: list[tuple[Any, tuple[str, ...]]] = [
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
    ]
    for given_names, expected in cases:
        with case(given_names, expected):
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


def test_misspelt_word_gets_its_closest_match() -> None:
    """The closest known name is proposed for a misspelt one."""
    cases: list[tuple[str, str]] = [
        ("2022preEE", "2022_preEE"),
        ("2023_postbpix", "2023_postBPix"),
        ("2022_preEe", "2022_preEE"),
        ("2204", "2024"),
    ]
    for word, match in cases:
        with case(word, match):
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


def test_slips_are_misspellings() -> None:
    """Another case, swapped, doubled and left out letters are misspellings."""
    cases: list[tuple[str, str]] = [
        ("2022_postEEE", "2022_postEE"),
        ("2107", "2017"),
        ("20222", "2022"),
        ("TTBAR", "ttbar"),
        ("vjest", "vjets"),
        ("singel_top", "single_top"),
    ]
    for word, known in cases:
        with case(word, known):
            assert misspelt(word, ["diboson", known]) == known


def test_names_of_one_family_differ() -> None:
    """Years and processes that differ by what distinguishes them are no misspellings of each other."""
    cases: list[tuple[str, str]] = [
        ("2016", "2018"),
        ("2022_preEE", "2022_postEE"),
        ("2016_preVFP", "2016_postVFP"),
        ("ttW", "ttZ"),
        ("VVV", "VV"),
        ("ttHH", "ttH"),
        ("wjets", "zjets"),
        ("ttbar_2b", "ttbar_1b"),
        ("ttbb", "ttcc"),
    ]
    for word, known in cases:
        with case(word, known):
            assert misspelt(word, [known]) is None
            assert misspelt(known, [word]) is None


@pytest.mark.slow
@given(st.lists(st.sampled_from("abcde")))
def test_duplicates_are_in_order(names: list[str]) -> None:
    """Duplicates are the names that occur more than once, in their order."""
    found = duplicates(names)
    assert set(found) == {name for name in names if names.count(name) > 1}
    assert found == sorted(found, key=names.index)


def test_where_classes_are_shown() -> None:
    """Every public class is one of the package in its repr and in pickles."""
    for name in CLASSES:
        with case(name):
            found = getattr(datacard_core, name)
            assert repr(found).endswith(f"'datacard_core.{name}'>") or repr(found) == f"<enum {name!r}>"
            assert found.__module__ == "datacard_core"
            assert pickle.loads(pickle.dumps(found)) is found


@pytest.mark.slow
def test_class_before_its_public_use(tmp_path: Path) -> None:
    """The class is found by its public name although the package was asked for none."""
    done = elsewhere(USED_BEFORE, directory=tmp_path)
    assert done.stdout == "<class 'datacard_core.Axis'> True True\n", done.stderr
