"""Blinding: categories, or bins of them, whose data a card does not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.arguments import flag, scalar, scalars, shown, type_of
from datacard_core.declare.declaration import check_calls
from datacard_core.errors import DeclarationError
from datacard_core.grammar import is_finite_number
from datacard_core.names import closest, public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Blind: TypeAlias = "Blinding | bool | Iterable[str] | Callable[[Any], Any]"

_EXPECTED = "True, False, names of categories, or a function from the axis to one True or False for each bin"


def _plain_where(where: Any) -> Any:
    # A class can be called too, and a dict has names, but neither says what is blind.
    if isinstance(where, type | Mapping):
        return (scalar(where),)
    # A function has no plain value.
    if callable(where) or isinstance(where, Blinding):
        return where
    return scalar(where) if isinstance(scalar(where), bool) else scalars(where)


@public
@attrs.frozen
class Blinding:
    """Data that a card replaces by the events that are expected without looking at them.

    These are the sum of the backgrounds and `signal` times the signals, with free parameters at their start values,
    and are not rounded.
    """

    where: bool | tuple[str, ...] | Callable[[Any], Any] = attrs.field(default=True, converter=_plain_where)
    """True for all bins, names of categories, or a function that gets the `Axis` of a card and returns True for each
    bin that is blind, such as `lambda axis: axis.edges[:-1] >= 0.6`."""
    signal: float = attrs.field(default=0.0, converter=scalar, kw_only=True)
    """Signal strength in the expected events."""
    lifted: bool = attrs.field(default=False, converter=flag, kw_only=True)
    """True if the data are shown all the same, which the card records."""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise DeclarationError(problems)

    @property
    def hides(self) -> bool:
        """True if data of any category are not to be shown."""
        return bool(self.where) and not self.lifted

    def of(self, category: str) -> bool | Callable[[Any], Any]:
        """Return True if all bins of a category are blind, False if none is, or the function that chooses them."""
        return not self.lifted and self._declared(category)

    def is_lifted(self, category: str) -> bool:
        """Return whether a category is declared blind, and its data are shown all the same."""
        return self.lifted and self._declared(category) is not False

    def names(self, category: str) -> bool:
        """Return whether a category is blind by name."""
        return isinstance(self.where, tuple) and self.of(category) is True

    def category_problems(self, categories: Callable[[], Iterable[str]]) -> Iterator[str]:
        """Yield a sentence for each name that is none of the known categories, and would leave its data open."""
        names = self.where if isinstance(self.where, tuple) else ()
        # A look at the categories reads a histogram.
        known = tuple(categories()) if names else ()
        for name in names:
            if name not in known:
                yield f"blind lists {name!r}, and no category is called that{closest(name, known)}"

    def _declared(self, category: str) -> bool | Callable[[Any], Any]:
        return category in self.where if isinstance(self.where, tuple) else self.where

    def _problems(self) -> Iterator[str]:
        names = self.where if isinstance(self.where, tuple) else ()
        if isinstance(self.where, Blinding) or any(not isinstance(name, str) or not name for name in names):
            yield f"blind is {shown(self.where)} ({type_of(self.where)}), expected {_EXPECTED}"
        if not is_finite_number(self.signal):
            yield f"blind: signal is {shown(self.signal)}, expected a number such as 1"
        if not isinstance(self.lifted, bool):
            yield f"blind: lifted is {shown(self.lifted)}, expected True or False"


check_calls(Blinding)

OPEN = Blinding(False)
"""The default: no category is blind."""


def plain_blinding(given: Any) -> Blinding:
    """Return a blinding as it is, and one of anything that stands for it."""
    if given is False:
        return OPEN
    return given if isinstance(given, Blinding) else Blinding(given)
