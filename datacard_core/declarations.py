"""The container that processes and systematics are declared in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from datacard_core.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

Value = TypeVar("Value")


class Declarations(dict[str, Value]):
    """An ordered dict by name that checks what comes in, whichever way it comes in.

    Subclasses say what a value must be (`_type`), which attribute is its key (`_key`) and what else must hold
    between the values (`_checked`).
    """

    _type: ClassVar[type]
    _key: ClassVar[str]

    def __init__(self, values: Iterable[Value] = ()) -> None:
        super().__init__()
        self._add_all(values.values() if isinstance(values, dict) else values)

    def __setitem__(self, key: str, value: Value) -> None:
        self._check_type(value)
        if (name := getattr(value, self._key)) != key:
            raise DeclarationError(
                f"{type(self).__name__}[{key!r}] was given a {self._type.__name__} whose {self._key} is {name!r}: "
                "they must be the same, or the card would not say what the script says"
            )
        super().__setitem__(key, self._checked(value))

    def update(self, *others: Any, **more: Value) -> None:
        """Add several, each checked as an assignment is."""
        for key, value in dict(*others, **more).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Value:
        """Get a value, or add one, checked as an assignment is."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self

    def copy(self) -> Self:
        """A container of the same kind with the same values."""
        return type(self)(self.values())

    def _add_all(self, values: Iterable[Value]) -> None:
        problems: list[str] = []
        for value in values:
            try:
                self._check_type(value)
                self[getattr(value, self._key)] = value
            except DeclarationError as error:
                problems += error.problems
        if problems:
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
