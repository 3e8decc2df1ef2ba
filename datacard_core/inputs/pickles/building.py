"""Unpickling without executing: real objects are built from inert records, after a check of their content.

The checks are needed because numpy and boost_histogram do not check a state that is set: a wrong number of bins or a
wrong dtype would let them read memory beyond the arrays.
"""

from __future__ import annotations

import importlib
import math
import pickle
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any

import hist
import numpy as np

from datacard_core.inputs.histograms import DecodedHistogram
from datacard_core.inputs.pickles import builtin_types, plain_arrays
from datacard_core.inputs.pickles.limits import DEEPEST, Budget, check_key
from datacard_core.inputs.pickles.plain_arrays import SkippedArray
from datacard_core.inputs.pickles.records import (
    Named,
    Record,
    RefusedError,
    Skipped,
    UnskippableError,
    described,
    unknown_form,
)
from datacard_core.inputs.pickles.running import read_records
from datacard_core.inputs.unread import UnreadBins

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from datacard_core.inputs.pickles.window import Stream
    from datacard_core.inputs.unread import FileAgain
    from datacard_core.model.arrays import ComplexArray

_UNFINISHED = object()
# Values that hold no other value, and that cannot be altered.
_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes})
# The limit of boost_histogram. A state begins with the number of its axes, which must not decide about memory.
_MOST_AXES = 32
# Most bins of an axis in a histogram that has no bins because another axis is empty.
_MOST_BINS = 100_000
# Memory of a histogram without its bins, in bytes, and of the copies of its names relative to their length.
_HISTOGRAM = 6_000
_COPIES = 8
_CONVERSION = ("boost_histogram.axis.transform", "_internal_conversion")
# Names of the functions, forward and inverse, of the transforms log and sqrt. Other transforms may name any function.
_TRANSFORMS = (("_log_fn", "_exp_fn"), ("_sqrt_fn", "_sq_fn"))
_TEXTS = frozenset({str, bytes})
# Lengths, as in `_Building.length`. PocketCoffea's outputs use names, which are shared, up to fifty times.
_NUMBER = 8
_CONTAINER = 64
# Memory of the edges of a bin, in bytes. An axis of equal bins makes them from three numbers.
_EDGES = 16
_FREE_LENGTH = 10_000_000
_LENGTH_PER_BYTE = 100
_STORAGES = ("atomic_int64", "double", "int64", "mean", "unlimited", "weight", "weighted_mean")
# Storages whose bins are one array of numbers; the bins of rarer storages are left to boost_histogram.
_DECODED = ("any_weight", "any_double", "any_int64")
_COFFEA = "coffea.processor.accumulator"


def unpickled(
    stream: Stream,
    *,
    variables: Collection[str] | None = None,
    decode: bool = False,
    budget: Budget | None = None,
    again: FileAgain | None = None,
) -> object:
    """Return the content of a pickle.

    Args:
        stream: where to read the pickle, which ends with it.
        variables: the variables whose histograms are built, by default all; other variables are left empty.
        decode: return histograms as `DecodedHistogram`, whose arrays share the memory which was read, and not as
            `hist.Hist`.
        budget: what the pickle may ask for, and which of its contents are kept.
        again: the file, to read bins in that were not kept.

    Raises:
        UnskippableError: a content that was not kept is needed.
        RefusedError: the pickle holds what is not admitted, or asks for more memory than an output of its size.
        Exception: the pickle is damaged; any exception is possible, says the documentation of pickle.
    """
    budget = budget or Budget()
    # Scalars are built at once, as they may be keys of a dict: a record in their place has another hash.
    at_once = {plain_arrays.SCALAR: plain_arrays.scalar, **builtin_types.AT_ONCE}
    output = read_records(stream, {*_BUILDERS, *builtin_types.NAMES}, at_once, budget)
    # Before real objects are built, so that histograms that are not asked for cost no time.
    if isinstance(output, dict) and variables is not None and isinstance(output.get("variables"), dict):
        of = output["variables"]
        output["variables"] = {name: histograms if name in variables else {} for name, histograms in of.items()}
    building = _Building(budget, decode=decode, again=again)
    built = building.build(output)
    budget.length = building.length
    return built


class _Building:
    """Builds real objects, each once, and puts them in the place of their records."""

    def __init__(self, budget: Budget, *, decode: bool, again: FileAgain | None) -> None:
        self.budget = budget
        self.decode = decode
        self.again = again
        # Contents of earlier pickles of the file count, as they are held at the same time.
        self.length = budget.length
        """Length of the content if it were written out, with each shared object as often as it occurs."""
        self._longest = _FREE_LENGTH + _LENGTH_PER_BYTE * budget.read
        self._depth = 0
        # Built values and their lengths by the id of their record. The record is kept with them: while it lives, no
        # other object has its id.
        self._built: dict[int, tuple[object, object, int]] = {}
        self.axes: dict[bytes, tuple[tuple[Any, ...], tuple[int, ...], int]] = {}
        """Axes, numbers of bins and length by their state, which is the same in most histograms of a variable."""

    def build(self, value: object) -> Any:
        """Return the real object of a value of the pickle.

        Raises:
            RefusedError: its content is not admitted, or contains itself.
        """
        kind = type(value)
        if kind in _LEAVES:
            self.length += len(value) if kind in _TEXTS else _NUMBER  # type: ignore[arg-type]
            return value
        if isinstance(value, np.generic):
            self.length += value.nbytes
            return value
        if kind is Skipped:
            self.length += value.size  # type: ignore[attr-defined]
            return value
        if known := self._built.get(id(value)):
            _, built, length = known
            self.length += length
        else:
            built = self._built_once(value)
        if built is _UNFINISHED:
            raise RefusedError("an object that contains itself")
        # Without a limit, a few lists in each other, twice in each, have no end for whoever compares or prints them.
        if self.length > self._longest:
            raise RefusedError(f"the same objects so often that they would fill {self.length / 1e6:.0f} MB")
        return built

    def _built_once(self, value: object) -> object:
        before = self.length
        self._depth += 1
        if self._depth > DEEPEST:
            raise RefusedError(f"objects nested more than {DEEPEST} deep")
        self._built[id(value)] = (value, _UNFINISHED, 0)
        built = self._build(value)
        self._depth -= 1
        self.length += getattr(built, "nbytes", _CONTAINER)
        self._built[id(value)] = (value, built, self.length - before)
        return built

    def _build(self, value: object) -> object:
        match value:
            case dict():
                for key, item in value.items():
                    # A value that is replaced does not disturb the iteration, a new key would.
                    value[key] = self.build(item)
            case list():
                value[:] = map(self.build, value)
            case tuple():
                return tuple(map(self.build, value))
            case Record() if value.name in _BUILDERS:
                return _BUILDERS[value.name](self, value)
            # Their elements were checked as keys are, before they were put in.
            case set() | frozenset() | bytearray():
                pass
            case _:
                raise RefusedError(f"a bare {described(value)} where data is expected")
        return value

    def items(self, record: Record) -> Iterator[tuple[object, object]]:
        """Yield the items of a record that stands for a dict."""
        for key, value in record.items:
            check_key(key)
            yield key, self.build(value)


def _histogram(building: _Building, record: Record) -> object:
    match record.state:
        case (0, {"_hist": Record(name=("boost_histogram._core.hist", _)) as contents, **attributes}):
            pass
        case _:
            raise unknown_form(record)
    # The state becomes the `__dict__` of the histogram, where an attribute of a method's name replaces the method.
    for name in map(str, attributes):
        if name.startswith("__") or callable(getattr(hist.Hist, name, None)):
            raise RefusedError(f"a histogram in which {name} would be replaced")
    if building.decode and contents.name[1] in _DECODED:
        return _decoded(building, record, contents)
    result = hist.Hist.__new__(hist.Hist)
    result.__setstate__(building.build(record.state))
    _check_axes(result.axes, result.size)
    return result


def _decoded(building: _Building, record: Record, contents: Record) -> object:
    """Return a histogram whose bins are the memory that was read: only its axes are built."""
    state = _checked_state(contents)
    bins = building.build(state[-1])
    expected = np.int64 if contents.name[1] == "any_int64" else np.float64
    if not isinstance(bins, np.ndarray | SkippedArray) or len(bins.shape) != 1 or bins.dtype != expected:
        raise unknown_form(contents)
    (size,) = bins.shape
    attributes = {name: value for name, value in record.state[1].items() if name != "_hist"}  # type: ignore[index]
    key = _key((contents.name, size, state[:-1], attributes))
    if known := building.axes.get(key):
        axes, shape, length = known
        building.length += length
    else:
        length = building.length
        axes_state = _unskipped(tuple(_contents_state(building, state[:-1])))
        axes = _axes_of(contents, (*axes_state, np.empty(0, bins.dtype)), building.build(attributes))
        _check_axes(axes, size)
        shape, length = tuple(axis.extent for axis in axes), building.length - length
        if key:
            building.axes[key] = axes, shape, length
    building.budget.spend(_HISTOGRAM + _COPIES * length + _EDGES * sum(shape))
    weighted = contents.name[1] == "any_weight"
    if math.prod(shape) * (1 + weighted) != size:
        raise RefusedError("a histogram with another number of bins than its axes have")
    if isinstance(bins, np.ndarray):
        return DecodedHistogram(axes, _values(bins, shape, weighted=weighted), weighted)
    if building.again is None:
        raise UnskippableError
    dtype, place = bins.dtype, bins.content
    unread = UnreadBins(
        building.again,
        place.start,
        place.size,
        lambda content: _values(np.frombuffer(content, dtype), shape, weighted=weighted),
    )
    return DecodedHistogram(axes, unread, weighted)


def _values(bins: np.ndarray[Any, Any], shape: tuple[int, ...], *, weighted: bool) -> ComplexArray:
    # Value and variance of a weighted bin stand side by side, as real and imaginary part of a complex number do.
    values: ComplexArray = bins.view(np.complex128) if weighted else bins * (1 + 1j)
    return values.reshape(shape, order="F")


def _axes_of(contents: Record, state: tuple[object, ...], attributes: dict[str, Any]) -> tuple[Any, ...]:
    """Return the axes of `hist` that belong to a state without bins."""
    kind: Any = _real(*contents.name)
    shell = kind.__new__(kind)
    # A shell without bins is safe as long as no bin is asked for: boost_histogram does not compare the number of
    # bins with the axes. Here only its axes are looked at, and the shell does not leave this function.
    shell.__setstate__(state)
    axes_of = hist.Hist.__new__(hist.Hist)
    axes_of.__setstate__((0, {**attributes, "_hist": shell}))
    return tuple(axes_of.axes)


def _key(state: object) -> bytes:
    """Return what tells states apart: their values with their types; empty if there is no such key."""
    try:
        return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)
    # Records may hold functions, or be nested too deep, which is told when they are built.
    except Exception:  # noqa: BLE001 - the documentation of pickle promises no type
        return b""


def _checked_state(record: Record) -> tuple[Any, ...]:
    match record.state:
        case (0, int(count), *_) if 0 <= count <= _MOST_AXES:
            return tuple(record.state)
    raise unknown_form(record)


def _contents(building: _Building, record: Record) -> object:
    length = building.length
    state = _unskipped(tuple(_contents_state(building, _checked_state(record))))
    # A storage of this type makes as many bins as it is told to.
    if record.name[1] == "any_unlimited" and (len(state) < 3 or state[-2] != np.size(state[-1])):  # noqa: PLR2004
        raise unknown_form(record)
    building.budget.spend(_HISTOGRAM + _COPIES * (building.length - length))
    kind: Any = _real(*record.name)
    result = kind.__new__(kind)
    result.__setstate__(state)
    axes = [result.axis(number) for number in range(result.rank())]
    # boost_histogram does not compare them, and would show memory beyond its bins.
    if any(axis.size < 0 for axis in axes) or math.prod(axis.extent for axis in axes) != result.size():
        raise RefusedError("a histogram with another number of bins than its axes have")
    building.budget.spend(_EDGES * sum(axis.extent for axis in axes))
    return result


def _check_axes(axes: Iterable[Any], bins: int) -> None:
    """Check what boost_histogram takes over unseen: the sizes of axes and the attributes of their objects.

    Raises:
        RefusedError: an axis of a histogram without bins is large, or an attribute replaces a method.
    """
    for axis in axes:
        # Where one axis has no bins, the sizes of the others are not limited by the number of bins.
        if not 0 <= axis.extent <= max(bins, _MOST_BINS):
            raise RefusedError(f"an axis of {axis.extent} bins in a histogram of {bins} bins")
        for name, value in axis.__dict__.items():
            if name in ("name", "label"):
                if not isinstance(value, str):
                    raise RefusedError(f"an axis whose {name} is a {type(value).__name__}")
            elif name.startswith("__") or callable(getattr(type(axis), name, None)):
                raise RefusedError(f"an axis in which {name} would be replaced")


def _unskipped(state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a state with all its arrays, such as the edges of bins."""
    if any(isinstance(value, SkippedArray | Skipped) for value in state):
        raise UnskippableError
    return state


def _contents_state(building: _Building, state: tuple[object, ...]) -> Iterator[object]:
    for position, value in enumerate(state):
        if type(value) is not Named or value.name != _CONVERSION:
            yield building.build(value)
        # A transform calls the functions of the two names before the conversion.
        elif state[position - 2 : position] in _TRANSFORMS:
            yield _real(*_CONVERSION)
        else:
            raise RefusedError("an axis with a transform other than log and sqrt")


def _real(module: str, name: str) -> type[Any]:
    """Return an admitted class or function; what a pickle names is never looked up in this way."""
    real: type[Any] = getattr(importlib.import_module(module), name)
    return real


def _defaultdict(building: _Building, record: Record) -> object:
    kind: Any = defaultdict if record.name[0] == "collections" else _real(*record.name)
    return kind(*map(_factory, record.args), building.items(record))


def _counter(building: _Building, record: Record) -> object:
    match record.args:
        case () | (dict(),):
            return Counter(*map(building.build, record.args))
    raise unknown_form(record)


def _factory(value: object) -> type | None:
    kind = builtin_types.named_type(value)
    if value is None or kind is not None:
        return kind
    raise RefusedError(f"a dict that makes its values with {described(value)}")


def _accumulator(building: _Building, record: Record) -> object:
    kind = _real(*record.name)
    match record:
        case Record(name=(_, "column_accumulator"), state={"_value": value}):
            built = building.build(value)
            # The class takes nothing but arrays.
            return built if isinstance(built, SkippedArray) else kind(built)
        case Record(name=(_, "value_accumulator"), state={"value": value, "default_factory": factory}):
            return kind(_factory(factory), building.build(value))
        case Record(name=(_, "dict_accumulator")):
            return kind(building.items(record))
        case Record(name=(_, "list_accumulator")):
            return kind(map(building.build, record.elements))
        case Record(name=(_, "set_accumulator"), args=(list(elements),)):
            for element in elements:
                check_key(element)
            return kind(elements)
    raise unknown_form(record)


def _only_named(_: _Building, record: Record) -> object:
    """Refuse a record for a name that stands in the record of another object, and is no data by itself.

    Raises:
        RefusedError: always.
    """
    raise unknown_form(record)


# The allow-list: what is not a key here is refused.
_BUILDERS: dict[tuple[str, str], Callable[[_Building, Record], object]] = {
    ("hist.hist", "Hist"): _histogram,
    **{("boost_histogram._core.hist", f"any_{storage}"): _contents for storage in _STORAGES},
    **dict.fromkeys((_CONVERSION, plain_arrays.SCALAR, plain_arrays.ARRAY, plain_arrays.DTYPE), _only_named),
    ("numpy._core.numeric", "_frombuffer"): plain_arrays.array,
    ("numpy._core.multiarray", "_reconstruct"): plain_arrays.array_of_state,
    ("collections", "defaultdict"): _defaultdict,
    ("collections", "OrderedDict"): lambda building, record: OrderedDict(building.items(record)),
    ("collections", "Counter"): _counter,
    (_COFFEA, "defaultdict_accumulator"): _defaultdict,
    **{(_COFFEA, f"{kind}_accumulator"): _accumulator for kind in ("column", "dict", "list", "set", "value")},
}
