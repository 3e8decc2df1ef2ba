"""Windows on the bytes of a pickle: instructions across their ends, and forged sizes."""

from __future__ import annotations

import io
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest

from datacard_core.inputs.pickles.building import unpickled
from tests.support.cases import case

WINDOW = 1 << 16
"""Bytes of a window."""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_ends_of_windows(protocol: int) -> None:
    """An instruction that crosses the end of a window is read whole, whichever it is and wherever it is cut."""
    one = ["é" * 120, 1.5, 1 << 40, 1000, ("a", None), {"key": np.float64(2)}, {"b"}, "x" * 300]
    # Copies, because an object that occurs again is pickled as a reference.
    copies = [pickle.loads(pickle.dumps(one)) for _ in range(120)]
    assert len(pickle.dumps(copies, protocol)) > WINDOW + 700
    expected = repr(copies)
    for shift in range(0, 700, 35):
        found: Any = unpickled(io.BytesIO(pickle.dumps(["x" * shift, *copies], protocol)))
        assert found[0] == "x" * shift
        assert repr(found[1:]) == expected, shift


def test_large_content_between_small_values() -> None:
    """A content that is larger than what is left of a window is whole, and so are the values behind it."""
    cases: list[int] = [WINDOW - 300, WINDOW, WINDOW + 1, 3 * WINDOW, 3 << 20]
    for size in cases:
        with case(size):
            content = [
                *map(str, range(300)),
                bytearray(np.arange(size, dtype="u1")),
                *map(str, range(300)),
                b"b" * size,
                1.5,
            ]
            assert unpickled(io.BytesIO(pickle.dumps(content, 5))) == content


@pytest.mark.slow
def test_lines_across_the_end() -> None:
    """Lines of the oldest protocol are read whole at the end of a window."""
    content = list(range(10**6, 10**6 + 20_000))
    assert unpickled(io.BytesIO(pickle.dumps(content, 0))) == content


@pytest.mark.slow
def test_cut_near_the_end_of_a_window() -> None:
    """A pickle that was cut off near the end of a window ends too early."""
    whole = pickle.dumps([[str(number) * 12, float(number)] for number in range(2000)], 5)
    assert len(whole) > WINDOW + 300
    for end in range(WINDOW - 300, WINDOW + 300, 37):
        with case(end), pytest.raises(EOFError):
            unpickled(io.BytesIO(whole[:end]))


@pytest.mark.parametrize("place", [100, WINDOW, 2 * WINDOW])
def test_damage_is_no_early_end(place: int) -> None:
    """An unknown instruction in the middle of a pickle is damage, also where all bytes were held already."""
    whole = pickle.dumps(list(range(50_000)), 5)
    with pytest.raises(KeyError):
        unpickled(io.BytesIO(whole[:place] + b"\xff" * 9 + whole[place:]))


@pytest.mark.parametrize("opcode", [b"\x8e", b"\x8d", b"\x96"], ids=["bytes", "text", "bytearray"])
def test_forged_size_takes_no_memory(opcode: bytes) -> None:
    """A content that claims eight gigabytes takes no more memory than is there, and ends too early."""
    tracemalloc.start()
    try:
        with pytest.raises(EOFError):
            unpickled(io.BytesIO(b"\x80\x05" + opcode + (8_000_000_000).to_bytes(8, "little") + bytes(1000) + b"."))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
