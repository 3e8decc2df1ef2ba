"""The machine that reads pickles: its memo, its marks and its names."""

from __future__ import annotations

import io

import pytest

from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.records import RefusedError


def refusal(content: bytes) -> str:
    """The text of the error for a pickle that is refused."""
    with pytest.raises(RefusedError) as caught:
        unpickled(io.BytesIO(content))
    return str(caught.value)


@pytest.mark.parametrize("opcodes", [b"Nr\xff\xff\xff\xff.", b"Np99999999999\n."])
def test_memo_index_beyond_the_pickle(opcodes: bytes) -> None:
    """A memo that would be larger than the pickle is refused."""
    assert "a memo of" in refusal(b"\x80\x05" + opcodes)


def test_memo_with_gaps_is_read() -> None:
    """A memo whose numbers have gaps, as after `pickletools.optimize`, is read."""
    assert unpickled(io.BytesIO(b"\x80\x02]q\x05(h\x05X\x01\x00\x00\x00ae0h\x05.".replace(b"h\x05X", b"X"))) == ["a"]


def test_marks_in_each_other() -> None:
    """More marks than an output can need are refused."""
    assert "nested" in refusal(b"\x80\x05" + b"(" * 2000 + b".")


def test_many_refused_names() -> None:
    """A pickle of many refused names is not read to its end."""
    names = b"".join(f"cos\nname{number}\n0".encode() for number in range(5000))
    assert refusal(b"\x80\x02" + names).count("os.name") == 101
