from __future__ import annotations

import contextlib
import copyreg
import os
import pickle
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import cloudpickle
import hist
import lz4.frame
import numpy as np
import pytest
from boost_histogram.axis import transform
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.merging import merge_outputs
from tests.support.paths import SHARED_DATA

DATA = SHARED_DATA
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, real PocketCoffea outputs")
of_numpy_1 = pytest.mark.filterwarnings("ignore:numpy.core.* is deprecated:DeprecationWarning")
PARTIAL = sorted((DATA / "partial").glob("*.coffea"))
YEAR = "2022_preEE"


def histogram(*, storage: str = "weight", content: float = 2.0) -> hist.Hist[Any]:
    result: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(["SR", "CR"], name="cat"),
        hist.axis.StrCategory(["nominal", "JESUp"], name="variation"),
        hist.axis.Regular(3, 0, 3, name="events.m", label="m"),
        storage=storage,
        name="Counts",
    )
    result.fill(["SR"], ["nominal"], [content])
    return result


def an_output(*datasets: str, sample: str = "TTbar", year: str = YEAR) -> dict[str, Any]:
    return {
        "sum_genweights": {name: np.float32(3.5) for name in datasets},
        "sum_signOf_genweights": {name: np.float32(3) for name in datasets},
        "sumw": {"SR": {name: {sample: {"nominal": np.float64(2)}} for name in datasets}},
        "sumw2": {"SR": {name: {sample: {"nominal": np.float64(4)}} for name in datasets}},
        "cutflow": {
            "initial": dict.fromkeys(datasets, 9),
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
    file.write_bytes(lz4.frame.compress(cloudpickle.dumps(content, protocol)))
    return file


def save_pickle(file: Path, content: bytes) -> Path:
    file.write_bytes(lz4.frame.compress(content))
    return file


def complaint(*files: Path, trust: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        load_output(files, trust=trust)
    return str(caught.value)


def assert_same(one: Any, other: Any) -> None:
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


# What is read


@needs_data
@of_numpy_1
def test_a_real_output_is_what_coffea_loads() -> None:
    from coffea.util import load  # noqa: PLC0415  slow

    assert_same(load_output(DATA / "output_all.coffea"), load(str(DATA / "output_all.coffea")))


@needs_data
@of_numpy_1
@pytest.mark.parametrize("file", PARTIAL, ids=lambda file: file.stem)
def test_a_real_file_of_one_dataset_is_what_coffea_loads(file: Path) -> None:
    assert_same(load_output(str(file)), pickle.loads(lz4.frame.decompress(file.read_bytes())))


@needs_data
@of_numpy_1
def test_trust_loads_the_same_with_coffeas_own_loader() -> None:
    file = DATA / "output_all.coffea"
    assert_same(load_output(file, trust=True), load_output(file))


@needs_data
def test_coffea_is_not_imported_for_a_file_without_its_classes() -> None:
    code = (
        "import sys; from datacard_core.inputs.coffea import load_output; load_output(sys.argv[1]);"
        "raise SystemExit('coffea' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, str(DATA / "output_all.coffea")]
    assert subprocess.run(command, check=False, env=environment).returncode == 0


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_pickle_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    expected = an_output("a", "b")
    assert_same(load_output(save(tmp_path / "a.coffea", expected, protocol)), expected)


@pytest.mark.parametrize("storage", ["double", "int64", "weight", "mean", "weightedmean", "unlimited"])
def test_every_storage_is_read(tmp_path: Path, storage: str) -> None:
    content: hist.Hist[Any] = hist.Hist(hist.axis.Integer(0, 3, name="x"), storage=storage)
    found = load_output(save(tmp_path / "a.coffea", an_output("a") | {"extra": content}))["extra"]
    assert found == content
    assert type(found._hist) is type(content._hist)


@pytest.mark.parametrize(
    "axis",
    [
        hist.axis.Regular(3, 1, 8, name="x", transform=transform.log),
        hist.axis.Regular(3, 1, 8, name="x", transform=transform.sqrt),
        hist.axis.Regular(3, 1, 8, name="x", transform=transform.Pow(2)),
        hist.axis.Regular(3, 1, 8, name="x", circular=True),
        hist.axis.Variable([1, 2, 5], name="x", underflow=False),
        hist.axis.Integer(0, 3, name="x", growth=True),
        hist.axis.IntCategory([4, 2], name="x"),
        hist.axis.StrCategory([], name="x", growth=True),
        hist.axis.StrCategory([], name="x", flow=False),
        hist.axis.Boolean(name="x", label="tagged"),
    ],
    ids=repr,
)
def test_every_axis_is_read_and_works(tmp_path: Path, axis: Any) -> None:
    content: hist.Hist[Any] = hist.Hist(axis, storage="weight")
    found = load_output(save(tmp_path / "a.coffea", an_output("a") | {"extra": content}))["extra"]
    assert found == content
    assert found.copy() == pickle.loads(pickle.dumps(found)) == content
    assert found.axes[0].label == axis.label


@pytest.mark.parametrize("protocol", [3, 5])
def test_arrays_and_scalars_are_read_as_they_were(tmp_path: Path, protocol: int) -> None:
    table = np.arange(6.0).reshape(2, 3)
    arrays = [table, table.T, table[:, ::2], np.array([True]), np.array(["a", "bcd"]), np.array([1], ">i4")]
    empty = np.zeros((0, 2), "f4")
    scalars = [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("text"), np.str_(""), np.complex128(1j)]
    expected = an_output("a") | {"extra": [*arrays, empty, *scalars], "keys": {np.str_("k"): (1, 2j)}}
    assert_same(load_output(save(tmp_path / "a.coffea", expected, protocol)), expected)


@pytest.mark.parametrize("protocol", [4, 5])  # which write arrays with _reconstruct, and with _frombuffer
@pytest.mark.parametrize("writer", ["core", "_core"])
def test_a_file_of_numpy_1_and_one_of_numpy_2_are_both_read(tmp_path: Path, writer: str, protocol: int) -> None:
    expected = an_output("a")
    content = pickle.dumps(expected, protocol)
    content = content[:2] + content[11:]  # without the frame, whose length would have to agree
    for module in ("multiarray", "numeric"):
        written = short(f"numpy.{writer}.{module}")
        for spelling in ("core", "_core"):
            content = content.replace(short(f"numpy.{spelling}.{module}"), written)
    assert short(f"numpy.{writer}.multiarray") in content
    assert_same(load_output(save_pickle(tmp_path / "a.coffea", content)), expected)


def short(word: str) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word.encode()


def test_the_containers_of_collections_are_read(tmp_path: Path) -> None:
    expected = an_output("a") | {
        "counter": Counter("aab"),
        "ordered": OrderedDict(b=1, a=histogram()),
        "nested": defaultdict(list, {"x": [defaultdict(int, {"y": 1})]}),
        "frozen": frozenset({("a", 1)}),
        "bytes": bytearray(b"ab"),
    }
    assert_same(load_output(save(tmp_path / "a.coffea", expected)), expected)


def test_the_accumulators_of_coffea_are_read(tmp_path: Path) -> None:
    from coffea.processor import accumulator  # noqa: PLC0415  slow

    value = accumulator.value_accumulator(float, 2.5)
    expected = an_output("a") | {
        "columns": {"TTbar": {"a": {"SR": {"m": accumulator.column_accumulator(np.arange(4.0)[::2])}}}},
        "dict": accumulator.dict_accumulator({"b": 1, "a": accumulator.set_accumulator({"x"})}),
        "list": accumulator.list_accumulator([1, "b"]),
        "default": accumulator.defaultdict_accumulator(int, {"a": 1}),
    }
    found = load_output(save(tmp_path / "a.coffea", expected | {"value": value}))
    assert (found["value"].value, found["value"].default_factory) == (2.5, float)
    del found["value"]
    assert_same(found, expected)


def test_one_histogram_in_two_places_stays_one(tmp_path: Path) -> None:
    shared = histogram()
    found = load_output(save(tmp_path / "a.coffea", an_output("a") | {"one": [shared], "two": (shared,)}))
    assert found["one"][0] is found["two"][0]


# What is not executed


class Calls:
    """Pickles as the call of a function, and what that gives then gets a state."""

    def __init__(self, function: object, *arguments: object, state: object = None) -> None:
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.parts


def in_an_output(payload: object, protocol: int = 5) -> bytes:
    content: bytes = cloudpickle.dumps(an_output("a") | {"extra": payload}, protocol)
    return content


def before_an_output(opcodes: bytes) -> bytes:
    """Opcodes whose result is dropped again, and then the pickle of an output as it should be."""
    return b"\x80\x05" + opcodes + b"0" + pickle.dumps(an_output("a"), 3)[2:]


def text(word: str) -> bytes:
    return b"X" + len(word).to_bytes(4, "little") + word.encode()


def named(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


EXECUTING = {
    "REDUCE": lambda shell: in_an_output(Calls(os.system, shell)),
    "REDUCE, old protocol": lambda shell: in_an_output(Calls(eval, f"__import__('os').system({shell!r})"), 3),
    "a function by value": lambda shell: in_an_output(Calls(lambda: os.system(shell))),  # noqa: S605
    "a dotted name": lambda shell: before_an_output(named("pathlib", "os.system") + text(shell) + b"\x85R"),
    "INST": lambda shell: before_an_output(f"(S'{shell}'\niposix\nsystem\n".encode()),
    "OBJ": lambda shell: before_an_output(b"(" + named("posix", "system") + text(shell) + b"o"),
}


@pytest.mark.parametrize("how", EXECUTING)
def test_what_a_file_wants_to_execute_is_refused_and_not_executed(tmp_path: Path, how: str) -> None:
    marker = tmp_path / "executed"
    attack = EXECUTING[how](f"touch {marker}")
    pickle.loads(attack)
    assert marker.exists(), "the attack itself must work"
    marker.unlink()
    message = complaint(save_pickle(tmp_path / "evil.coffea", attack))
    assert not marker.exists()
    assert "evil.coffea holds " in message
    assert "not admitted" in message
    assert "trust=True loads it" in message


def test_trust_executes_what_the_file_says(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    attack = in_an_output(Calls(os.system, f"touch {marker}"))
    load_output(save_pickle(tmp_path / "mine.coffea", attack), trust=True)
    assert marker.exists()


def test_every_refused_class_is_named(tmp_path: Path) -> None:
    content = in_an_output([Calls(os.system, "true"), Path("a"), [Calls(eval, "1")]])
    message = complaint(save_pickle(tmp_path / "evil.coffea", content))
    for refused in ("posix.system", "pathlib.PosixPath", "builtins.eval"):
        assert refused in message


def test_refused_classes_are_named_also_where_the_pickle_goes_wrong_after_them(tmp_path: Path) -> None:
    content = in_an_output(Calls(os.system, "true"), 3)[:-2]
    assert "posix.system" in complaint(save_pickle(tmp_path / "evil.coffea", content))


@pytest.mark.parametrize("module_and_name", [("hist", "Hist"), ("builtins", "dict.fromkeys"), ("numpy", "load")])
def test_only_the_exact_names_are_admitted(tmp_path: Path, module_and_name: tuple[str, str]) -> None:
    content = before_an_output(named(*module_and_name))
    assert ".".join(module_and_name) in complaint(save_pickle(tmp_path / "evil.coffea", content))


def test_an_extension_code_is_refused_also_when_it_was_used_before(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    attack = before_an_output(b"\x82\xf0" + text(f"touch {marker}") + b"\x85R")
    copyreg.add_extension("posix", "system", 0xF0)
    try:
        pickle.loads(attack)
        assert marker.exists(), "the attack itself must work"
        marker.unlink()
        assert "posix.system" in complaint(save_pickle(tmp_path / "evil.coffea", attack))
        assert not marker.exists()
        pickle.loads(attack)
        assert marker.exists(), "what was refused must not stay behind"
    finally:
        copyreg.remove_extension("posix", "system", 0xF0)


@pytest.mark.parametrize("opcodes", [b"Psystem\n", text("system") + b"Q"], ids=["PERSID", "BINPERSID"])
def test_a_persistent_id_is_refused(tmp_path: Path, opcodes: bytes) -> None:
    assert "persistent" in complaint(save_pickle(tmp_path / "evil.coffea", before_an_output(opcodes)))


@pytest.mark.parametrize("opcodes", [b"\x97", b"\x96" + bytes(8) + b"\x98"], ids=["NEXT_BUFFER", "READONLY_BUFFER"])
def test_a_buffer_is_refused(tmp_path: Path, opcodes: bytes) -> None:
    content = pickle.dumps(an_output("a"), 3)[2:-1] + text("extra") + opcodes + b"s."
    message = complaint(save_pickle(tmp_path / "evil.coffea", b"\x80\x05" + content))
    assert "buffer" in message or "memoryview" in message


POISONED = {
    "collections.Counter": Counter,
    "hist.hist.Hist": hist.Hist,
    "numpy.ndarray": np.ndarray,
    "numpy.core.multiarray.scalar": np.float64(1).__reduce__()[0],
    "boost_histogram.axis.transform._internal_conversion": transform._internal_conversion,
    "builtins.dict": dict,
}


@pytest.mark.parametrize("path", POISONED)
def test_no_class_or_function_can_be_altered(tmp_path: Path, path: str) -> None:
    state = b"N}" + text("poison") + b"K\x01s\x86"  # (None, {"poison": 1}), set on whatever is there
    attack = save_pickle(tmp_path / "a.coffea", before_an_output(named(*path.rsplit(".", 1)) + state + b"b"))
    complaint(attack)
    assert not hasattr(POISONED[path], "poison")


def test_a_class_can_be_altered_by_the_pickle_that_was_refused_above() -> None:
    state = b"N}" + text("poison") + b"K\x01s\x86"
    pickle.loads(before_an_output(named("collections", "Counter") + state + b"b"))
    assert Counter.poison == 1  # type: ignore[attr-defined]
    del Counter.poison  # type: ignore[attr-defined]


@pytest.mark.parametrize("factory", [os.getcwd, print, Counter, hist.Hist, np.ndarray], ids=repr)
def test_a_defaultdict_makes_only_plain_values(tmp_path: Path, factory: Any) -> None:
    complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": defaultdict(factory)}))


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


@pytest.mark.parametrize("how", NUMPY)
def test_numpy_is_given_nothing_but_plain_numbers_and_text(tmp_path: Path, how: str) -> None:
    told = {
        "another subtype": "_reconstruct of a form that is not known",
        "no content": "_reconstruct of a form that is not known",
        "content of another kind": "a numpy array made of a list",
        "more shape than content": "cannot reshape",
        "a dtype that is data": "numpy.dtype of a form that is not known",
    }
    message = complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": NUMPY[how]}))
    assert told.get(how, "which is no plain number or text") in message


def test_numpy_itself_would_take_objects_that_the_flags_deny() -> None:
    loaded = pickle.loads(in_an_output(NUMPY["objects, denied by the flags"]))
    assert loaded["extra"].dtype.kind == "O"


class Poked:
    """Pickles as a histogram's contents, or a histogram, with a state of one's own."""

    def __init__(self, kind: type, state: object) -> None:
        self.kind, self.state = kind, state

    __class__ = property(lambda self: self.kind)  # which pickle compares

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (self.kind,), self.state  # type: ignore[attr-defined]


CONTENTS = histogram()._hist
STATE: tuple[Any, ...] = CONTENTS.__getstate__()
LOG = hist.Hist(hist.axis.Regular(2, 1, 9, transform=transform.log))._hist
LOG_STATE: tuple[Any, ...] = LOG.__getstate__()


def transformed(*with_these: object) -> Poked:
    at = LOG_STATE.index("_log_fn")
    return Poked(type(LOG), (*LOG_STATE[:at], *with_these, *LOG_STATE[at + 3 :]))


EMPTY: tuple[Any, ...] = hist.Hist(hist.axis.Variable([1, 2], name="x"))._hist.__getstate__()
NO_EDGES = (*EMPTY[:6], np.zeros(0), *EMPTY[7:-1], np.zeros(1))
OTHER_BINS = "another number of bins than its axes have"
UNKNOWN = "of a form that is not known"
HISTOGRAMS: dict[str, tuple[object, str]] = {
    "fewer bins than the axes have": (Poked(type(CONTENTS), (*STATE[:-1], STATE[-1][:2])), OTHER_BINS),
    "more bins than the axes have": (Poked(type(CONTENTS), (*STATE[:-1], np.zeros(200))), OTHER_BINS),
    "an axis without edges": (Poked(type(LOG), NO_EDGES), OTHER_BINS),
    "too many axes": (Poked(type(CONTENTS), (0, 1 << 31, *STATE[2:])), UNKNOWN),
    "less than no axes": (Poked(type(CONTENTS), (0, -1, *STATE[2:])), UNKNOWN),
    "another form": (Poked(type(CONTENTS), (7, *STATE[1:])), UNKNOWN),
    "cut off": (Poked(type(CONTENTS), STATE[:-1]), "damaged"),
    "a builtin as transform": (transformed("1", "2", int), "a bare int"),
    "a class as transform": (transformed("1", "2", hist.Hist), "a bare Hist"),
    "other functions of the module": (transformed("pow", "id", transform._internal_conversion), "a transform"),
    "no conversion": (transformed(5, 5, None), "damaged"),
}


@pytest.mark.parametrize("how", HISTOGRAMS)
def test_a_histogram_of_odd_contents_is_refused(tmp_path: Path, how: str) -> None:
    contents, told = HISTOGRAMS[how]
    whole = Poked(hist.Hist, (0, {"_variance_known": True, "name": None, "label": None, "_hist": contents}))
    assert told in complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": whole}))


def test_boost_histogram_itself_would_take_fewer_bins_than_the_axes_have() -> None:
    taken = pickle.loads(cloudpickle.dumps(HISTOGRAMS["fewer bins than the axes have"][0]))
    assert taken.size() == 1


HISTOGRAM_STATES: dict[str, object] = {
    "a method replaced": (0, {"_hist": CONTENTS, "values": 1}),
    "its class replaced": (0, {"_hist": CONTENTS, "__class__": dict}),
    "its dict replaced": (0, {"_hist": CONTENTS, "__dict__": {}}),
    "a class for a name": (0, {"_hist": CONTENTS, "name": int}),
    "a histogram for its contents": (0, {"_hist": histogram()}),
    "a number for its contents": (0, {"_hist": 1}),
    "no contents": (0, {}),
    "another form": (1, {"_hist": CONTENTS}),
}


@pytest.mark.parametrize("how", HISTOGRAM_STATES)
def test_a_histogram_has_only_data_of_its_own(tmp_path: Path, how: str) -> None:
    complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": Poked(hist.Hist, HISTOGRAM_STATES[how])}))


def endless() -> list[object]:
    result: list[object] = []
    result.append((result,))
    return result


@pytest.mark.parametrize(
    "content", [endless(), int, Counter, {Counter: 1}, {(1, hist.Hist): 1}, {np.ndarray}], ids=repr
)
def test_only_data_is_data(tmp_path: Path, content: object) -> None:
    complaint(save(tmp_path / "a.coffea", an_output("a") | {"extra": content}))


# What is wrong with a file


def test_a_missing_file_is_told_with_the_closest_one_beside_it(tmp_path: Path) -> None:
    save(tmp_path / "output_all.coffea", an_output("a"))
    message = complaint(tmp_path / "outptu_all.coffea")
    assert "outptu_all.coffea does not exist" in message
    assert "did you mean 'output_all.coffea'?" in message


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere" / "a.coffea").endswith("a.coffea does not exist")


def test_a_folder_is_told_with_a_file_in_it(tmp_path: Path) -> None:
    save(tmp_path / "part.coffea", an_output("a"))
    message = complaint(tmp_path)
    assert "is a directory, expected a .coffea file" in message
    assert "part.coffea" in message


@pytest.mark.parametrize(
    ("content", "look"),
    [
        (b"", "is empty"),
        (b"root\x00\x00\xf6", "is a ROOT file"),
        (b"PK\x03\x04", "is a zip archive"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        (b"PAR1\x15", "is a parquet file"),
        (b"\x1f\x8b\x08", "is gzip"),
        (pickle.dumps({"a": 1}), "is a pickle without compression"),
        (b'{\n "a": 1}', "is text, such as JSON or YAML"),
        ("a: é\n".encode(), "is text, such as JSON or YAML"),
        (b"\x00\x01\x02", "is of an unknown format"),
    ],
)
def test_what_is_no_lz4_is_told_by_its_looks(tmp_path: Path, content: bytes, look: str) -> None:
    file = tmp_path / "a.coffea"
    file.write_bytes(content)
    message = complaint(file)
    assert f"a.coffea {look}, expected an LZ4 frame" in message
    assert message == complaint(file, trust=True)


def test_no_file_at_all_is_an_error() -> None:
    assert "no file is given" in complaint()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_off_anywhere_ends_too_early(tmp_path: Path, data: st.DataObject) -> None:
    whole = save(tmp_path / "whole.coffea", an_output("a")).read_bytes()
    cut = tmp_path / "cut.coffea"
    cut.write_bytes(whole[: data.draw(st.integers(4, len(whole) - 1))])
    assert "ends too early" in complaint(cut)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_pickle_cut_off_anywhere_is_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    whole = pickle.dumps(an_output("a"))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert "copy it again, or write it again" in complaint(save_pickle(tmp_path / "cut.coffea", cut))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_pickle_with_a_wrong_byte_is_an_input_error_or_data(tmp_path: Path, data: st.DataObject) -> None:
    garbled = bytearray(pickle.dumps(an_output("a")))
    # but "r", after which pickle takes the memory for up to 2**32 objects
    byte = st.integers(0, 255).filter(lambda value: value != ord("r"))
    garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(byte)
    with contextlib.suppress(InputError):
        assert isinstance(load_output(save_pickle(tmp_path / "a.coffea", bytes(garbled))), dict)


def test_a_pickle_cut_off_ends_too_early(tmp_path: Path) -> None:
    cut = pickle.dumps(an_output("a"))[:-9]
    assert "ends too early" in complaint(save_pickle(tmp_path / "cut.coffea", cut))


def test_a_damaged_frame_is_told(tmp_path: Path) -> None:
    file = save(tmp_path / "a.coffea", an_output("a"))
    content = bytearray(file.read_bytes())
    content[4:6] = b"\xff\xff"
    file.write_bytes(content)
    assert "seems damaged" in complaint(file)


def test_something_after_the_pickle_is_told(tmp_path: Path) -> None:
    file = save_pickle(tmp_path / "a.coffea", pickle.dumps(an_output("a")) + b"more")
    assert "something follows its pickle" in complaint(file)


def test_what_is_no_dict_is_told(tmp_path: Path) -> None:
    message = complaint(save(tmp_path / "a.coffea", [1]))
    assert "a.coffea holds a list, expected the dict that PocketCoffea writes" in message


def test_a_dict_of_something_else_is_told_with_its_keys(tmp_path: Path) -> None:
    message = complaint(save(tmp_path / "a.coffea", {"events": 1, "cutflow": {}}))
    assert "has no 'variables', expected a PocketCoffea output; it has: events, cutflow" in message


def test_keys_of_another_form_are_told(tmp_path: Path) -> None:
    message = complaint(save(tmp_path / "a.coffea", an_output("a") | {"variables": [1]}))
    assert "has a list at 'variables'" in message


@pytest.mark.parametrize("metadata", [None, {}, {"by_dataset": {}}])
def test_a_job_output_that_was_not_postprocessed_is_refused(tmp_path: Path, metadata: object) -> None:
    output = an_output("a")
    output["datasets_metadata"] = metadata
    if metadata is None:
        del output["datasets_metadata"]
    message = complaint(save(tmp_path / "a.coffea", output))
    assert "was not postprocessed" in message
    lacks = "'datasets_metadata', only" if metadata is None else "datasets_metadata['by_dataset']"
    assert f"it has no {lacks}" in message
    assert "merge-outputs" in message


@pytest.mark.parametrize(
    "metadata", [{"isMC": "TrueTrue"}, {"isMC": "FalseFalse"}, {"year": YEAR * 2}, {"year": "201820182018"}]
)
def test_an_output_merged_twice_is_refused_and_its_datasets_named(tmp_path: Path, metadata: dict[str, str]) -> None:
    output = an_output("good", "bad", "worse")
    output["datasets_metadata"]["by_dataset"]["bad"].update(metadata)
    output["datasets_metadata"]["by_dataset"]["worse"].update(metadata)
    message = complaint(save(tmp_path / "a.coffea", output))
    assert "count more than once" in message
    assert ": bad, worse; " in message


@pytest.mark.parametrize("metadata", [{"isMC": True}, {"isMC": False}, {"year": "2020"}, {"year": "2222"}])
def test_other_ways_to_write_metadata_are_good(tmp_path: Path, metadata: dict[str, object]) -> None:
    output = an_output("a")
    output["datasets_metadata"]["by_dataset"]["a"].update(metadata)
    load_output(save(tmp_path / "a.coffea", output))


# Several files


@needs_data
def test_the_real_partial_files_together_hold_what_the_whole_output_holds() -> None:
    whole, merged = load_output(DATA / "output_all.coffea"), load_output(PARTIAL)
    assert list(merged) == list(whole)
    assert {key: set(value) for key, value in merged["variables"].items()} == {
        key: set(value) for key, value in whole["variables"].items()
    }
    assert merged["cutflow"] == whole["cutflow"]
    assert merged["datasets_metadata"] == whole["datasets_metadata"]
    assert merged["sum_genweights"] == pytest.approx(whole["sum_genweights"], rel=1e-6)
    for variable, samples in whole["variables"].items():
        for sample, datasets in samples.items():
            assert set(merged["variables"][variable][sample]) == set(datasets)
            for dataset, expected in datasets.items():
                assert_same_bins(merged["variables"][variable][sample][dataset], expected)


def assert_same_bins(one: hist.Hist[Any], other: hist.Hist[Any]) -> None:
    """In every category; its flow bin is contaminated in PocketCoffea 0.9.13."""
    assert one.axes.name == other.axes.name
    for category in other.axes["cat"]:
        found, expected = (np.asarray(every[{"cat": category}].view(flow=True)) for every in (one, other))  # type: ignore[union-attr]
        for field in ("value", "variance"):
            assert np.allclose(found[field], expected[field], rtol=1e-5, atol=1e-9)


@needs_data
def test_real_files_without_any_histogram_count_as_well() -> None:
    empty = [file for file in PARTIAL if file.stem.endswith(("VV_ZZ_2022_preEE", "VV_ZZ_2023_preBPix"))]
    merged = load_output(empty)
    assert set(merged["cutflow"]["initial"]) == {"VV_ZZ_2022_preEE", "VV_ZZ_2023_preBPix"}
    assert not any(datasets for samples in merged["variables"].values() for datasets in samples.values())


def test_several_files_are_one_output_in_their_order(tmp_path: Path) -> None:
    files = [save(tmp_path / f"{name}.coffea", an_output(name)) for name in ("b", "a")]
    expected = an_output("b", "a")
    found = load_output(iter(files))
    assert_same(found, expected)
    assert list(load_output(files[::-1])["cutflow"]["initial"]) == ["a", "b"]


def test_samples_and_years_of_several_files_stand_side_by_side() -> None:
    one, other = an_output("a"), an_output("b", sample="VV", year="2018")
    merged = merge_outputs({"one": one, "other": other})
    assert set(merged["variables"]["m"]) == {"TTbar", "VV"}
    assert merged["datasets_metadata"]["by_datataking_period"] == {
        YEAR: {"TTbar": {"a"}},
        "2018": {"VV": {"b"}},
    }
    assert merged["variables"]["m"]["VV"]["b"] is other["variables"]["m"]["VV"]["b"]


def test_columns_and_processing_metadata_are_united_by_dataset() -> None:
    one, other = an_output("a"), an_output("b")
    for name, output in (("a", one), ("b", other)):
        output["columns"] = {"TTbar": {name: {"SR": {"pt": name}}}}
        output["processing_metadata"] = {"n": {"TTbar": {name: name}}}
    merged = merge_outputs({"one": one, "other": other})
    assert merged["columns"] == {"TTbar": {"a": {"SR": {"pt": "a"}}, "b": {"SR": {"pt": "b"}}}}
    assert merged["processing_metadata"] == {"n": {"TTbar": {"a": "a", "b": "b"}}}


def test_merging_leaves_the_outputs_as_they_were() -> None:
    one, other = an_output("a"), an_output("b")
    merged = merge_outputs({"one": one, "other": other})
    assert merged["variables"]["m"]["wrong"] == {}  # the defaultdict inserts it
    merged["datasets_metadata"]["by_datataking_period"][YEAR]["TTbar"].add("c")
    merged["cutflow"]["new"] = {}
    assert_same(one, an_output("a"))
    assert_same(other, an_output("b"))


def test_a_dataset_in_two_files_is_an_error_that_names_both(tmp_path: Path) -> None:
    one = save(tmp_path / "one.coffea", an_output("a", "b", "c"))
    other = save(tmp_path / "other.coffea", an_output("b", "c", "d"))
    with pytest.raises(InputError) as caught:
        load_output([one, other])
    assert len(caught.value.problems) == 2
    for dataset, problem in zip("bc", caught.value.problems, strict=True):
        assert f"dataset '{dataset}' is in {one} and in {other}" in problem


@pytest.mark.parametrize("place", ["datasets_metadata", "cutflow", "variables"])
def test_a_dataset_is_in_a_file_wherever_it_occurs(place: str) -> None:
    remains: dict[str, Any] = an_output("z") | {place: an_output("a")[place]}
    with pytest.raises(InputError, match="dataset 'a' is in one and in other"):
        merge_outputs({"one": an_output("a"), "other": remains})


@pytest.mark.parametrize("place", ["sumw", "sum_genweights"])
def test_what_belongs_to_one_dataset_is_never_mixed(place: str) -> None:
    remains: dict[str, Any] = an_output("b") | {place: an_output("a", sample="VV")[place]}
    if place == "sum_genweights":
        remains[place]["a"] = np.float32(7)
    with pytest.raises(InputError, match=rf"'{place}'.*'a'\] differs between one and other"):
        merge_outputs({"one": an_output("a"), "other": remains})


def test_unknown_keys_are_kept_where_the_files_agree() -> None:
    one, other = an_output("a") | {"version": [1], "mine": np.ones(2)}, an_output("b") | {"version": [1]}
    merged = merge_outputs({"one": one, "other": other})
    assert merged["version"] == [1]
    assert merged["mine"] is one["mine"]


@pytest.mark.parametrize(("one", "other"), [([1], [2]), (np.ones(2), np.ones(2)), ({"x": 1}, {"y": 1})])
def test_unknown_keys_that_differ_are_an_error_that_names_them(one: object, other: object) -> None:
    with pytest.raises(InputError, match="'version' differs between first and second"):
        merge_outputs({"first": an_output("a") | {"version": one}, "second": an_output("b") | {"version": other}})


def test_all_that_is_wrong_with_several_files_is_told_at_once(tmp_path: Path) -> None:
    good = save(tmp_path / "good.coffea", an_output("a"))
    again = save(tmp_path / "again.coffea", an_output("a"))
    listed = save(tmp_path / "listed.coffea", [1])
    with pytest.raises(InputError) as caught:
        load_output([good, again, listed, tmp_path / "missing.coffea", good])
    told = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for part in (
        "given twice",
        "listed.coffea holds a list",
        "missing.coffea does not exist",
        "dataset 'a' is in",
    ):
        assert part in told
