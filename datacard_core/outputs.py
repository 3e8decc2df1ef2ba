"""Reads PocketCoffea's `.coffea` outputs, and executes nothing that stands in them.

A `.coffea` file is one pickle in an LZ4 frame, and a pickle is a program: it names functions, calls them, and
sets what it likes in objects. Here every name in it becomes an inert record. When all is read, real objects
are built from records whose content is checked, for numpy and boost_histogram believe what they are given.
"""

from __future__ import annotations

import copyreg
import importlib
import math
import os
import pickle
import re
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self, cast

import hist
import lz4.frame
import numpy as np

from datacard_core.errors import InputError
from datacard_core.merging import merge_outputs, output_problems
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TRUST = (
    "nothing of an untrusted file is executed; trust=True loads it with coffea's own loader, which executes "
    "whatever the file says"
)
_LZ4 = b"\x04\x22\x4d\x18"
_LOOKS = {
    b"root": "a ROOT file",
    b"PK": "a zip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a parquet file",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x80": "a pickle without compression",
}


def load_output(
    path_or_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, trust: bool = False
) -> dict[str, Any]:
    """Read a PocketCoffea output, or several with different datasets as one.

    Args:
        path_or_paths: one `.coffea` file, or several.
        trust: load with coffea's own loader, which executes whatever the file says.

    Returns:
        The dict that `coffea.util.load` returns.

    Raises:
        InputError: a file cannot be read, holds what is not admitted, or is no postprocessed output; or a
            dataset is in two files. Everything that is wrong with any of them is told.
    """
    files = _files(path_or_paths)
    problems = [f"{file} is given twice: leave one out" for file in duplicates(files)]
    outputs: dict[str, dict[str, Any]] = {}
    for file in dict.fromkeys(files):
        found = _attempt(lambda file=file: _output(Path(file), trust=trust), problems)  # type: ignore[misc]
        if found is not None:
            outputs[file] = found
    merged = _attempt(lambda: merge_outputs(outputs), problems) if len(outputs) > 1 else None
    if problems:
        raise InputError(problems)
    return outputs[files[0]] if merged is None else merged


def _files(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    files = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if not files:
        raise InputError("no file is given, expected at least one .coffea file")
    return files


def _attempt(make: Callable[[], dict[str, Any]], problems: list[str]) -> dict[str, Any] | None:
    try:
        return make()
    except InputError as error:
        problems.extend(error.problems)
        return None


def _output(file: Path, *, trust: bool) -> dict[str, Any]:
    problem = _file_problem(file)
    if problem:
        raise InputError(f"{file} {problem}")
    output = _loaded(file, trust=trust)
    problems = output_problems(str(file), output)
    if problems:
        raise InputError(problems)
    return cast("dict[str, Any]", output)


def _file_problem(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            head = stream.read(64)
    except FileNotFoundError:
        beside = (path.name for path in file.parent.glob("*")) if file.parent.is_dir() else ()
        return f"does not exist{closest(file.name, sorted(beside))}"
    except IsADirectoryError:
        inside = listing(sorted(path.name for path in file.glob("*.coffea")), 3)
        return f"is a directory, expected a .coffea file{', such as ' + inside + ' in it' if inside else ''}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if head.startswith(_LZ4):
        return ""
    return f"is {_look(head)}, expected an LZ4 frame: give the .coffea file that PocketCoffea wrote"


def _look(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, look in _LOOKS.items():
        if head.startswith(magic):
            return look
    text = head.decode("utf-8", "ignore")
    return "text, such as JSON or YAML" if text.replace("\n", "").isprintable() else "of an unknown format"


def _loaded(file: Path, *, trust: bool) -> object:
    try:
        return _trusted(file) if trust else _unpickled(file)
    except _RefusedError as error:
        raise InputError(f"{file} holds {error}, which is not admitted: {_TRUST}") from error
    except Exception as error:
        # a damaged pickle raises anything, says the documentation of pickle
        what = f"cannot be read, it seems damaged ({type(error).__name__}: {error})"
        if isinstance(error, EOFError) or "truncated" in str(error):
            what = "ends too early, so it was not written or copied to its end"
        raise InputError(f"{file} {what}: copy it again, or write it again") from error


def _trusted(file: Path) -> object:
    return importlib.import_module("coffea.util").load(str(file))


def _unpickled(file: Path) -> object:
    with lz4.frame.open(file) as stream:
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
    return _Building().build(output)


class _RefusedError(Exception):
    """Something is not admitted; the message says what, to stand after "holds"."""


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
            raise _RefusedError(listing(self._refused, len(self._refused)))


class _Building:
    """Builds the real objects, each once, and puts them in the place of their records."""

    def __init__(self) -> None:
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
            raise _RefusedError("an object that contains itself")
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
                raise _RefusedError(f"a bare {_named(value)} where data is expected")
        return value

    def items(self, record: _Record) -> Iterator[tuple[object, object]]:
        """What was put into a record that stands for a dict."""
        return ((_key(key), self.build(value)) for key, value in record.items)


def _key(key: object) -> object:
    if isinstance(key, tuple | frozenset):
        for part in key:
            _key(part)
    elif type(key) not in _LEAVES and not isinstance(key, np.generic):
        raise _RefusedError(f"a {_named(key)} as a key")
    return key


def _named(value: object) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def _histogram(building: _Building, record: _Record) -> object:
    match record.state:
        case (0, {"_hist": _Record(name=("boost_histogram._core.hist", _)), **attributes}):
            pass
        case _:
            raise _unknown_form(record)
    for name in map(str, attributes):
        if name.startswith("__") or callable(getattr(hist.Hist, name, None)):
            raise _RefusedError(f"a histogram in which {name} would be replaced")
    result = hist.Hist.__new__(hist.Hist)
    result.__setstate__(building.build(record.state))
    return result


def _contents(building: _Building, record: _Record) -> object:
    match record.state:
        case (0, int(count), *_) if 0 <= count <= _MOST_AXES:
            state = tuple(_contents_state(building, tuple(record.state)))
        case _:
            raise _unknown_form(record)
    kind: Any = _real(*record.name)
    result = kind.__new__(kind)
    result.__setstate__(state)
    axes = [result.axis(number) for number in range(result.rank())]
    # boost_histogram does not look, and would show memory beyond its bins
    if any(axis.size < 0 for axis in axes) or math.prod(axis.extent for axis in axes) != result.size():
        raise _RefusedError("a histogram with another number of bins than its axes have")
    return result


def _contents_state(building: _Building, state: tuple[object, ...]) -> Iterator[object]:
    for place, value in enumerate(state):
        if not _is_name(value, _CONVERSION):
            yield building.build(value)
        elif state[place - 2 : place] in _TRANSFORMS:
            yield _real(*_CONVERSION)
        else:
            raise _RefusedError("an axis with a transform other than log and sqrt")


def _is_name(value: object, name: tuple[str, str]) -> bool:
    return isinstance(value, type) and issubclass(value, _Record) and value.name == name


def _real(module: str, name: str) -> type[Any]:
    real: type[Any] = getattr(importlib.import_module(module), name)
    return real


def _unknown_form(record: _Record) -> _RefusedError:
    return _RefusedError(f"a {'.'.join(record.name)} of a form that is not known")


def _flat(content: object, dtype: object) -> np.ndarray[Any, Any]:
    plain = _dtype(dtype)
    if not isinstance(content, bytes | bytearray):
        raise _RefusedError(f"a numpy array made of a {_named(content)}")
    return np.frombuffer(content, plain)


def _dtype(record: object) -> np.dtype[Any]:
    # Neither flags nor fields are taken over: numpy believes them, also where they point out of the array.
    match record:
        case _Record(name=("numpy", "dtype"), args=(str(code), *_), state=state):
            match state:
                case (3, "<" | ">" | "|" | "=" as order, None, None, None, *_) if _PLAIN.fullmatch(code):
                    return np.dtype(code).newbyteorder(order)
            raise _RefusedError(f"the numpy dtype {code!r}, which is no plain number or text")
    raise _RefusedError("a numpy array without a dtype")


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
    raise _RefusedError(f"a dict that makes its values with {_named(value)}")


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
