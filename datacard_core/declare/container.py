"""The container of declarations: a dict that checks its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from datacard_core.arguments import items, scalar, scalars, shown
from datacard_core.declare.declaration import Declaration
from datacard_core.documents.formats import MOST_ROWS, html
from datacard_core.errors import DeclarationError
from datacard_core.names import listing

if TYPE_CHECKING:
    from typing import Self

Value = TypeVar("Value", bound=Declaration)


class DeclarationDict(dict[str, Value]):
    """An ordered dict by name that checks each value, in every method that adds one.

    A subclass defines the class of the values (`_type`), the attribute that is their key (`_key`), and further rules
    between the values (`_checked`).
    """

    _type: ClassVar[type]
    _key: ClassVar[str]
    _shown: ClassVar[tuple[str, ...]]
    """Attributes that a notebook shows."""
    _views: ClassVar[tuple[str, ...]] = ()
    """Methods and properties for scripts, which no card is built from."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        base = next(base for base in cls.__mro__ if "_views" in vars(base))
        # Not in the class's own dict alone: a mixin may bring the method.
        overridden = [name for name in cls._views if getattr_static(cls, name) is not getattr_static(base, name)]
        if cls is not base and overridden:
            raise DeclarationError(
                f"class {cls.__name__!r} overrides {name!r}, which no card is built from: give {base.__name__} the "
                "declarations that the card shall have"
                for name in overridden
            )

    def __init__(self, values: Iterable[Value] | Mapping[str, Value] = ()) -> None:
        super().__init__()
        # The keys of a mapping are kept, so that `__setitem__` can compare them with the names.
        self._add(items(values) if isinstance(values, Mapping) else self._named(values))

    def __setitem__(self, key: str, value: Value) -> None:
        self._check_type(value)
        name, key = getattr(value, self._key), scalar(key)
        if name != key:
            raise DeclarationError(
                f"{type(self).__name__}[{key!r}] was given a {self._type.__name__} whose {self._key} is {name!r}: "
                "they must be the same, or the card would not say what the script says"
            )
        super().__setitem__(name, self._checked(value))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {listing(self) or 'empty'}>"

    def _repr_html_(self) -> str:
        rows = [[_in_words(getattr(value, field)) for field in self._shown] for value in self.values()]
        return html(type(self).__name__, self._shown, rows, keys=len(self._shown), most=MOST_ROWS)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def update(self, other: Any = (), /, **more: Value) -> None:
        """Add several values, each checked as in an assignment; if one is refused, the container stays unchanged."""
        self._add([*items(other), *more.items()])

    def setdefault(self, key: str, default: Any = None) -> Value:
        """Return a value; if it is missing, add the default, checked as in an assignment."""
        key = scalar(key)
        if key not in self:
            self[key] = default
        return self[key]

    def __or__(self, other: Any) -> Self:  # type: ignore[override]
        if not isinstance(other, dict):
            return NotImplemented
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> Self:  # type: ignore[override]
        return type(self)(other) | self if isinstance(other, dict) else NotImplemented

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def copy(self) -> Self:
        """Return a container of the same class with the same values."""
        # dict.copy() would return a plain dict, which checks no value.
        return type(self)(self.values())

    def frozen(self) -> Self:
        """Return a container of read-only copies, as its values are now.

        Raises:
            DeclarationError: values were changed to contents that are refused, or renamed; all problems are told.
        """
        problems: list[str] = []
        copies: dict[str, Value] = {}
        for key, value in self.items():
            try:
                copies[key] = value.frozen()  # type: ignore[assignment] # a copy is of the same class
            except DeclarationError as error:
                problems += error.problems
        if problems:
            raise DeclarationError(problems)
        return type(self)(copies)

    def _named(self, values: Iterable[Value]) -> Iterable[tuple[str, Value]]:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise DeclarationError(
                f"{type(self).__name__} is made of a list of {self._type.__name__} objects, "
                f"got {shown(values)} ({type(values).__name__})"
            )
        # A value of a wrong class may lack the attribute; it is refused when it is added.
        entries = scalars(values, lambda value: value)
        return ((getattr(value, self._key) if isinstance(value, self._type) else "", value) for value in entries)

    def _add(self, pairs: Iterable[tuple[str, Value]]) -> None:
        # All values are tried, so that one error tells all problems; after an error the container is as before.
        before = dict(self)
        problems: list[str] = []
        for key, value in pairs:
            try:
                self[key] = value
            except DeclarationError as error:
                problems += error.problems
        if problems:
            self.clear()
            # dict's own method, because these values were checked when they were added.
            super().update(before)
            raise DeclarationError(problems)

    def _check_type(self, value: object) -> None:
        if not isinstance(value, self._type):
            raise DeclarationError(
                f"{type(self).__name__} holds {self._type.__name__} objects, got {shown(value)} "
                f"({type(value).__name__})"
            )

    def _checked(self, value: Value) -> Value:
        """Return the value to keep, after comparing it with the values that are there."""
        self._refuse_another(value)
        return value

    def _refuse_another(self, value: Value) -> None:
        # A notebook cell that is run twice assigns an equal declaration again: the container stays as it is.
        name = getattr(value, self._key)
        if name in self and self[name] != value:
            raise DeclarationError(
                f"duplicate name: two {self._type.__name__} are named {name!r}: {self[name]!r} and {value!r}; "
                f"give one of them another name, or `del` the first"
            )


def _in_words(value: object) -> str:
    """Return the value of an attribute for a cell of a table: names in a row, and names with one value together."""
    if isinstance(value, Mapping):
        # Most processes have the same value, which is read more easily once.
        by_text: dict[str, list[str]] = {}
        for name, of_name in value.items():
            by_text.setdefault(_in_words(of_name), []).append(str(name))
        return "; ".join(f"{', '.join(names)}: {text}" for text, names in by_text.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return shown(value) if not isinstance(value, str) else value
