"""What declarations keep: plain numbers and names, out of reach of the script, and columns in words."""

from __future__ import annotations

import copy
import pickle
import types
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import SystematicUncertainty
from datacard_core.declare.values import ReadOnlyDict, in_words
from tests.support.cases import case
from tests.support.declarations import YEARS, by_process, systematic


def test_numbers_of_any_library() -> None:
    """Numbers of any library become floats, and pairs of them tuples of floats."""
    cases: list[tuple[Any, object]] = [
        (1, 1.0),
        (1.05, 1.05),
        (np.int64(1), 1.0),
        (np.float64(1.05), 1.05),
        (np.float32(1.5), 1.5),
        (np.array(1.05), 1.05),
        (Fraction(21, 20), 1.05),
        ((0.98, 1.05), (0.98, 1.05)),
        ([0.98, 1.05], (0.98, 1.05)),
        (np.array([0.98, 1.05]), (0.98, 1.05)),
        ((1, np.float32(1.5)), (1.0, 1.5)),
    ]
    for value, expected in cases:
        with case(value, expected):
            for declared in (
                systematic(value=value),
                by_process({"ttbar": value}),
                by_process({"ttbar": {"2022": value}}),
            ):
                found = declared.value_for("ttbar", "2022")
                assert found == expected
                assert type(found) is type(expected)
            pair = systematic(value=value).value_for("vjets", "2023")
            assert all(type(number) is float for number in (pair if isinstance(pair, tuple) else (pair,)))


def test_options_are_copied() -> None:
    """Options are kept as Python's types, and a later change of the script's arrays does not reach them."""
    weights, nested = np.array([1.0, 2.0]), {"a": [1]}
    declared = SystematicUncertainty("unc", "mine", ["ttbar"], YEARS, 1.0, options={"members": 3})
    assert declared.options == {"members": 3}
    declared = systematic(options={"weights": weights, "nested": nested, "pair": (0, np.int64(5))})
    weights[0] = nested["a"][0] = 7
    assert declared.options == {"weights": (1.0, 2.0), "nested": {"a": (1,)}, "pair": (0, 5)}


def test_containers_are_copied() -> None:
    """A later change of the script's dicts does not change the systematic."""
    processes, alias = {"ttbar": {"2022": 1.06, "2023": 1.07}}, {"ttbar": {"2022": "a", "2023": "b"}}
    declared = by_process(processes, coffea_name_alias=alias)
    processes["ttbar"]["2022"], alias["ttbar"]["2022"] = 2.0, "other"
    assert declared.value_for("ttbar", "2022") == 1.06
    assert declared.get_coffea_name("ttbar", "2022") == "a"


def test_mappings_of_values() -> None:
    """Values by process may come in any mapping."""
    assert by_process(types.MappingProxyType({"ttbar": 1.06})).processes == {"ttbar": 1.06}


def test_distinct_values() -> None:
    """Every value comes once, behind the columns that have it."""
    cases: list[tuple[dict[str, Any], list[tuple[str, Any]]]] = [
        ({"ttbar": 1.05}, [("ttbar (2022, 2023)", 1.05)]),
        ({"ttbar": 1.05, "vjets": 1.05}, [("ttbar, vjets (2022, 2023)", 1.05)]),
        ({"ttbar": 1.05, "vjets": {"2023": 1.05}}, [("ttbar (2022, 2023); vjets 2023", 1.05)]),
        ({"ttbar": {"2022": 1.05}, "vjets": {"2022": 1.05}}, [("ttbar, vjets (2022)", 1.05)]),
        ({"ttbar": {"2022": 1.05, "2023": 1.06}}, [("ttbar 2022", 1.05), ("ttbar 2023", 1.06)]),
        ({"ttbar": {"2022": {0.9}}}, [("ttbar 2022", {0.9})]),
    ]
    for processes, expected in cases:
        with case(processes, expected):
            assert list(by_process(processes).distinct_values()) == expected


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(YEARS)), min_size=1, unique=True))
def test_columns_in_words(columns: list[tuple[str, str]]) -> None:
    """Columns in words are exactly the columns that were given."""
    read = []
    for block in in_words(columns).split("; "):
        processes, _, years = block.partition(" (") if "(" in block else block.partition(" ")
        read += [(process, year) for process in processes.split(", ") for year in years.rstrip(")").split(", ")]
    assert sorted(read) == sorted(columns)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
def test_read_only_dict_is_copied(copied: Any) -> None:
    """A copy of a read-only dict is an equal one, read-only as well."""
    arrived = copied(ReadOnlyDict({"a": 1}))
    assert arrived == {"a": 1}
    with pytest.raises(TypeError, match="read-only"):
        arrived["a"] = 2


def test_read_only_dict_refuses_changes() -> None:
    """No method of a dict changes a read-only one."""
    cases: list[Any] = [
        lambda kept: kept.update(a=2),
        lambda kept: kept.pop("a"),
        lambda kept: kept.popitem(),
        lambda kept: kept.clear(),
        lambda kept: kept.setdefault("b", 2),
        lambda kept: kept.__delitem__("a"),
        lambda kept: kept.__ior__({"a": 2}),
    ]
    for change in cases:
        with case(change):
            kept = ReadOnlyDict({"a": 1})
            with pytest.raises(TypeError, match="read-only in a card"):
                change(kept)
            assert kept == {"a": 1}


def test_integer_beyond_floats() -> None:
    """An integer that no float holds is kept, for its kind to refuse."""
    assert systematic(value=10**400).value_for("ttbar", "2022") == 10**400
