"""Instructions of pickles: each protocol is read as Python reads it."""

from __future__ import annotations

import io
import pickle
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core.inputs.pickles.building import unpickled
from tests.support.cases import case

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
NUMBERS = (0, 1, 255, 256, 65535, 65536, -1, 1 << 31, -(1 << 63), 1 << 3000, 1.5, float("inf"), -0.0, True, False, None)
TEXTS = ("", "a", "ü" * 200, "\ud800", "x" * 300, "a'b\n", b"", b"\x00\xff", b"y" * 300)


def plain(random: Random, depth: int = 0) -> object:
    """Return random plain data, of which some contain others."""
    if depth < 4 and random.random() < 0.4:
        inner = [plain(random, depth + 1) for _ in range(random.choice([0, 1, 2, 5]))]
        return random.choice([inner, tuple(inner), {str(number): value for number, value in enumerate(inner)}])
    return random.choice(
        [
            random.choice((*NUMBERS, *TEXTS)),
            random.getrandbits(random.choice([7, 15, 31, 63, 200])) * random.choice([1, -1]),
            random.uniform(-1, 1) * 10.0 ** random.randrange(-300, 300),
            "".join(map(chr, random.choices(range(0xD7FF), k=random.randrange(20)))),
            random.randbytes(random.randrange(20)),
        ]
    )


def read(content: bytes) -> Any:
    """The content of a pickle, read without executing it."""
    return unpickled(io.BytesIO(content))


@pytest.mark.slow
# Hypothesis draws the seed alone: for each value it would take longer than all are read.
@given(seed=st.integers(0, 2**32))
def test_plain_data_are_equal(seed: int) -> None:
    """Plain data are read as Python reads them, from each protocol that has bytes."""
    random = Random(seed)  # noqa: S311 - nothing secret
    content = [plain(random) for _ in range(10)]
    for protocol in PROTOCOLS[3:]:
        text = pickle.dumps(content, protocol)
        assert repr(read(text)) == repr(pickle.loads(text))


def test_each_protocol_is_read() -> None:
    """Numbers, text and containers are equal in each protocol, the oldest too."""
    for protocol in PROTOCOLS:
        with case(protocol):
            content: object = {"a": [*NUMBERS, (1, 2), (), ("a", [], {}), "text", "a'b\n", "\\"]}
            assert repr(read(pickle.dumps(content, protocol))) == repr(content)


def test_large_contents_are_whole() -> None:
    """Bytes of each size are read whole, those of several pieces too."""
    sizes: list[int] = [255, 256, 1 << 16, 3 << 20]
    kinds: list[type[Any]] = [bytes, bytearray]
    for size in sizes:
        for kind in kinds:
            with case(size, kind):
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


def test_every_beginning_ends_too_early() -> None:
    """A pickle that was cut off anywhere ends too early."""
    whole = pickle.dumps({"a": [1, 2.5, "text", b"bytes", (1, 2), 1 << 40, {3}], "b" * 30: "c" * 150}, 5)
    for end in range(1, 200, 7):
        with case(end), pytest.raises(EOFError):
            read(whole[:end])
