"""The container that processes and systematics are declared in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from datacard_core.errors import DeclarationError

if TYPE_CHECKING:
    from typing import Self

Value = TypeVar("Value")


class DeclarationDict(dict[str, Value]):
    """An ordered dict by name that checks what comes in, whichever way it comes in.

    Subclasses say what a value must be (`_type`), which attribute is its key (`_key`) and what else must hold
    between the values (`_checked`).
    """

    _type: ClassVar[type]
    _key: ClassVar[str]

    def __init__(self, values: Iterable[Value] | Mapping[str, Value] = ()) -> None:
        super().__init__()
        self._add(values.items() if isinstance(values, Mapping) else self._named(values))

    def __setitem__(self, key: str, value: Value) -> None:
        self._check_type(value)
        name = getattr(value, self._key)
        if name != key:
            raise DeclarationError(
                f"{type(self).__name__}[{key!r}] was given a {self._type.__name__} whose {self._key} is {name!r}: "
                "they must be the same, or the card would not say what the script says"
            )
        super().__setitem__(name, self._checked(value))

    def update(self, other: Any = (), /, **more: Value) -> None:
        """Add several, each checked as an assignment is: all of them, or none where one is refused."""
        pairs = other.items() if isinstance(other, Mapping) else other
        self._add([(key, value) for key, value in pairs] + list(more.items()))

    def setdefault(self, key: str, default: Any = None) -> Value:
        """Get a value, or add one, checked as an assignment is."""
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
        """A container of the same kind with the same values."""
        return type(self)(self.values())

    def _named(self, values: Iterable[Value]) -> Iterable[tuple[str, Value]]:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise DeclarationError(
                f"{type(self).__name__} is made of a list of {self._type.__name__} objects, "
                f"got {values!r} ({type(values).__name__})"
            )
        return ((getattr(value, self._key, ""), value) for value in values)

    def _add(self, pairs: Iterable[tuple[str, Value]]) -> None:
        before = dict(self)
        problems: list[str] = []
        for key, value in pairs:
            try:
                self[key] = value
            except DeclarationError as error:
                problems += error.problems
        if problems:
            self.clear()
            super().update(before)
            raise DeclarationError(problems)

    def _check_type(self, value: object) -> None:
        if not isinstance(value, self._type):
            raise DeclarationError(
                f"{type(self).__name__} holds {self._type.__name__} objects, got {value!r} ({type(value).__name__})"
            )

    def _checked(self, value: Value) -> Value:
        """The value as it is kept, after a look at the others."""
        self._refuse_another(value)
        return value

    def _refuse_another(self, value: Value) -> None:
        # Assigning the same declaration again, as a notebook cell that is run twice does, changes nothing.
        name = getattr(value, self._key)
        if name in self and self[name] != value:
            raise DeclarationError(
                f"two {self._type.__name__} are named {name!r}: {self[name]!r} and {value!r}; "
                f"give one of them another name, or `del` the first"
            )
