"""Calls of Python's own types in a pickle: those that make data, and those that make much of a number."""

from __future__ import annotations

import io
import pickle

import pytest

from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.records import RefusedError
from tests.support.cases import case
from tests.support.coffea_files import Calls


def test_data_that_are_made_by_a_call() -> None:
    """Sets, arrays of bytes and complex numbers are read from protocols that call their type."""
    contents: list[object] = [{"a"}, frozenset({1}), bytearray(b"ab"), bytearray(), 1 + 2j, set()]
    protocols: list[int] = [3, 4, 5]
    for content in contents:
        for protocol in protocols:
            with case(content, protocol):
                found = unpickled(io.BytesIO(pickle.dumps(content, protocol)))
                assert found == content
                assert type(found) is type(content)


def test_other_calls_are_refused() -> None:
    """A call that is not needed for data is refused before anything is made."""
    cases: list[Calls] = [
        Calls(bytes, 8_000_000_000),
        Calls(bytearray, 8_000_000_000),
        Calls(list, bytes(9)),
        Calls(tuple, "abc"),
        Calls(str, [[]]),
        Calls(int, "1" * 4000),
        Calls(dict, [("a", 1)]),
        Calls(set, b"abc"),
        Calls(frozenset, ([],)),
        Calls(complex, "1j"),
    ]
    for call in cases:
        refused = pytest.raises(RefusedError, match=r"a call of builtins\.\w+ of a form that is not known")
        with case(call), refused:
            unpickled(io.BytesIO(pickle.dumps(call)))
