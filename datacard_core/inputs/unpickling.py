"""Unpickling without executing: what a pickle names becomes an inert record, and only what is known is built.

A pickle is a program: it names functions, calls them, and sets what it likes in objects. Here every name in it
becomes a record that does nothing. When all is read, real objects are built from records whose content is checked,
for numpy and boost_histogram believe what they are given.
"""

from __future__ import annotations

import copyreg
import importlib
import math
import pickle
import re
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

import hist
import numpy as np

from datacard_core.inputs.histograms import DecodedHistogram
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator


class RefusedError(Exception):
    """Something is not admitted; the message says what, to stand after "holds"."""


def unpickled(stream: BinaryIO, *, variables: Collection[str] | None = None, decode: bool = False) -> object:
    """What a pickle holds.

    Args:
        stream: where to read it; nothing may follow it.
        variables: of the histograms under "variables", build only those of these names; others are left empty.
        decode: give histograms as `DecodedHistogram`, whose arrays are the memory that was read, instead of `Hist`.

    Raises:
        RefusedError: it holds something that is not admitted.
        Exception: it is damaged; this can be anything, says the documentation of pickle.
    """
    unpickler = _Unpickler(stream)
    # What copyreg has in its cache would come in past find_class, and records must not go out by it.
    copyreg.clear_extension_cache()
    try:
        output = unpickler.load()
    finally:
        copyreg.clear_extension_cache()
        unpickler.check()
    if stream.read(1):  # and only so is the end of the frame seen
        raise pickle.UnpicklingError("something follows its pickle")
    if isinstance(output, dict) and variables is not None and isinstance(output.get("variables"), dict):
        of = output["variables"]
        output["variables"] = {name: histograms if name in variables else {} for name, histograms in of.items()}
    return _Building(decode=decode).build(output)


class _Record:
    """An object as the file describes it. It does nothing but keep."""

    __slots__ = ("args", "items", "state")
    args: tuple[object, ...]
    items: list[Any]
    state: object
    name: ClassVar[tuple[str, str]]

    def __new__(cls, *args: object) -> Self:
        record = super().__new__(cls)
        record.args, record.items, record.state = args, [], None
        return record

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        self.items.append((key, value))

    def extend(self, values: Iterable[object]) -> None:
        """What a pickle calls to fill a list."""
        self.items.extend(values)


class _Unpickler(pickle.Unpickler):
    """Resolves no name, and notes those that are not admitted."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._refused: dict[str, None] = {}

    def find_class(self, module: str, name: str, /) -> object:
        """Give what stands for a name: a builtin that nothing can alter, or something for this one file."""
        if module == "builtins" and name in _BUILTINS:
            return _BUILTINS[name]
        key = (re.sub(r"^numpy\.core\.", "numpy._core.", module), name)
        if key not in _BUILDERS:
            self._refused[f"{module}.{name}"] = None
        members: dict[str, Any] = {"__slots__": (), "name": key}
        if key == _SCALAR:
            # built at once, as it may be the key of a dict
            members["__new__"] = lambda _, dtype, content: _scalar(dtype, content)
        return type(name, (_Record,), members)

    def check(self) -> None:
        """Raise if a name was not admitted."""
        if self._refused:
            raise RefusedError(listing(self._refused, len(self._refused)))


class _Building:
    """Builds the real objects, each once, and puts them in the place of their records."""

    def __init__(self, *, decode: bool) -> None:
        self.decode = decode
        # with the object itself, so that no other one gets its id
        self._built: dict[int, tuple[object, object]] = {}

    def build(self, value: object) -> object:
        """Give what a value of the pickle stands for."""
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
            case _Record() if value.name in _BUILDERS:
                return _BUILDERS[value.name](self, value)
            case bytearray():
                pass
            case _:
                raise RefusedError(f"a bare {_named(value)} where data is expected")
        return value

    def items(self, record: _Record) -> Iterator[tuple[object, object]]:
        """What was put into a record that stands for a dict."""
        return ((_key(key), self.build(value)) for key, value in record.items)


def _key(key: object) -> object:
    if isinstance(key, tuple | frozenset):
        for part in key:
            _key(part)
    elif type(key) not in _LEAVES and not isinstance(key, np.generic):
        raise RefusedError(f"a {_named(key)} as a key")
    return key


def _named(value: object) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def _histogram(building: _Building, record: _Record) -> object:
    match record.state:
        case (0, {"_hist": _Record(name=("boost_histogram._core.hist", _)) as contents, **attributes}):
            pass
        case _:
            raise _unknown_form(record)
    for name in map(str, attributes):
        if name.startswith("__") or callable(getattr(hist.Hist, name, None)):
            raise RefusedError(f"a histogram in which {name} would be replaced")
    if building.decode and contents.name[1] in _DECODED:
        return _decoded(building, record, contents)
    result = hist.Hist.__new__(hist.Hist)
    result.__setstate__(building.build(record.state))
    return result


def _decoded(building: _Building, record: _Record, contents: _Record) -> object:
    """A histogram whose bins are the memory that was read: only its axes are built."""
    state = _checked_state(contents)
    bins = building.build(state[-1])
    expected = np.int64 if contents.name[1] == "any_int64" else np.float64
    if not isinstance(bins, np.ndarray) or bins.ndim != 1 or bins.dtype != expected:
        raise _unknown_form(contents)
    kind: Any = _real(*contents.name)
    shell = kind.__new__(kind)
    # Without bins: boost_histogram takes the state as it is, and only its axes are looked at.
    shell.__setstate__((*_contents_state(building, state[:-1]), bins[:0]))
    axes_of = hist.Hist.__new__(hist.Hist)
    axes_of.__setstate__((0, {**_attributes(building, record), "_hist": shell}))
    axes = axes_of.axes
    weighted = contents.name[1] == "any_weight"
    shape = tuple(axis.extent for axis in axes)
    if math.prod(shape) * (1 + weighted) != bins.size:
        raise RefusedError("a histogram with another number of bins than its axes have")
    values = bins.view(np.complex128) if weighted else bins * (1 + 1j)
    return DecodedHistogram(tuple(axes), values.reshape(shape, order="F"), weighted)


def _attributes(building: _Building, record: _Record) -> dict[str, Any]:
    built: Any = building.build({name: value for name, value in record.state[1].items() if name != "_hist"})  # type: ignore[index]
    return dict(built)


def _checked_state(record: _Record) -> tuple[Any, ...]:
    match record.state:
        case (0, int(count), *_) if 0 <= count <= _MOST_AXES:
            return tuple(record.state)
    raise _unknown_form(record)


def _contents(building: _Building, record: _Record) -> object:
    state = tuple(_contents_state(building, _checked_state(record)))
    kind: Any = _real(*record.name)
    result = kind.__new__(kind)
    result.__setstate__(state)
    axes = [result.axis(number) for number in range(result.rank())]
    # boost_histogram does not look, and would show memory beyond its bins
    if any(axis.size < 0 for axis in axes) or math.prod(axis.extent for axis in axes) != result.size():
        raise RefusedError("a histogram with another number of bins than its axes have")
    return result


def _contents_state(building: _Building, state: tuple[object, ...]) -> Iterator[object]:
    for place, value in enumerate(state):
        if not _is_name(value, _CONVERSION):
            yield building.build(value)
        elif state[place - 2 : place] in _TRANSFORMS:
            yield _real(*_CONVERSION)
        else:
            raise RefusedError("an axis with a transform other than log and sqrt")


def _is_name(value: object, name: tuple[str, str]) -> bool:
    return isinstance(value, type) and issubclass(value, _Record) and value.name == name


def _real(module: str, name: str) -> type[Any]:
    real: type[Any] = getattr(importlib.import_module(module), name)
    return real


def _unknown_form(record: _Record) -> RefusedError:
    return RefusedError(f"a {'.'.join(record.name)} of a form that is not known")


def _flat(content: object, dtype: object) -> np.ndarray[Any, Any]:
    plain = _dtype(dtype)
    if not isinstance(content, bytes | bytearray):
        raise RefusedError(f"a numpy array made of a {_named(content)}")
    return np.frombuffer(content, plain)


def _dtype(record: object) -> np.dtype[Any]:
    # Neither flags nor fields are taken over: numpy believes them, also where they point out of the array.
    match record:
        case _Record(name=("numpy", "dtype"), args=(str(code), *_), state=state):
            match state:
                case (3, "<" | ">" | "|" | "=" as order, None, None, None, *_) if _PLAIN.fullmatch(code):
                    return np.dtype(code).newbyteorder(order)
            raise RefusedError(f"the numpy dtype {code!r}, which is no plain number or text")
    raise RefusedError("a numpy array without a dtype")


def _scalar(dtype: object, content: object) -> object:
    if content == b"":  # of an empty text
        return np.zeros((), _dtype(dtype))[()]
    return _flat(content, dtype)[0]


def _array(_: _Building, record: _Record) -> object:
    match record.args:
        case (content, dtype, tuple(shape), "C" | "F" as order):
            return _flat(content, dtype).reshape(shape, order=order)
        case (content, dtype, tuple(shape), "K", tuple(axes)):
            return _flat(content, dtype).reshape(shape).transpose(axes)
    raise _unknown_form(record)


def _stored_array(_: _Building, record: _Record) -> object:
    match record.args, record.state:
        case (subtype, *_), (1, tuple(shape), dtype, bool(fortran), content) if _is_name(subtype, _ARRAY):
            return _flat(content, dtype).reshape(shape, order="F" if fortran else "C").copy(order="K")
    raise _unknown_form(record)


def _defaultdict(building: _Building, record: _Record) -> object:
    kind: Any = defaultdict if record.name[0] == "collections" else _real(*record.name)
    return kind(*map(_factory, record.args), building.items(record))


def _counter(building: _Building, record: _Record) -> object:
    counts: Any = map(building.build, record.args)
    return Counter(*counts)


def _factory(value: object) -> object:
    if value is None or value in _BUILTINS.values():
        return value
    raise RefusedError(f"a dict that makes its values with {_named(value)}")


def _accumulator(building: _Building, record: _Record) -> object:
    kind = _real(*record.name)
    match record:
        case _Record(name=(_, "column_accumulator"), state={"_value": value}):
            return kind(building.build(value))
        case _Record(name=(_, "value_accumulator"), state={"value": value, "default_factory": factory}):
            return kind(_factory(factory), building.build(value))
        case _Record(name=(_, "dict_accumulator")):
            return kind(building.items(record))
        case _Record(name=(_, "list_accumulator")):
            return kind(map(building.build, record.items))
        case _Record(name=(_, "set_accumulator"), args=(list(elements),)):
            return kind(map(_key, elements))
    raise _unknown_form(record)


_UNFINISHED = object()
_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes})
_BUILTINS: dict[str, type] = {
    kind.__name__: kind
    for kind in (dict, set, frozenset, list, tuple, int, float, complex, bool, str, bytes, bytearray)
}
_MOST_AXES = 32
_CONVERSION = ("boost_histogram.axis.transform", "_internal_conversion")
_TRANSFORMS = (("_log_fn", "_exp_fn"), ("_sqrt_fn", "_sq_fn"))
_PLAIN = re.compile(r"[?biufcSU]\d*")
_SCALAR = ("numpy._core.multiarray", "scalar")
_ARRAY = ("numpy", "ndarray")
_DECODED = ("any_weight", "any_double", "any_int64")
_STORAGES = ("atomic_int64", "double", "int64", "mean", "unlimited", "weight", "weighted_mean")
_COFFEA = "coffea.processor.accumulator"


def _only_named(_: _Building, record: _Record) -> object:
    raise _unknown_form(record)


_BUILDERS: dict[tuple[str, str], Callable[[_Building, _Record], object]] = {
    ("hist.hist", "Hist"): _histogram,
    **{("boost_histogram._core.hist", f"any_{storage}"): _contents for storage in _STORAGES},
    **dict.fromkeys((_CONVERSION, _SCALAR, _ARRAY, ("numpy", "dtype")), _only_named),
    ("numpy._core.numeric", "_frombuffer"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _stored_array,
    ("collections", "defaultdict"): _defaultdict,
    ("collections", "OrderedDict"): lambda building, record: OrderedDict(building.items(record)),
    ("collections", "Counter"): _counter,
    (_COFFEA, "defaultdict_accumulator"): _defaultdict,
    **{(_COFFEA, f"{kind}_accumulator"): _accumulator for kind in ("column", "dict", "list", "set", "value")},
}
