"""Unpickling without executing: real objects are built from inert records, after a check of their content.

The checks are needed because numpy and boost_histogram do not check a state that is set: a wrong number of bins or a
wrong dtype would let them read memory beyond the arrays.
"""

from __future__ import annotations

import importlib
import math
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any, BinaryIO

import hist
import numpy as np

from datacard_core.inputs import plain_arrays
from datacard_core.inputs.histograms import DecodedHistogram
from datacard_core.inputs.records import (
    BUILTINS,
    Record,
    RefusedError,
    described,
    is_name,
    read_records,
    unknown_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_UNFINISHED = object()
# Values that hold no other value, and that cannot be altered.
_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes})
# The limit of boost_histogram. A state begins with the number of its axes, which must not decide about memory.
_MOST_AXES = 32
_CONVERSION = ("boost_histogram.axis.transform", "_internal_conversion")
# Names of the functions, forward and inverse, of the transforms log and sqrt. Other transforms may name any function.
_TRANSFORMS = (("_log_fn", "_exp_fn"), ("_sqrt_fn", "_sq_fn"))
_STORAGES = ("atomic_int64", "double", "int64", "mean", "unlimited", "weight", "weighted_mean")
# Storages whose bins are one array of numbers; the bins of rarer storages are left to boost_histogram.
_DECODED = ("any_weight", "any_double", "any_int64")
_COFFEA = "coffea.processor.accumulator"


def unpickled(stream: BinaryIO, *, variables: Collection[str] | None = None, decode: bool = False) -> object:
    """Return the content of a pickle.

    Args:
        stream: where to read the pickle, which ends with it.
        variables: the variables whose histograms are built, by default all; other variables are left empty.
        decode: return histograms as `DecodedHistogram`, whose arrays share the memory which was read, and not as
            `hist.Hist`.

    Raises:
        RefusedError: the pickle holds what is not admitted.
        Exception: the pickle is damaged; any exception is possible, says the documentation of pickle.
    """
    # Scalars are built at once, as they may be keys of a dict: a record in their place has another hash.
    output = read_records(stream, _BUILDERS, {plain_arrays.SCALAR: plain_arrays.scalar})
    # Before real objects are built, so that histograms that are not asked for cost no time.
    if isinstance(output, dict) and variables is not None and isinstance(output.get("variables"), dict):
        of = output["variables"]
        output["variables"] = {name: histograms if name in variables else {} for name, histograms in of.items()}
    return _Building(decode=decode).build(output)


class _Building:
    """Builds real objects, each once, and puts them in the place of their records."""

    def __init__(self, *, decode: bool) -> None:
        self.decode = decode
        # Built values by the id of their record. The record is kept with them: while it lives, no other object has
        # its id.
        self._built: dict[int, tuple[object, object]] = {}

    def build(self, value: object) -> object:
        """Return the real object of a value of the pickle.

        Raises:
            RefusedError: its content is not admitted, or contains itself.
        """
        if type(value) in _LEAVES or isinstance(value, np.generic):
            return value
        if id(value) not in self._built:
            self._built[id(value)] = (value, _UNFINISHED)
            self._built[id(value)] = (value, self._build(value))
        built = self._built[id(value)][1]
        if built is _UNFINISHED:
            raise RefusedError("an object that contains itself")
        return built

    def _build(self, value: object) -> object:
        match value:
            case dict():
                value.update([(_key(key), self.build(item)) for key, item in value.items()])
            case list():
                value[:] = map(self.build, value)
            case tuple():
                return tuple(map(self.build, value))
            case set() | frozenset():
                _key(frozenset(value))
            case Record() if value.name in _BUILDERS:
                return _BUILDERS[value.name](self, value)
            case bytearray():
                pass
            case _:
                raise RefusedError(f"a bare {described(value)} where data is expected")
        return value

    def items(self, record: Record) -> Iterator[tuple[object, object]]:
        """Yield the items of a record that stands for a dict."""
        return ((_key(key), self.build(value)) for key, value in record.items)


def _key(key: object) -> object:
    """Return a key of a dict or an element of a set; records cannot be keys, as building them changes the hash."""
    if isinstance(key, tuple | frozenset):
        for part in key:
            _key(part)
    elif type(key) not in _LEAVES and not isinstance(key, np.generic):
        raise RefusedError(f"a {described(key)} as a key")
    return key


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
    return result


def _decoded(building: _Building, record: Record, contents: Record) -> object:
    """Return a histogram whose bins are the memory that was read: only its axes are built."""
    state = _checked_state(contents)
    bins = building.build(state[-1])
    expected = np.int64 if contents.name[1] == "any_int64" else np.float64
    if not isinstance(bins, np.ndarray) or bins.ndim != 1 or bins.dtype != expected:
        raise unknown_form(contents)
    kind: Any = _real(*contents.name)
    shell = kind.__new__(kind)
    # A shell without bins is safe as long as no bin is asked for: boost_histogram does not compare the number of
    # bins with the axes. Here only its axes are looked at, and the shell does not leave this function.
    shell.__setstate__((*_contents_state(building, state[:-1]), bins[:0]))
    axes_of = hist.Hist.__new__(hist.Hist)
    axes_of.__setstate__((0, {**_attributes(building, record), "_hist": shell}))
    axes = axes_of.axes
    weighted = contents.name[1] == "any_weight"
    shape = tuple(axis.extent for axis in axes)
    if math.prod(shape) * (1 + weighted) != bins.size:
        raise RefusedError("a histogram with another number of bins than its axes have")
    # Value and variance of a weighted bin stand side by side, as real and imaginary part of a complex number do.
    values = bins.view(np.complex128) if weighted else bins * (1 + 1j)
    return DecodedHistogram(tuple(axes), values.reshape(shape, order="F"), weighted)


def _attributes(building: _Building, record: Record) -> dict[str, Any]:
    built: Any = building.build({name: value for name, value in record.state[1].items() if name != "_hist"})  # type: ignore[index]
    return dict(built)


def _checked_state(record: Record) -> tuple[Any, ...]:
    match record.state:
        case (0, int(count), *_) if 0 <= count <= _MOST_AXES:
            return tuple(record.state)
    raise unknown_form(record)


def _contents(building: _Building, record: Record) -> object:
    state = tuple(_contents_state(building, _checked_state(record)))
    kind: Any = _real(*record.name)
    result = kind.__new__(kind)
    result.__setstate__(state)
    axes = [result.axis(number) for number in range(result.rank())]
    # boost_histogram does not compare them, and would show memory beyond its bins.
    if any(axis.size < 0 for axis in axes) or math.prod(axis.extent for axis in axes) != result.size():
        raise RefusedError("a histogram with another number of bins than its axes have")
    return result


def _contents_state(building: _Building, state: tuple[object, ...]) -> Iterator[object]:
    for position, value in enumerate(state):
        if not is_name(value, _CONVERSION):
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
    counts: Any = map(building.build, record.args)
    return Counter(*counts)


def _factory(value: object) -> object:
    if value is None or value in BUILTINS.values():
        return value
    raise RefusedError(f"a dict that makes its values with {described(value)}")


def _accumulator(building: _Building, record: Record) -> object:
    kind = _real(*record.name)
    match record:
        case Record(name=(_, "column_accumulator"), state={"_value": value}):
            return kind(building.build(value))
        case Record(name=(_, "value_accumulator"), state={"value": value, "default_factory": factory}):
            return kind(_factory(factory), building.build(value))
        case Record(name=(_, "dict_accumulator")):
            return kind(building.items(record))
        case Record(name=(_, "list_accumulator")):
            return kind(map(building.build, record.items))
        case Record(name=(_, "set_accumulator"), args=(list(elements),)):
            return kind(map(_key, elements))
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
