"""Inert records: objects as a pickle describes them.

A pickle is a program: it names functions, calls them, and sets attributes of objects. Here a name is only kept, and a
call of it becomes a record, which keeps its arguments. Real objects are built afterwards, in
`datacard_core.inputs.pickles.building`, from records whose content was checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

Name: TypeAlias = tuple[str, str]
"""Module and name of a class or function."""


class RefusedError(Exception):
    """A pickle holds what is not admitted; the message names it, to stand after "holds"."""


class UnskippableError(Exception):
    """A content that was skipped is needed: the file has to be read with all contents."""


@attrs.frozen
class Skipped:
    """A content that was skipped, and stays in the file."""

    start: int
    """Number of decompressed bytes of the file before it."""
    size: int
    """Number of its bytes."""


@attrs.frozen
class Named:
    """A class or function that a pickle names, which is not imported."""

    name: Name
    build: Callable[[tuple[Any, ...]], object] | None = attrs.field(default=None, eq=False)
    """Function that makes an object of the arguments of a call at once, in place of a record."""


@attrs.define(eq=False, kw_only=True)
class Record:
    """An object as a pickle describes it: what it is made by, of which arguments, and filled with."""

    name: Name
    args: tuple[object, ...]
    items: list[tuple[object, object]] = attrs.field(factory=list)
    """Keys and values of an object that stands for a dict."""
    elements: list[object] = attrs.field(factory=list)
    """Elements of an object that stands for a list."""
    state: object = None
    dtype: np.dtype[Any] | None = None
    """The dtype that it stands for, once it was asked for; until it gets another state."""

    def __reduce__(self) -> tuple[object, ...]:
        """Return what tells records apart, as their pickles are compared: not if a dtype was asked for."""
        return Record, (self.name, self.args, self.items, self.elements, self.state)


def is_name(value: object, name: Name) -> bool:
    """Return True if a value stands for a certain name."""
    return isinstance(value, Named) and value.name == name


def unknown_form(record: Record) -> RefusedError:
    """Return the error to raise for a record of an admitted class with unexpected content."""
    return RefusedError(f"a {'.'.join(record.name)} of a form that is not known")


def described(value: object) -> str:
    """Return the name of a class, or of the class of a value, for messages."""
    return value.name[1] if isinstance(value, Named | Record) else type(value).__name__
