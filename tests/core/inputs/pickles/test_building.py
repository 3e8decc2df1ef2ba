"""Unpickling of outputs: real objects as they were written, decoded histograms, and forged states."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import tracemalloc
from collections import Counter, OrderedDict, defaultdict
from itertools import cycle, permutations, product
from typing import TYPE_CHECKING, Any

import cloudpickle
import hist
import lz4.frame
import numpy as np
import pytest
from boost_histogram.axis import transform

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output
from datacard_core.inputs.histograms import DecodedHistogram, HistogramArray, stored
from datacard_core.inputs.pickles.building import unpickled
from tests.support import coffea_files as files
from tests.support.cases import case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


NAMED: dict[str, Any] = {"name": "events.m", "label": "$m$ [GeV]"}


CATEGORIES = ("SR", "CR")


LABELS = ("nominal", "JESDown", "JESUp")


STORAGES = {
    name: getattr(hist.storage, name)
    for name in ("AtomicInt64", "Double", "Int64", "Mean", "Unlimited", "Weight", "WeightedMean")
}


DECODED = ("Weight", "Double", "Int64")


def every_axis() -> Iterator[Any]:
    """Each kind of variable axis that hist can make."""
    both = (True, False)
    plain: dict[str, Any] = {}
    growing: dict[str, Any] = {"growth": True}
    flows: list[dict[str, Any]] = [
        {"underflow": underflow, "overflow": overflow} for underflow in both for overflow in both
    ]
    for options in (*flows, growing, {"circular": True}):
        yield hist.axis.Regular(3, -1, 2, **NAMED, **options)
        yield hist.axis.Variable([0, 1, 5, 5.5], **NAMED, **options)
        yield hist.axis.Integer(-1, 2, **NAMED, **options)
    for function in (transform.log, transform.sqrt, transform.Pow(2), transform.Pow(0.3)):
        yield hist.axis.Regular(3, 1, 4, transform=function, **NAMED)
    for options in (plain, growing, {"overflow": False}):
        yield hist.axis.IntCategory([4, -2, 7], **NAMED, **options)
        yield hist.axis.StrCategory(["b", "a", "ü"], **NAMED, **options)
        yield hist.axis.IntCategory([], **NAMED, **options)
        yield hist.axis.StrCategory([], **NAMED, **options)
    yield hist.axis.Boolean(**NAMED)


AXES = list(every_axis())


SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)


def any_numbers(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Doubles of random bits, with nan, both infinities and both zeros at random places."""
    random = np.random.default_rng(seed)
    numbers = np.frombuffer(random.bytes(8 * int(np.prod(shape))), np.float64).copy()
    places = random.permutation(len(numbers))[: len(SPECIAL)]
    numbers[places] = SPECIAL[: len(places)]
    return numbers.reshape(shape)


def histogram(axis: Any, storage: str = "Weight", order: tuple[int, ...] = (0, 1, 2)) -> hist.Hist[Any]:
    """A histogram as PocketCoffea makes it, if the axes are in this order."""
    axes = [hist.axis.StrCategory(CATEGORIES, name="cat"), hist.axis.StrCategory(LABELS, name="variation"), axis]
    return hist.Hist(*(axes[place] for place in order), storage=STORAGES[storage](), name="Counts", label="events")


def an_output(**variables: Any) -> dict[str, Any]:
    return {
        "cutflow": {"presel": {"TTbar_2022": {"nominal": 10}}},
        "variables": {name: {"TTbar": {"TTbar_2022": content}} for name, content in variables.items()},
        "datasets_metadata": {
            "by_datataking_period": {"2022": {"TTbar": {"TTbar_2022"}}},
            "by_dataset": {"TTbar_2022": {"sample": "TTbar", "year": "2022", "isMC": "True"}},
        },
    }


def written_by(numpy: str, content: object) -> bytes:
    """A pickle in which the modules of numpy have the names of numpy 1 (core) or 2 (_core)."""
    text = pickle.dumps(content, 5)
    assert text[2:3] == pickle.FRAME
    text = text[:2] + text[11:]  # Without the frame, whose length would have to agree.
    for module in ("multiarray", "numeric"):
        spellings = [f"numpy.{spelling}.{module}".encode() for spelling in ("core", "_core")]
        new = f"numpy.{numpy}.{module}".encode()
        for old in spellings:
            text = text.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)
    return text


def save(folder: Path, content: object) -> Path:
    file = folder / "a.coffea"
    file.write_bytes(lz4.frame.compress(content if isinstance(content, bytes) else pickle.dumps(content, 5)))
    return file


def decoded(content: object, numpy: str = "") -> Any:
    """A histogram as it is found in an output that holds it, if need be one that a certain numpy wrote."""
    text = written_by(numpy, an_output(m=content)) if numpy else pickle.dumps(an_output(m=content), 5)
    output: Any = unpickled(io.BytesIO(text), decode=True)
    return output["variables"]["m"]["TTbar"]["TTbar_2022"]


def assert_same_bits(one: NDArray[Any], other: NDArray[Any]) -> None:
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    assert one.tobytes() == other.tobytes()


def assert_same(one: HistogramArray, other: HistogramArray) -> None:
    assert one.categories == other.categories
    assert one.variations == other.variations
    assert one.flow == other.flow
    assert one.has_variances == other.has_variances
    for part in ("name", "label", "uniform", "categories"):
        assert getattr(one.axis, part) == getattr(other.axis, part)
    assert_same_bits(one.axis.edges, other.axis.edges)
    assert_same_bits(one.contents, other.contents)


class TestEveryAxis:
    @pytest.mark.slow
    def test_contents_are_equal_to_the_last_bit(self) -> None:
        """Decoded values and variances have the bits of the histogram's."""
        spelling = cycle(["core", "_core"])
        for seed, (axis, order) in enumerate(product(AXES, permutations(range(3)))):
            numpy = next(spelling)
            with case(axis, order, numpy):
                real = histogram(axis, order=order)
                view: Any = real.view(flow=True)
                view["value"], view["variance"] = any_numbers(seed, (2, *view.shape))
                found = decoded(real, numpy)
                assert isinstance(found, DecodedHistogram)
                assert found.has_variances
                variances = real.variances(flow=True)
                assert variances is not None
                assert isinstance(found.contents, np.ndarray)
                assert_same_bits(found.contents.real, np.asarray(real.values(flow=True)))
                assert_same_bits(found.contents.imag, np.asarray(variances))
                assert_same(stored(found), stored(real))

    def test_axes_are_equal(self) -> None:
        """Decoded axes have class, name, label, traits and edges of the histogram's."""
        for axis in AXES:
            with case(axis):
                found, real = decoded(histogram(axis)), histogram(axis)
                assert list(found.axes) == list(real.axes)
                for one, other in zip(found.axes, real.axes, strict=True):
                    assert type(one) is type(other)
                    assert (one.name, one.label, one.traits) == (other.name, other.label, other.traits)
                    assert one.extent == other.extent
                    np.testing.assert_array_equal(one.edges, other.edges)

    def test_order_of_the_contents(self) -> None:
        """Bins come first, then variations, then categories."""
        for axis in AXES:
            with case(axis):
                real = histogram(axis)
                view: Any = real.view(flow=True)
                view["value"] = np.arange(view.size).reshape(view.shape)
                seen = stored(decoded(real))
                under, over = seen.flow
                assert seen.contents.shape == (len(axis) + under + over, len(LABELS) + 1, len(CATEGORIES) + 1)
                assert (seen.categories, seen.variations) == (CATEGORIES, LABELS)
                for category, label in ((0, 1), (1, 2)):
                    found = seen.contents.real[under : under + len(axis), label, category]
                    np.testing.assert_array_equal(found, real.values()[category, label])

    def test_data_have_no_variations(self) -> None:
        """A histogram of data has no variations."""
        for axis in AXES:
            with case(axis):
                real = hist.Hist(hist.axis.StrCategory(CATEGORIES, name="cat"), axis, storage=hist.storage.Weight())
                seen = stored(decoded(real))
                assert seen.variations is None
                assert_same(seen, stored(real))


class TestEveryStorage:
    @pytest.mark.slow
    def test_values_stand_for_missing_variances(self) -> None:
        """In a storage without variances the values are taken for them."""
        for seed, (axis, storage, numpy) in enumerate(product(AXES, ("Double", "Int64"), ("core", "_core"))):
            with case(axis, storage, numpy):
                real = histogram(axis, storage)
                view: Any = real.view(flow=True)
                if storage == "Int64":
                    # As many as a double can count.
                    view[...] = np.random.default_rng(seed).integers(-(2**53), 2**53, view.shape, endpoint=True)
                else:
                    view[...] = np.nan_to_num(any_numbers(seed, view.shape), posinf=np.inf, neginf=-np.inf)
                found = decoded(real, numpy)
                assert isinstance(found, DecodedHistogram)
                assert not found.has_variances
                assert isinstance(found.contents, np.ndarray)
                np.testing.assert_array_equal(found.contents.real, real.values(flow=True))
                np.testing.assert_array_equal(found.contents.imag, real.values(flow=True))
                assert_same(stored(found), stored(real))

    @pytest.mark.parametrize("storage", ["AtomicInt64", "Unlimited"])
    def test_rare_storage_of_sums_is_usable(self, storage: str) -> None:
        """A rare storage of sums is read as a histogram, and gives its array."""
        real = histogram(hist.axis.Regular(3, 0, 3, **NAMED), storage)
        real.fill(["SR", "CR", "CR"], ["nominal", "JESUp", "JESUp"], [0.5, 1.5, 7])
        found = decoded(real)
        assert found == real
        assert_same(stored(found), stored(real))
        assert stored(found).contents.real.sum() == 3

    @pytest.mark.slow
    @pytest.mark.parametrize("storage", ["Mean", "WeightedMean"])
    def test_storage_of_means_is_refused(self, storage: str) -> None:
        """A storage of means is refused by name, decoded or not."""
        real = histogram(hist.axis.Regular(3, 0, 3, **NAMED), storage)
        said = []
        for one in (decoded(real), real):
            with pytest.raises(InputError, match=f"storage {storage} ") as raised:
                stored(one)
            said.append(str(raised.value))
        assert said[0] == said[1]

    def test_all_storages_of_hist_are_tested(self) -> None:
        """The tests cover all storages that hist has."""
        known = {name for name in dir(hist.storage) if isinstance(getattr(hist.storage, name), type)}
        # MultiCell of the newest boost-histogram is not a storage for a plain histogram.
        assert known - {"Storage", "MultiCell"} == set(STORAGES)


class TestMemory:
    BINS = 5_000

    def large(self, storage: str = "Weight", *, filled: bool = False) -> hist.Hist[Any]:
        real = histogram(hist.axis.Regular(self.BINS, 0, 1, **NAMED), storage)
        if filled:
            view: Any = real.view(flow=True)
            view["value"] = view["variance"] = np.random.default_rng(1).random(view.shape)
        return real

    def memory_of(self, array: NDArray[Any]) -> object:
        """The object at the end of the chain of bases, which owns the memory."""
        owner: Any = array
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        return owner.obj if isinstance(owner, memoryview) else owner

    def test_bins_are_bytes_of_the_pickle(self) -> None:
        """Decoded bins are the bytes of the pickle, not a copy."""
        found = decoded(self.large())
        memory = self.memory_of(found.contents)
        assert isinstance(memory, bytearray | bytes)
        # 16 bytes for a value and its variance; flow: 2 of the variable, 1 of either category axis
        assert len(memory) == 16 * (self.BINS + 2) * (len(LABELS) + 1) * (len(CATEGORIES) + 1)

    @pytest.mark.parametrize("storage", DECODED)
    def test_decoded_histogram_is_not_copied(self, storage: str) -> None:
        """The array of a decoded histogram shares its memory."""
        found = decoded(self.large(storage))
        assert np.shares_memory(stored(found).contents, found.contents)

    def test_real_histogram_is_not_copied(self) -> None:
        """The array of a real histogram shares its memory."""
        real = self.large()
        assert np.shares_memory(stored(real).contents, np.asarray(real.view(flow=True)))

    def test_equal_histograms_share_no_memory(self) -> None:
        """Two equal histograms of one pickle share no memory."""
        # Two equal histograms in one pickle.
        output: Any = unpickled(io.BytesIO(pickle.dumps(an_output(m=self.large(), n=self.large()))), decode=True)
        one, other = (output["variables"][name]["TTbar"]["TTbar_2022"].contents for name in "mn")
        assert not np.shares_memory(one, other)

    def test_axes_are_shared_if_equal(self) -> None:
        """Histograms have the axes that they were written with, and share them if all of them are equal."""
        axes: list[Any] = [
            hist.axis.Variable([0, 1, 2], name="x", label="x"),
            hist.axis.Variable([0, 1, 2], name="x", label="y"),
            hist.axis.Variable([-0.0, 1, 2], name="x", label="x"),
            hist.axis.Variable([0, 1, 3], name="x", label="x"),
            hist.axis.Regular(2, 0, 2, name="x", label="x"),
            hist.axis.StrCategory(["a", "b", "c"], name="x", label="x"),
            hist.axis.StrCategory(["a", "c", "b"], name="x", label="x"),
            hist.axis.IntCategory([0, 1, 2], name="x", label="x"),
        ]
        written: list[hist.Hist[Any]] = [hist.Hist(axis, storage="weight") for axis in axes]
        content = pickle.dumps([pickle.loads(pickle.dumps(one)) for one in (*written, *written)])
        found: Any = unpickled(io.BytesIO(content), decode=True)
        for one, again, axis in zip(found, found[len(axes) :], axes, strict=False):
            assert one.axes is again.axes
            assert one.axes[0] == axis
            assert one.axes[0].__dict__ == axis.__dict__
            assert str(one.axes[0]) == str(axis)
        assert len({id(one.axes) for one in found}) == len(axes)

    @pytest.mark.slow
    @pytest.mark.parametrize("filled", [True, False])
    def test_reading_takes_the_bins_memory_once(self, *, filled: bool, tmp_path: Path) -> None:
        """Reading takes little more memory than the bins."""
        names = [f"m{number}" for number in range(20)]
        file = save(tmp_path, an_output(**{name: self.large(filled=filled) for name in names}))
        load_output(file, variables={"m0"}, arrays=True)  # Imports and caches take no memory below.
        tracemalloc.start()
        try:
            output = load_output(file, variables=set(names), arrays=True)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        found = [output["variables"][name]["TTbar"]["TTbar_2022"].contents.nbytes for name in names]
        # Four times that of one histogram is for the one that is being read.
        assert peak < sum(found) + 4 * max(found)


class TestVariables:
    def test_other_variables_are_left_empty(self) -> None:
        """Variables that are not asked for are empty, and keep their names."""
        axis = hist.axis.Boolean(**NAMED)
        content = pickle.dumps(an_output(m=histogram(axis), n=histogram(axis), o=histogram(axis)))
        output: Any = unpickled(io.BytesIO(content), variables={"n", "nowhere"}, decode=True)
        assert list(output["variables"]) == ["m", "n", "o"]
        assert (output["variables"]["m"], output["variables"]["o"]) == ({}, {})
        assert isinstance(output["variables"]["n"]["TTbar"]["TTbar_2022"], DecodedHistogram)

    def test_no_variable_at_all(self) -> None:
        """All variables are empty if no variable is asked for."""
        content = pickle.dumps(an_output(m=histogram(hist.axis.Boolean(**NAMED))))
        output: Any = unpickled(io.BytesIO(content), variables=(), decode=True)
        assert output["variables"] == {"m": {}}

    def test_all_variables_by_default(self) -> None:
        """By default all variables are read."""
        content = pickle.dumps(an_output(m=histogram(hist.axis.Boolean(**NAMED))))
        output: Any = unpickled(io.BytesIO(content))
        assert isinstance(output["variables"]["m"]["TTbar"]["TTbar_2022"], hist.Hist)


def forged(bins: object, storage: str = "Weight") -> bytes:
    """An output with a histogram of a Boolean and a category axis, whose four bins are replaced in its state."""
    real = hist.Hist(hist.axis.StrCategory(["SR"], name="cat"), hist.axis.Boolean(**NAMED), storage=STORAGES[storage]())
    state: tuple[Any, ...] = real._hist.__getstate__()

    class Forger(pickle.Pickler):
        def reducer_override(self, obj: object) -> Any:
            if type(obj) is type(real._hist):
                return copyreg.__newobj__, (type(obj),), (*state[:-1], bins)  # type: ignore[attr-defined]
            return NotImplemented

    stream = io.BytesIO()
    Forger(stream, 5).dump(an_output(m=real))
    return stream.getvalue()


ODD: dict[str, tuple[object, str]] = {
    "fewer bins": (np.zeros(6), "another number of bins"),
    "more bins": (np.zeros(10), "another number of bins"),
    "half a bin": (np.zeros(7), "another number of bins"),
    "no bins": (np.zeros(0), "another number of bins"),
    "single precision": (np.zeros(8, "f4"), "form that is not known"),
    "the same size in single precision": (np.zeros(16, "f4"), "form that is not known"),
    "integers": (np.zeros(8, "i8"), "form that is not known"),
    "complex numbers": (np.zeros(4, "c16"), "form that is not known"),
    "the other byte order": (np.zeros(8, ">f8"), "form that is not known"),
    "two dimensions": (np.zeros((4, 2)), "form that is not known"),
    "a list": ([0.0] * 8, "form that is not known"),
    "bytes": (bytes(64), "form that is not known"),
    "None": (None, "form that is not known"),
}


class TestForgedContents:
    def test_odd_bins_are_refused(self, tmp_path: Path) -> None:
        """Bins of another number, dtype or dimension are refused."""
        for how, (bins, said) in ODD.items():
            with case(how), pytest.raises(InputError, match=said):
                load_output(save(tmp_path, forged(bins)), variables={"m"}, arrays=True)

    @pytest.mark.parametrize(
        ("storage", "bins"),
        [("Double", np.zeros(4, "i8")), ("Int64", np.zeros(4)), ("Int64", np.zeros(4, "u8"))],
        ids=["integers for doubles", "doubles for integers", "unsigned integers"],
    )
    def test_bins_of_another_storage_are_refused(self, storage: str, bins: NDArray[Any], tmp_path: Path) -> None:
        """Bins with the dtype of another storage are refused."""
        with pytest.raises(InputError, match="form that is not known"):
            load_output(save(tmp_path, forged(bins, storage)), variables={"m"}, arrays=True)

    def test_right_bins_are_read(self, tmp_path: Path) -> None:
        """Bins of the right form are read, value and variance side by side."""
        output = load_output(save(tmp_path, forged(np.arange(8.0))), variables={"m"}, arrays=True)
        cells = output["variables"]["m"]["TTbar"]["TTbar_2022"].contents
        np.testing.assert_array_equal(cells, [[0 + 1j, 4 + 5j], [2 + 3j, 6 + 7j]])


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_pickle_protocols_are_read(tmp_path: Path, protocol: int) -> None:
    """Each pickle protocol that PocketCoffea may use is read."""
    expected = files.an_output("a", "b")
    files.assert_same(load_output(files.save(tmp_path / "a.coffea", expected, protocol)), expected)


def test_storages_are_read(tmp_path: Path) -> None:
    """A histogram of each storage is read as it was written."""
    cases: list[str] = ["double", "int64", "weight", "mean", "weightedmean", "unlimited"]
    for storage in cases:
        with case(storage):
            content: hist.Hist[Any] = hist.Hist(hist.axis.Integer(0, 3, name="x"), storage=storage)
            found = load_output(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": content}))["extra"]
            assert found == content
            assert type(found._hist) is type(content._hist)


def test_axes_are_read_and_work(tmp_path: Path) -> None:
    """A histogram with each axis is read as it was written, and can be copied and pickled."""
    axes: list[Any] = [
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
    ]
    contents: list[hist.Hist[Any]] = [hist.Hist(axis, storage="weight") for axis in axes]
    output = load_output(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": contents}))
    for content, found in zip(contents, output["extra"], strict=True):
        assert found == content
        assert found.copy() == pickle.loads(pickle.dumps(found)) == content
        assert found.axes[0].label == content.axes[0].label


def test_containers_of_collections_are_read(tmp_path: Path) -> None:
    """The containers of `collections` are read as they were written."""
    expected = files.an_output("a") | {
        "counter": Counter("aab"),
        "ordered": OrderedDict(b=1, a=files.histogram()),
        "nested": defaultdict(list, {"x": [defaultdict(int, {"y": 1})]}),
        "frozen": frozenset({("a", 1)}),
        "bytes": bytearray(b"ab"),
    }
    files.assert_same(load_output(files.save(tmp_path / "a.coffea", expected)), expected)


@pytest.mark.slow
def test_accumulators_of_coffea_are_read(tmp_path: Path) -> None:
    """The accumulators of coffea are read as they were written."""
    from coffea.processor import accumulator  # noqa: PLC0415  slow

    value = accumulator.value_accumulator(float, 2.5)
    expected = files.an_output("a") | {
        "columns": {"TTbar": {"a": {"SR": {"m": accumulator.column_accumulator(np.arange(4.0)[::2])}}}},
        "dict": accumulator.dict_accumulator({"b": 1, "a": accumulator.set_accumulator({"x"})}),
        "list": accumulator.list_accumulator([1, "b"]),
        "default": accumulator.defaultdict_accumulator(int, {"a": 1}),
    }
    found = load_output(files.save(tmp_path / "a.coffea", expected | {"value": value}))
    assert (found["value"].value, found["value"].default_factory) == (2.5, float)
    del found["value"]
    files.assert_same(found, expected)


def test_shared_histogram_stays_one_object(tmp_path: Path) -> None:
    """A histogram in two places is built once."""
    shared = files.histogram()
    found = load_output(files.save(tmp_path / "a.coffea", files.an_output("a") | {"one": [shared], "two": (shared,)}))
    assert found["one"][0] is found["two"][0]


def test_factory_of_a_defaultdict_is_plain(tmp_path: Path) -> None:
    """A defaultdict whose factory is not a plain builtin is refused."""
    cases: list[Any] = [os.getcwd, print, Counter, hist.Hist, np.ndarray]
    for factory in cases:
        with case(factory):
            files.complaint(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": defaultdict(factory)}))


class Poked:
    """An object that pickles as a histogram, or as its contents, with a forged state."""

    def __init__(self, kind: type, state: object) -> None:
        self.kind, self.state = kind, state

    __class__ = property(lambda self: self.kind)  # Pickle compares it with the class it writes.

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (self.kind,), self.state  # type: ignore[attr-defined]


CONTENTS = files.histogram()._hist


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


def test_forged_histogram_contents_are_refused(tmp_path: Path) -> None:
    """A histogram whose contents have a forged state is refused."""
    for how, (contents, told) in HISTOGRAMS.items():
        with case(how):
            whole = Poked(hist.Hist, (0, {"_variance_known": True, "name": None, "label": None, "_hist": contents}))
            assert told in files.complaint(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": whole}))


def test_boost_histogram_itself_takes_fewer_bins() -> None:
    """Loaded by Python, a histogram may have fewer bins than its axes."""
    taken = pickle.loads(cloudpickle.dumps(HISTOGRAMS["fewer bins than the axes have"][0]))
    assert taken.size() == 1


HISTOGRAM_STATES: dict[str, object] = {
    "a method replaced": (0, {"_hist": CONTENTS, "values": 1}),
    "its class replaced": (0, {"_hist": CONTENTS, "__class__": dict}),
    "its dict replaced": (0, {"_hist": CONTENTS, "__dict__": {}}),
    "a class for a name": (0, {"_hist": CONTENTS, "name": int}),
    "a histogram for its contents": (0, {"_hist": files.histogram()}),
    "a number for its contents": (0, {"_hist": 1}),
    "no contents": (0, {}),
    "another form": (1, {"_hist": CONTENTS}),
}


def test_forged_histogram_attributes_are_refused(tmp_path: Path) -> None:
    """A histogram whose attributes replace methods, or are no data, is refused."""
    for how, state in HISTOGRAM_STATES.items():
        with case(how):
            whole = Poked(hist.Hist, state)
            files.complaint(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": whole}))


def endless() -> list[object]:
    result: list[object] = []
    result.append((result,))
    return result


def test_classes_and_loops_are_refused(tmp_path: Path) -> None:
    """A class among the data, and data that contain themselves, are refused."""
    cases: list[object] = [endless(), int, Counter, {Counter: 1}, {(1, hist.Hist): 1}, {np.ndarray}]
    for content in cases:
        with case(content):
            files.complaint(files.save(tmp_path / "a.coffea", files.an_output("a") | {"extra": content}))
