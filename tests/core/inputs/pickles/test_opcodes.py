"""Instructions of pickles: each protocol is read as Python reads it."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacard_core.inputs.pickles.building import unpickled

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
NUMBERS = (0, 1, 255, 256, 65535, 65536, -1, 1 << 31, -(1 << 63), 1 << 3000, 1.5, float("inf"), -0.0, True, False, None)
TEXTS = ("", "a", "ü" * 200, "\ud800", "x" * 300, "a'b\n", b"", b"\x00\xff", b"y" * 300)
plain = st.recursive(
    st.sampled_from((*NUMBERS, *TEXTS)) | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def read(content: bytes) -> Any:
    """The content of a pickle, read without executing it."""
    return unpickled(io.BytesIO(content))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(content=plain, protocol=st.sampled_from(PROTOCOLS[3:]))
def test_plain_data_are_equal(content: object, protocol: int) -> None:
    """Plain data are read as Python reads them, from each protocol that has bytes."""
    text = pickle.dumps(content, protocol)
    assert repr(read(text)) == repr(pickle.loads(text))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_is_read(protocol: int) -> None:
    """Numbers, text and containers are equal in each protocol, the oldest too."""
    content: object = {"a": [*NUMBERS, (1, 2), (), ("a", [], {}), "text", "a'b\n", "\\"]}
    assert repr(read(pickle.dumps(content, protocol))) == repr(content)


@pytest.mark.parametrize("size", [255, 256, 1 << 16, 3 << 20])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_large_contents_are_whole(kind: type[Any], size: int) -> None:
    """Bytes of each size are read whole, those of several pieces too."""
    content = kind(bytes(range(256)) * (size // 256 + 1))[:size]
    assert read(pickle.dumps(content, 5)) == content


def test_objects_in_two_places_stay_one() -> None:
    """An object that occurs twice is read as one object."""
    shared: list[int] = []
    found = read(pickle.dumps([shared, shared, {"a": shared}]))
    assert found[0] is found[1] is found[2]["a"]


def test_old_texts_are_read() -> None:
    """Texts in quotes and lists below a mark, which no new pickle has, are read."""
    assert read(b"(S'a\\x41'\nS\"b\"\nlp0\n0g0\n.") == ["aA", "b"]
    assert read(b"(I01\nI00\nI7\nL8L\nt.") == (True, False, 7, 8)


@pytest.mark.parametrize("end", range(1, 200, 7))
def test_every_beginning_ends_too_early(end: int) -> None:
    """A pickle that was cut off anywhere ends too early."""
    whole = pickle.dumps({"a": [1, 2.5, "text", b"bytes", (1, 2), 1 << 40, {3}], "b" * 30: "c" * 150}, 5)
    with pytest.raises(EOFError):
        read(whole[:end])
