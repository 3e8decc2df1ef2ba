"""Reading of a pickle as inert records: no name in the pickle is imported or called.

A pickle is a program: it names functions, calls them, and sets attributes of objects. Here each name in it becomes a
new class of records, which only keep the arguments they are called with. Real objects are built afterwards, in
`datacard_core.inputs.unpickling`, from records whose content was checked.
"""

from __future__ import annotations

import copyreg
import pickle
import re
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Name = tuple[str, str]
    """Module and name of a class or function."""

# Plain data, admitted as they are: a pickle calls some of them, as `set` to make a set, and names some as the factory
# of a defaultdict. They execute no code, and their attributes cannot be set, so a pickle cannot alter them.
BUILTINS: dict[str, type] = {
    kind.__name__: kind
    for kind in (dict, set, frozenset, list, tuple, int, float, complex, bool, str, bytes, bytearray)
}


class RefusedError(Exception):
    """A pickle holds what is not admitted; the message names it, to stand after "holds"."""


class Record:
    """An object as a pickle describes it.

    A record is inert: its methods are the ones that a pickle calls to make and fill an object, and all they do is to
    keep their arguments. Records have no `__dict__`, so a pickle cannot give them other methods.
    """

    __slots__ = ("args", "items", "state")
    args: tuple[object, ...]
    items: list[Any]
    state: object
    name: ClassVar[Name]

    def __new__(cls, *args: object) -> Self:  # noqa: D102 - a magic method, which D105 passes over
        record = super().__new__(cls)
        record.args, record.items, record.state = args, [], None
        return record

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        self.items.append((key, value))

    def extend(self, values: Iterable[object]) -> None:
        """Keep values that a pickle puts into a list."""
        self.items.extend(values)


def is_name(value: object, name: Name) -> bool:
    """Return True if a value is the class of records that stands for a name."""
    return isinstance(value, type) and issubclass(value, Record) and value.name == name


def unknown_form(record: Record) -> RefusedError:
    """Return the error to raise for a record of an admitted class with unexpected content."""
    return RefusedError(f"a {'.'.join(record.name)} of a form that is not known")


def described(value: object) -> str:
    """Return the name of a class, or of the class of a value, for messages."""
    return str(getattr(value, "__name__", type(value).__name__))


def read_records(
    stream: BinaryIO, admitted: Collection[Name], at_once: Mapping[Name, Callable[[object, object], object]]
) -> object:
    """Read a pickle that ends with the stream.

    Args:
        stream: where to read it.
        admitted: modules and names of what the pickle may name, with numpy's modules as of numpy 2.
        at_once: functions that build an object of two arguments while the pickle is read, in place of a record.

    Returns:
        Containers, plain values and records.

    Raises:
        RefusedError: the pickle names what is not admitted.
        Exception: the pickle is damaged; any exception is possible, says the documentation of pickle.
    """
    unpickler = _Unpickler(stream, admitted, at_once)
    # For a name of the extension registry, pickle asks copyreg's cache before find_class: an object that another
    # unpickler left there would come in unseen. Afterwards our records must not stay there for other unpicklers.
    copyreg.clear_extension_cache()
    try:
        content = unpickler.load()
    finally:
        copyreg.clear_extension_cache()
        # Also after a failure: refused names often are the reason why the pickle went wrong.
        unpickler.check()
    # Reading on also makes lz4 see the end of its frame, without which a file that was cut off there would pass.
    if stream.read(1):
        raise pickle.UnpicklingError("more bytes follow its pickle")
    return content


class _Unpickler(pickle.Unpickler):
    """An unpickler that imports no module and notes each name that is not admitted."""

    def __init__(
        self, stream: BinaryIO, admitted: Collection[Name], at_once: Mapping[Name, Callable[[object, object], object]]
    ) -> None:
        super().__init__(stream)
        self._admitted = admitted
        self._at_once = at_once
        # A dict, as its keys are in order and each once.
        self._refused: dict[str, None] = {}

    def find_class(self, module: str, name: str, /) -> object:
        """Return a builtin, or a new class of records that stands for a name in this file alone."""
        if module == "builtins" and name in BUILTINS:
            return BUILTINS[name]
        key = (re.sub(r"^numpy\.core\.", "numpy._core.", module), name)
        if key not in self._admitted:
            # Reading goes on, so that all refused names are told at once. The record stays inert.
            self._refused[f"{module}.{name}"] = None
        members: dict[str, Any] = {"__slots__": (), "name": key}
        if key in self._at_once:
            build = self._at_once[key]
            members["__new__"] = lambda _, first, second: build(first, second)
        return type(name, (Record,), members)

    def check(self) -> None:
        """Raise if a name was not admitted.

        Raises:
            RefusedError: with all these names.
        """
        if self._refused:
            raise RefusedError(listing(self._refused, len(self._refused)))
