"""Arguments of scripts in Python's own types, with a record in place of an object that has none.

A script may pass any object: an array, a subclass whose methods fail, a list that holds itself. The values that are
made here can be compared, be keys of a dict and be printed, so that no code behind has to expect such objects.
"""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Iterable, Mapping
from types import GeneratorType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
import numpy as np

from datacard_core.errors import DatacardError, DeclarationError, with_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = TypeVar("Kind")

MOST_ENTRIES = 1_000_000
"""Largest number of entries of an argument: more than any card needs, and reached before the memory is full."""

MOST_LEVELS = 30
"""Largest number of containers in each other; a list that holds itself has more than any."""

_MOST_BITS = 4096
"""Size of the largest whole number: above the range of a double, and below the size that Python writes out."""

_EXACT = (str, bool, float, NoneType)


@attrs.frozen(eq=False, repr=False)
class Foreign:
    """A record in place of an object that no argument can be, for messages."""

    text: str
    type_name: str

    @classmethod
    def of(cls, value: object) -> Foreign:
        """Return the record of an object."""
        return cls(shown(value), type(value).__name__)

    def __repr__(self) -> str:
        return self.text


def shown(value: object, most: int = 200) -> str:
    """Return a short text about an object, whose `repr` may fail."""
    try:
        return f"{_beginning(value, most)!r:.{most}}"
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a broken text must not hide what is told
        return f"an object of {type(value).__name__}"


def _beginning(value: object, most: int) -> object:
    """Return a list, tuple, dict or text without what is behind the first characters of its text.

    The texts of a hundred thousand histograms would take minutes, and each element has a character at least.
    """
    left, path = most, set[int]()

    def cut(item: object) -> object:
        nonlocal left
        left -= 1
        if type(item) in (str, bytes):
            left -= len(item)  # type: ignore[arg-type]
            return item[:most]  # type: ignore[index]
        # A container that holds itself has dots in its text.
        if type(item) not in (list, tuple, dict) or id(item) in path:
            return item
        path.add(id(item))
        parts: Any = item.items() if type(item) is dict else item
        parts = itertools.takewhile(lambda _: left > 0, parts)
        made: Any = {key: cut(one) for key, one in parts} if type(item) is dict else list(map(cut, parts))
        made = tuple(made) if type(item) is tuple else made
        path.discard(id(item))
        return made

    return cut(value)


def type_of(value: object) -> str:
    """Return the name of the type of a value, as the script gave it."""
    return value.type_name if isinstance(value, Foreign) else type(value).__name__


def scalar(value: Any) -> Any:
    """Return a text, a number, a bool or None in Python's own type, and the record of another object."""
    if type(value) in _EXACT or isinstance(value, Foreign):
        return value
    try:
        return _scalar(value)
    # Methods of a subclass may fail in any way.
    except Exception:  # noqa: BLE001
        return Foreign.of(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        # The repr of numpy's strings, in a message, is `np.str_('ttbar')`.
        return str.__str__(value)
    if isinstance(value, bool | float):
        return value if isinstance(value, bool) else float.__float__(value)
    if isinstance(value, int) and value.bit_length() <= _MOST_BITS:
        return int.__int__(value)
    return Foreign.of(value)


# The converters of a class have the types of right arguments, which type checkers then ask for in its calls.
def text(value: str) -> str:
    """Return a text as `scalar` does."""
    return cast("str", scalar(value))


def text_or_none(value: str | None) -> str | None:
    """Return a text or None as `scalar` does."""
    return cast("str | None", scalar(value))


def word(value: str | int | None) -> str | None:
    """Return a whole number as text, such as that of a year, and another value as `scalar` does."""
    made = scalar(value)
    return str(made) if isinstance(made, int) and not isinstance(made, bool) else made


def flag(value: bool) -> bool:
    """Return True or False as `scalar` does."""
    return cast("bool", scalar(value))


def scalars(values: Any, leaf: Callable[[Any], Any] = scalar) -> tuple[Any, ...]:
    """Return one value, or several, as a tuple of plain ones; a text is one value, and a set is sorted."""
    if type(values) in _EXACT or isinstance(values, Foreign):
        return (values,)
    try:
        return tuple(map(leaf, _entries(values)))
    except DatacardError:
        raise
    except Exception:
        # An error in a generator is one of the script's own lines.
        if isinstance(values, GeneratorType):
            raise
        return (Foreign.of(values),)


def _entries(values: Any) -> list[Any]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return [values]
    found = list(itertools.islice(values, MOST_ENTRIES + 1))
    if len(found) > MOST_ENTRIES:
        return [Foreign(f"more than {MOST_ENTRIES} values", type(values).__name__)]
    # Sorted by their text, as a set may hold numbers too; later checks refuse them.
    return sorted(found, key=str) if isinstance(values, set | frozenset) else found


def items(mapping: Any, key: Callable[[Any], Any] = scalar) -> tuple[tuple[Any, Any], ...]:
    """Return the keys, converted, and the values of a mapping, or of pairs.

    Raises:
        DeclarationError: it is neither, or cannot be read.
    """
    try:
        pairs = mapping.items() if isinstance(mapping, Mapping) else mapping
        return tuple((key(name), value) for name, value in pairs)
    except DatacardError:
        raise
    except Exception as error:
        if isinstance(mapping, GeneratorType):
            raise
        raise DeclarationError(f"{shown(mapping)} is not a dict that can be read ({with_type(error)})") from error


def tree(value: Any, leaf: Callable[[Any], Any] = scalar) -> Any:
    """Return a copy of dicts, lists and arrays in each other, as dicts with plain keys and tuples.

    Args:
        value: the container, or a value that is none.
        leaf: converts the values in the containers.
    """
    if type(value) in _EXACT:
        return leaf(value)
    try:
        return _tree(value, leaf, MOST_LEVELS)
    except Exception:  # noqa: BLE001 - methods of a subclass may fail in any way
        return Foreign.of(value)


def _tree(value: Any, leaf: Callable[[Any], Any], levels: int) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        # tolist() also converts the elements, and a scalar, to Python's types.
        value = value.tolist()
    if isinstance(value, Mapping | list | tuple) and not levels:
        return Foreign(f"containers in each other, more than {MOST_LEVELS}", type(value).__name__)
    if isinstance(value, Mapping):
        return {scalar(key): _tree(entry, leaf, levels - 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_tree(entry, leaf, levels - 1) for entry in value)
    return leaf(value)


def foreign_in(value: Any) -> Foreign | None:
    """Return the first record of an object in plain containers, or None if all values are plain."""
    if isinstance(value, Mapping):
        return next((found for item in value.items() for one in item if (found := foreign_in(one))), None)
    if isinstance(value, tuple):
        return next((found for entry in value if (found := foreign_in(entry))), None)
    return value if isinstance(value, Foreign) else None


def number_or_other(value: Any) -> Any:
    """Return a number of any library as a float, and another value as `any_object` does."""
    if type(value) is float:
        return value
    try:
        if isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_):
            return float(value)
    except Exception:  # noqa: BLE001, S110 - a whole number may be too large for a float, or a method fails
        pass
    return any_object(value)


def any_object(value: Any) -> Any:
    """Return a value as `scalar` does, but another object itself if it can be printed and compared."""
    made = scalar(value)
    return value if isinstance(made, Foreign) and _behaves(value) else made


def _behaves(value: object) -> bool:
    try:
        # The `==` of arrays and tables gives one of them, which is neither true nor false.
        # Structured scalars of numpy cannot be compared with a text.
        return bool(repr(value)) and bool(value == value) and not bool(value == "")  # noqa: PLR0124
    except Exception:  # noqa: BLE001 - methods of any class may fail in any way
        return False


def wrong_type(what: str, value: object, kind: type | UnionType, expected: str) -> Iterator[str]:
    """Yield a problem if a converted argument is not of a type.

    Args:
        what: the name of the argument.
        value: its value.
        kind: the type.
        expected: the type in words.
    """
    if not isinstance(value, kind):
        yield f"{what} is {shown(value)} ({type_of(value)}), expected {expected}"


def given_text(what: str, value: object) -> str:
    """Return an argument that is a text.

    Raises:
        DeclarationError: it is another object.
    """
    return _given(what, scalar(value), str, "a text")


def given_flag(what: str, value: object) -> bool:
    """Return an argument that is True or False.

    Raises:
        DeclarationError: it is another object.
    """
    return _given(what, scalar(value), bool, "True or False")


def given_count(what: str, value: object) -> int:
    """Return an argument that is a whole number above 0.

    Raises:
        DeclarationError: it is another object.
    """
    made = scalar(value)
    if isinstance(made, bool) or not isinstance(made, int) or made < 1:
        raise DeclarationError(f"{what} is {made!r}, expected a whole number above 0")
    return made


def _given(what: str, made: Any, kind: type[Kind], expected: str) -> Kind:
    for problem in wrong_type(what, made, kind, expected):
        raise DeclarationError(problem)
    return cast("Kind", made)
