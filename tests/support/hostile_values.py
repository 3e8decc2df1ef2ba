"""Objects that no argument expects: their methods fail, they hold themselves, or they have no end."""

from __future__ import annotations

import itertools
from typing import Any, NoReturn

import numpy as np


class FailureError(Exception):
    """An error that no package knows."""


def _fail(*_: object, **__: object) -> NoReturn:
    raise FailureError("a method of the script fails")


class _Fails:
    """Base of classes whose methods fail."""

    __eq__ = __ne__ = __lt__ = __gt__ = __hash__ = __bool__ = __len__ = __iter__ = __repr__ = __str__ = _fail
    __contains__ = __getitem__ = __format__ = __float__ = __int__ = __index__ = __array__ = __fspath__ = _fail
    get = items = keys = values = copy = _fail


class Failing(_Fails):
    """An object of no other class."""


class FailingText(_Fails, str):
    """A text."""

    __slots__ = ()


class FailingList(_Fails, list):  # type: ignore[type-arg,misc]
    """A list."""


class FailingDict(_Fails, dict):  # type: ignore[type-arg,misc]
    """A dict."""


class FailingNumber(_Fails, float):
    """A number."""


class Unlike:
    """An object whose `==` gives an array."""

    def __eq__(self, other: object) -> Any:
        return np.array([True, False])

    __hash__ = None  # type: ignore[assignment]


def nested(levels: int) -> list[Any]:
    """Return lists in each other."""
    made: list[Any] = ["a"]
    for _ in range(levels):
        made = [made]
    return made


CYCLE: dict[str, Any] = {}
CYCLE["tt"] = CYCLE

HOSTILE: list[Any] = [Failing(), FailingList(["a"]), FailingDict(a=1), Unlike(), np.ma.masked, object(), type]
ENDLESS = (itertools.count, lambda: itertools.repeat("a"))
