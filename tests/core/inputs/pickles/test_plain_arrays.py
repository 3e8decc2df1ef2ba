"""Arrays and scalars of numpy in an output: those that are read, and those that are refused."""

from __future__ import annotations

import pickle
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core.inputs.coffea import load_output
from tests.support.cases import case
from tests.support.coffea_files import Calls, an_output, assert_same, complaint, in_an_output, save, save_pickle, short

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("protocol", [3, 5])
def test_arrays_and_scalars_are_equal(tmp_path: Path, protocol: int) -> None:
    """Arrays and scalars are read as they were written."""
    table = np.arange(6.0).reshape(2, 3)
    arrays = [table, table.T, table[:, ::2], np.array([True]), np.array(["a", "bcd"]), np.array([1], ">i4")]
    empty = np.zeros((0, 2), "f4")
    scalars = [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("text"), np.str_(""), np.complex128(1j)]
    expected = an_output("a") | {"extra": [*arrays, empty, *scalars], "keys": {np.str_("k"): (1, 2j)}}
    assert_same(load_output(save(tmp_path / "a.coffea", expected, protocol)), expected)


def test_files_of_numpy_1_and_2(tmp_path: Path) -> None:
    """Files that numpy 1 and numpy 2 wrote are both read."""
    protocols: list[int] = [4, 5]
    writers: list[str] = ["core", "_core"]
    for protocol in protocols:
        for writer in writers:
            with case(protocol, writer):
                expected = an_output("a")
                content = pickle.dumps(expected, protocol)
                content = content[:2] + content[11:]  # Without the frame, whose length would have to agree.
                for module in ("multiarray", "numeric"):
                    written = short(f"numpy.{writer}.{module}")
                    for spelling in ("core", "_core"):
                        content = content.replace(short(f"numpy.{spelling}.{module}"), written)
                assert short(f"numpy.{writer}.multiarray") in content
                assert_same(load_output(save_pickle(tmp_path / "a.coffea", content)), expected)


def from_buffer(dtype: object, content: bytes = bytes(8), shape: object = (1,)) -> Calls:
    module = np.zeros(1).__reduce_ex__(5)[0]
    return Calls(module, content, dtype, shape, "C")


NUMPY = {
    "objects in a buffer": from_buffer(Calls(np.dtype, "O8", False, True)),
    "objects, denied by the flags": from_buffer(
        Calls(np.dtype, "O8", False, True, state=(3, "|", None, None, None, -1, -1, 0))
    ),
    "a field outside": from_buffer(
        Calls(
            np.dtype,
            "V8",
            False,
            True,
            state=(3, "|", None, ("a",), {"a": (np.dtype("f8"), 1 << 40)}, 8, 1, 0),
        )
    ),
    "a field outside, on a number": from_buffer(
        Calls(
            np.dtype,
            "f8",
            False,
            True,
            state=(3, "<", None, ("a",), {"a": (np.dtype("f8"), 1 << 40)}, 8, 1, 0),
        )
    ),
    "a subarray": from_buffer(
        Calls(np.dtype, "V8", False, True, state=(3, "|", (np.dtype("O"), (1,)), None, None, 8, 1, 0))
    ),
    "an array of objects": np.array([{}, None]),
    "a scalar of objects": Calls(np.float64(1).__reduce__()[0], np.dtype("O"), {}),
    "a structured array": np.zeros(2, [("a", "f8")]),
    "another subtype": Calls(
        np.zeros(1).__reduce__()[0], defaultdict, (0,), b"b", state=(1, (1,), np.dtype("f8"), False, bytes(8))
    ),
    "no content": Calls(np.zeros(1).__reduce__()[0], np.ndarray, (1 << 20,), b"b"),
    "content of another kind": Calls(
        np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b", state=(1, (1,), np.dtype("f8"), False, [1.0])
    ),
    "more shape than content": from_buffer(np.dtype("f8"), shape=(1 << 30,)),
    "a dtype that is data": np.dtype("f8"),
}


def test_only_plain_numbers_and_text_are_built(tmp_path: Path) -> None:
    """Arrays of objects, of structures and of forged states are refused."""
    told = {
        "another subtype": "_reconstruct of a form that is not known",
        "no content": "_reconstruct of a form that is not known",
        "content of another kind": "a numpy array made of a list",
        "more shape than content": "cannot reshape",
        "a dtype that is data": "numpy.dtype of a form that is not known",
    }
    for how, content in NUMPY.items():
        with case(how):
            message = complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": content}))
            assert told.get(how, "which is not a plain number or text") in message


def test_numpy_itself_takes_denied_objects() -> None:
    """Loaded by Python, the forged flags give an array of objects."""
    loaded = pickle.loads(in_an_output(NUMPY["objects, denied by the flags"]))
    assert loaded["extra"].dtype.kind == "O"
