"""The base of declarations: scripts may change them, and each change is checked."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs

from datacard_core.errors import DeclarationError
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_Declared = TypeVar("_Declared", bound="Declaration")


class Declaration:
    """Base of processes and systematics.

    Assignments are checked and converted as arguments are. A card works on frozen copies, which refuse assignments:
    plugins get them, and a script that goes on to change its declarations does not change a finished card.
    """

    _is_checked = False
    _is_frozen = False
    _moves: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Further fields that an assignment to a field may change, by field."""

    # Type checkers would take a class with this method for one with any attribute, and miss misspelt fields.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if self._is_frozen:
                raise AttributeError(
                    f"{type(self).__name__}.{name} belongs to a finished card and is read-only: change the declaration "
                    "that the card was made from, and build the card again"
                )
            if not self._is_checked:
                super().__setattr__(name, value)
                return
            fields = {field.name for field in attrs.fields(type(self)) if field.init}
            if name not in fields:
                self._refuse_misspelling(name, fields)
                super().__setattr__(name, value)
                return
            changed = self._with(name, value)
            for field in (name, *self._moves.get(name, ())):
                super().__setattr__(field, getattr(changed, field))

    def frozen(self) -> Declaration:
        """Return a read-only copy.

        Raises:
            DeclarationError: lists or dicts of the declaration were changed to contents that are refused.
        """
        raise NotImplementedError

    def _with(self, field: str, value: Any) -> Self:
        """Return a copy with another value of a field, checked as construction does."""
        return attrs.evolve(self, **{field: value})  # type: ignore[misc]

    def _refuse_misspelling(self, name: str, fields: set[str]) -> None:
        # Scripts may keep attributes of theirs on a declaration; a misspelt field would have no effect in silence.
        lower = {field.lower(): field for field in fields}
        if close := difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.8):
            raise AttributeError(f"{type(self).__name__} has no field {name!r} (did you mean {lower[close[0]]!r}?)")


def as_dataclass(cls: type[_Declared]) -> type[_Declared]:
    """Return an attrs class that is a dataclass too.

    PocketCoffea's declarations are dataclasses, and scripts call `dataclasses.replace` and `asdict` on them.
    """
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    check_calls(cls)
    return cls


def check_calls(cls: type) -> None:
    """Let a class tell missing and unknown arguments as problems of a declaration."""
    init: Any = cls.__init__  # type: ignore[misc] # of this class, not of a subclass
    signature = inspect.signature(init)

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError:
            # Only now: most calls are right, and to look at their arguments takes half as long as some of them.
            try:
                signature.bind(self, *args, **kwargs)
            except TypeError as error:
                _, *known = signature.parameters
                strange = [name for name in kwargs if name not in known]
                unknown = [f"there is no argument {name!r}{closest(name, known)}" for name in strange]
                raise DeclarationError(f"{cls.__name__}: {problem}" for problem in unknown or [str(error)]) from None
            raise

    cls.__init__ = checked  # type: ignore[misc]
