"""Outputs as files: what PocketCoffea writes, forged pickles, and comparison of what was read."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cloudpickle
import hist
import lz4.frame
import numpy as np
import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output, open_output
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="needs ../shared/data, real PocketCoffea outputs")
of_numpy_1 = pytest.mark.filterwarnings("ignore:numpy.core.* is deprecated:DeprecationWarning")
PARTIAL = sorted((SHARED_DATA / "partial").glob("*.coffea"))
YEAR = "2022_preEE"


def histogram(*, storage: str = "weight", content: float = 2.0) -> hist.Hist[Any]:
    """A histogram as PocketCoffea makes it, filled in one bin."""
    result: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(["SR", "CR"], name="cat"),
        hist.axis.StrCategory(["nominal", "JESUp"], name="variation"),
        hist.axis.Regular(3, 0, 3, name="events.m", label="m"),
        storage=storage,
        name="Counts",
    )
    result.fill(["SR"], ["nominal"], [content])
    return result


def an_output(*datasets: str, sample: str = "TTbar", year: str = YEAR) -> Any:
    """An output with all keys that PocketCoffea writes."""
    return {
        "sum_genweights": {name: np.float32(3.5) for name in datasets},
        "sum_signOf_genweights": {name: np.float32(3) for name in datasets},
        "sumw": {"SR": {name: {sample: {"nominal": np.float64(2)}} for name in datasets}},
        "sumw2": {"SR": {name: {sample: {"nominal": np.float64(4)}} for name in datasets}},
        "cutflow": {
            "initial": dict.fromkeys(datasets, 9),
            "presel": dict.fromkeys(datasets, 4),
            "SR": {name: {sample: {"nominal": np.int64(1)}} for name in datasets},
        },
        "variables": {"m": defaultdict(dict, {sample: {name: histogram() for name in datasets}})},
        "columns": {},
        "processing_metadata": {},
        "datasets_metadata": {
            "by_datataking_period": {year: defaultdict(set, {sample: set(datasets)})},
            "by_dataset": defaultdict(
                dict, {name: {"sample": sample, "year": year, "isMC": "True"} for name in datasets}
            ),
        },
    }


def save(file: Path, content: object, protocol: int = 5) -> Path:
    """Write an output as coffea does."""
    file.write_bytes(lz4.frame.compress(cloudpickle.dumps(content, protocol)))
    return file


def save_split(file: Path, content: Any, *, compressed: bool = True, **index: object) -> Path:
    """Write an output as PocketCoffea splits it: a pickle for each variable, each sample of columns, and the rest.

    Args:
        file: the file.
        content: the output.
        compressed: True for members in lz4, as by default; otherwise zip compresses them.
        index: entries of the index that differ from what PocketCoffea writes.
    """
    variables, columns = content["variables"], content["columns"]
    rest = {key: value for key, value in content.items() if key not in ("variables", "columns")}
    members = {"metadata": rest}
    members |= {f"variables/{quote(name, safe='')}": of for name, of in variables.items()}
    members |= {f"columns/{quote(name, safe='')}": of for name, of in columns.items()}
    listed = {
        "format": "pocketcoffea-split",
        "version": 1,
        "compression": "lz4" if compressed else "none",
        "split_keys_present": ["variables", "columns"],
        "variables": list(variables),
        "columns": list(columns),
        "categories": ["SR", "CR"],
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED if compressed else zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("format.json", json.dumps(listed | index, indent=2))
        for name, of in members.items():
            pickled = cloudpickle.dumps(of)
            archive.writestr(name, lz4.frame.compress(pickled) if compressed else pickled)
    return file


def save_pickle(file: Path, content: bytes) -> Path:
    """Write the bytes of a pickle as coffea does."""
    file.write_bytes(lz4.frame.compress(content))
    return file


def complaint(*files: Path, trust: bool = False) -> str:
    """The text of the error that reading the files raises, the same where contents stay in the file."""
    with pytest.raises(InputError) as caught:
        load_output(files, trust=trust)
    if not trust:
        assert _outcome(load_output, files, arrays=True) == _outcome(open_output, files, keep=1)
    return str(caught.value)


def _outcome(read: Callable[..., object], files: tuple[Path, ...], **options: Any) -> str:
    """The text of the error of a way to read files, or an empty text."""
    try:
        read(files, **options)
    except InputError as error:
        return str(error)
    return ""


def assert_same(one: Any, other: Any) -> None:
    """Assert that two values are equal, with their types, factories, order and dtypes."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        assert getattr(one, "default_factory", None) is getattr(other, "default_factory", None)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif isinstance(one, hist.Hist):
        assert one.axes == other.axes
        assert [axis.__dict__ for axis in one.axes] == [axis.__dict__ for axis in other.axes]
        assert one.__dict__ == other.__dict__
        assert type(one._hist) is type(other._hist)
        assert np.array_equal(one.view(flow=True), other.view(flow=True))
        assert_same(one.variances(flow=True), other.variances(flow=True))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.flags.writeable == other.flags.writeable
        assert np.array_equal(one, other)
    elif hasattr(one, "_value"):
        assert_same(one._value, other._value)
        assert_same(one._empty, other._empty)
    else:
        assert one == other


class Calls:
    """An object that pickles as the call of a function, whose result then gets a state."""

    def __init__(self, function: object, *arguments: object, state: object = None) -> None:
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.parts


def in_an_output(payload: object, protocol: int = 5) -> bytes:
    """The pickle of an output that holds a payload."""
    content: bytes = cloudpickle.dumps(an_output("a") | {"extra": payload}, protocol)
    return content


def before_an_output(opcodes: bytes) -> bytes:
    """The pickle of an output, behind opcodes whose result is dropped."""
    return b"\x80\x05" + opcodes + b"0" + pickle.dumps(an_output("a"), 3)[2:]


def text(word: str) -> bytes:
    """Opcode that pushes a string."""
    content = word.encode()
    return b"X" + len(content).to_bytes(4, "little") + content


def named(module: str, name: str) -> bytes:
    """Opcodes that push a class or function by name."""
    return text(module) + text(name) + b"\x93"


def short(word: str) -> bytes:
    """Opcode that pushes a short string, as pickle writes names of modules."""
    return b"\x8c" + bytes([len(word)]) + word.encode()
