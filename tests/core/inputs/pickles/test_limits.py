"""Limits on the memory and time that a file may take, on keys, and a few hostile files of each kind."""

from __future__ import annotations

import io
import json
import pickle
import sys
import zipfile
from typing import TYPE_CHECKING

import lz4.frame
import numpy as np
import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output, open_output
from datacard_core.inputs.pickles.building import unpickled
from datacard_core.inputs.pickles.limits import Budget
from datacard_core.inputs.pickles.records import RefusedError
from tests.support.cases import case
from tests.support.coffea_files import an_output, complaint, in_an_output, save, save_pickle
from tests.support.hostile_files import HASH_MODULUS, HOSTILE, called, damaged, forged, got, put, seeded
from tests.support.hostile_files import content as binary
from tests.support.hostile_run import read_apart

if TYPE_CHECKING:
    from pathlib import Path

SEED = 7

by_fork = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux, to measure a copy of a process")


@by_fork
@pytest.mark.slow
def test_hostile_file_takes_little(tmp_path: Path) -> None:
    """A hostile file takes at most ten times its content and 50 MB, and ends in a result or an error of ours."""
    for kind, make in enumerate(HOSTILE):
        content = forged(kind, seeded(SEED, kind))
        assert not read_apart(save_pickle(tmp_path / "a.coffea", content)).problem(len(content)), make.__name__


@by_fork
@pytest.mark.slow
def test_damaged_file_takes_little(tmp_path: Path) -> None:
    """Good files with a few changed bytes take all together no more than one hostile file may."""
    good = in_an_output({"a": 1})
    contents = [damaged(good, seeded(SEED, number)) for number in range(24)]
    files = [save_pickle(tmp_path / f"{number}.coffea", content) for number, content in enumerate(contents)]
    assert not read_apart(*files).problem(min(map(len, contents)))


HARMLESS = ("a", b"a", 1, -(1 << 59), 1.5, None, True, ("a", "b", 2022), np.int64(1), np.str_("a"), np.float32(2))


def test_harmless_keys_are_read() -> None:
    """Names, numbers, and tuples of names with one number are keys."""
    expected = dict.fromkeys(HARMLESS, 0)
    assert unpickled(io.BytesIO(pickle.dumps(expected))) == expected


def test_harmful_keys_are_refused() -> None:
    """Keys that are long, or of which a file can choose many with the same hash, are refused in dicts and sets."""
    cases: list[object] = [
        HASH_MODULUS,
        "a" * 5000,
        1j,
        (1, 2),
        (("a",),),
        tuple("abcdefghi"),
        np.longdouble(1),
        np.complex64(1),
        frozenset("a"),
    ]
    for key in cases:
        with case(key):
            for content in ({key: 0}, {key}, {"a": frozenset({key})}):
                with pytest.raises(RefusedError, match="key"):
                    unpickled(io.BytesIO(pickle.dumps(content)))


def nested(depth: int) -> object:
    """Lists in each other."""
    value: object = None
    for _ in range(depth):
        value = [value]
    return value


def test_nesting(tmp_path: Path) -> None:
    """Objects 90 deep are read, and 100 deep are refused."""
    save(tmp_path / "a.coffea", an_output("a") | {"extra": nested(90)})
    assert unpickled(io.BytesIO(pickle.dumps(nested(90)))) == nested(90)
    assert "nested more than 100 deep" in complaint(
        save(tmp_path / "a.coffea", an_output("a") | {"extra": nested(100)})
    )


def twice_in_each_other(depth: int) -> object:
    """A list that holds the same list twice, and so on: two to the power of the depth, written out."""
    value: object = "lol"
    for _ in range(depth):
        value = [value, value]
    return value


def test_shared_objects_written_out(tmp_path: Path) -> None:
    """Lists of which each holds the one before twice are refused, as printing them would not end."""
    said = complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": twice_in_each_other(40)}))
    assert "the same objects so often" in said


@pytest.mark.slow
def test_honest_lists_are_read() -> None:
    """Many small objects of an honest file are within the limits."""
    content = {f"dataset {number}": {"nominal": number, "JESUp": float(number)} for number in range(10_000)}
    assert unpickled(io.BytesIO(pickle.dumps(content))) == content


@pytest.mark.slow
def test_many_small_objects_are_refused(tmp_path: Path) -> None:
    """Objects that take far more memory than their data are refused."""
    content = b"\x80\x05](" + b"\x8f" * 100_000 + b"e."
    assert "objects that take" in complaint(save_pickle(tmp_path / "a.coffea", content))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("member", "said"),
    [
        # 22 of 30 MB: 2200 copies of a text of 10 kB.
        (
            b"\x80\x05"
            + binary(b"a" * 10_000)
            + put(0)
            + b"0]("
            + called("builtins", "bytearray", got(0)) * 2200
            + b"e.",
            "objects that take",
        ),
        # 4.4 of 10 MB: 2**16 texts of 3 bytes, and as many lists, which count with 64 bytes.
        (pickle.dumps(twice_in_each_other(16), 5), "the same objects so often"),
    ],
    ids=["memory", "length"],
)
def test_members_share_the_limits(tmp_path: Path, member: bytes, said: str) -> None:
    """Members of a split output that are each within the limits of a file are refused if together they are not."""
    with zipfile.ZipFile(tmp_path / "a.coffea", "w", zipfile.ZIP_DEFLATED) as archive:
        names = ["a", "b", "c"] if said == "the same objects so often" else ["a", "b"]
        archive.writestr("format.json", json.dumps({"format": "pocketcoffea-split", "version": 1, "variables": names}))
        archive.writestr("metadata", pickle.dumps({}))
        for name in names:
            archive.writestr(f"variables/{name}", member)
    unpickled(io.BytesIO(member))
    assert said in complaint(tmp_path / "a.coffea")


def test_steps_of_earlier_pickles_count() -> None:
    """Pickles that share a budget share its 4 million steps, and one more for each 32 bytes."""
    content = pickle.dumps([None] * 5000)
    for steps in (0, 3_990_000):
        assert unpickled(io.BytesIO(content), budget=Budget(steps=steps)) == [None] * 5000
    with pytest.raises(RefusedError, match="more than an output has"):
        unpickled(io.BytesIO(content), budget=Budget(steps=3_999_000))


@by_fork
@pytest.mark.slow
def test_lack_of_memory_tells_the_size(tmp_path: Path) -> None:
    """A file for which there is not enough memory is told with its sizes, and not as damaged."""
    import os  # noqa: PLC0415  beside the limit
    import resource  # noqa: PLC0415

    file = tmp_path / "a.coffea"
    file.write_bytes(lz4.frame.compress(pickle.dumps(an_output("a") | {"extra": np.zeros(12_000_000)}, 5)))
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: PTH123, SIM115
        resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 60_000_000,) * 2)
        # An output whose large arrays stay in the file needs no such memory.
        open_output(file)
        with pytest.raises(InputError) as caught:
            load_output(file)
        os.write(writer, str(caught.value).encode())
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 10_000).decode()
    os.waitpid(pid, 0)
    os.close(reader)
    # 12 million numbers of 8 bytes
    assert "96.0 MB decompressed" in said
    assert "memory was not free" in said
    assert "damaged" not in said
