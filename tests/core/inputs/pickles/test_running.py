"""The loop over frequent instructions: the same result as of Python's own, and its count."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct

import numpy as np
import pytest

from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.limits import Budget
from datacard_core.inputs.pickles.machine import Machine
from datacard_core.inputs.pickles.plain_arrays import DTYPE, scalar
from datacard_core.inputs.pickles.plain_arrays import SCALAR as SCALAR_NAME
from datacard_core.inputs.pickles.records import RefusedError
from datacard_core.inputs.pickles.running import run_window
from tests.support.cases import case
from tests.support.coffea_files import short
from tests.support.hostile_files import dtype

# Class and dtype of a scalar of numpy, kept in the memo as 0 and 1, with other values after them as 2, 3, …
CLASSES = short("numpy._core.multiarray") + short("scalar") + b"\x93\x940" + dtype("f8") + b"\x940"
SCALAR = b"h\x00h\x01C\x08" + struct.pack("<d", 1.5) + b"\x94\x86\x94R\x94"
# Behind short values the last instructions of a pickle would not be in the loop.
PADDING = short("x" * 200) * 2 + b"00"


def both(opcodes: bytes) -> list[object]:
    """Return the values of a list that opcodes fill, after comparing them with those of Python."""
    content = b"\x80\x04" + CLASSES + b"](" + opcodes + b"e" + PADDING + b"."
    found = unpickled(io.BytesIO(content))
    assert isinstance(found, list)
    assert repr(found) == repr(pickle.loads(content))
    return found


def test_scalars_of_numpy() -> None:
    """Scalars, whose instructions are carried out together, are those of Python."""
    assert both(SCALAR + b"K\x07" + SCALAR) == [1.5, 7, 1.5]


@pytest.mark.parametrize(("index", "kind"), [(2, bytes), (4, np.float64)])
def test_memo_behind_a_scalar(index: int, kind: type) -> None:
    """Bytes and value of a scalar have the places in the memo that Python gives them, and later values the next."""
    found = both(SCALAR + b"h" + bytes([index]) + short("text") + b"\x94h\x05")
    assert type(found[1]) is kind
    assert found[2:] == ["text", "text"]
    assert found[2] is found[3]


def test_beginning_of_a_scalar() -> None:
    """Bytes that are followed by a part of a scalar's instructions only are read one by one."""
    for end in range(1, 5):
        with case(end):
            before = b"K\x01K\x02" if end < 4 else b"h\x00h\x01"  # A call needs the classes.
            opcodes = before + b"C\x08" + struct.pack("<d", 1.5) + b"\x94\x86\x94R\x94"[:end] + b"K\x07"
            assert both(opcodes)[-1] == 7


def test_scalar_of_an_altered_dtype() -> None:
    """A dtype that gets another state makes other scalars from then on."""
    swapped = b"h\x01(K\x03" + short(">") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb0"
    content = b"\x80\x04" + CLASSES + b"](" + SCALAR + swapped + SCALAR + b"e" + PADDING + b"."
    expected = [1.5, np.frombuffer(struct.pack("<d", 1.5), ">f8")[0]]
    assert unpickled(io.BytesIO(content)) == expected


def test_number_of_instructions() -> None:
    """All instructions are counted, each of those that are carried out together."""
    content = b"\x80\x04" + CLASSES + b"](" + (SCALAR + short("text") + b"\x94K\x07M\x01\x02") * 100 + b"e."
    machine = Machine(io.BytesIO(content), {SCALAR_NAME, DTYPE}, {SCALAR_NAME: scalar}, Budget())
    machine.window.move()
    count = run_window(machine)
    places = [place for _, _, place in pickletools.genops(content)]
    assert places.index(machine.window.place) == count > 900


def test_too_many_instructions() -> None:
    """A pickle of more instructions than an output of its size has is refused."""
    # 100 000 in 150 kB; behind others an output of this size may have 4.005 million.
    content = b"\x80\x04" + b"K\x050" * 50_000 + b"N."
    unpickled(io.BytesIO(content), budget=Budget(steps=3_890_000))
    with pytest.raises(RefusedError, match=r"\d+ objects in"):
        unpickled(io.BytesIO(content), budget=Budget(steps=3_950_000))
