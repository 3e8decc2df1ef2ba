"""Python's own types in a pickle: which it may name, and which it may call to make an object.

Old protocols make sets and arrays of bytes by a call, and all protocols complex numbers. A call of another type is not
needed for data, and `bytes(8_000_000_000)` would take eight gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacard_core.inputs.pickles.limits import check_key
from datacard_core.inputs.pickles.records import Named, RefusedError, Skipped, UnskippableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core.inputs.pickles.records import Name

# A pickle names some as the factory of a defaultdict.
_TYPES: dict[Name, type] = {
    ("builtins", kind.__name__): kind
    for kind in (dict, set, frozenset, list, tuple, int, float, complex, bool, str, bytes, bytearray)
}
NAMES = frozenset(_TYPES)


def named_type(value: object) -> type | None:
    """Return the type that a value of a pickle names, or None if it is no name of a type."""
    return _TYPES.get(value.name) if isinstance(value, Named) else None


def _set(kind: type[Any]) -> Callable[[tuple[Any, ...]], object]:
    def make(args: tuple[Any, ...]) -> object:
        match args:
            case (list(elements),):
                for element in elements:
                    check_key(element)
                return kind(elements)
        raise _unknown(kind)

    return make


def _bytearray(args: tuple[Any, ...]) -> object:
    match args:
        case ():
            return bytearray()
        case (bytes(content),):
            return bytearray(content)
        case (str(content), "latin-1"):
            return bytearray(content, "latin-1")
        case (Skipped(),):
            raise UnskippableError
    raise _unknown(bytearray)


def _complex(args: tuple[Any, ...]) -> object:
    match args:
        case (float(real), float(imaginary)):
            return complex(real, imaginary)
    raise _unknown(complex)


def _other(kind: type[Any]) -> Callable[[tuple[Any, ...]], object]:
    def make(args: tuple[Any, ...]) -> object:
        if args:
            raise _unknown(kind)
        return kind()

    return make


def _unknown(kind: type) -> RefusedError:
    return RefusedError(f"a call of builtins.{kind.__name__} of a form that is not known")


AT_ONCE: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    **{name: _other(kind) for name, kind in _TYPES.items()},
    ("builtins", "set"): _set(set),
    ("builtins", "frozenset"): _set(frozenset),
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "complex"): _complex,
}
"""Functions that make an object of the arguments of a call."""
