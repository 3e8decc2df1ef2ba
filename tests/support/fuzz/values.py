"""Objects to put where a fuzzer finds a value: hostile ones, and plain ones of a wrong type."""

from __future__ import annotations

import decimal
import math
import pathlib
import types
from collections import OrderedDict, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.support.hostile_values import (
    CYCLE,
    ENDLESS,
    Failing,
    FailingDict,
    FailingList,
    FailingNumber,
    FailingText,
    Unlike,
    nested,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

# Functions, as some objects can be used once only.
HOSTILE: tuple[Callable[[], Any], ...] = (
    Failing,
    Unlike,
    object,
    lambda: FailingList(["SR"]),
    lambda: FailingDict(SR="a"),
    lambda: CYCLE,
    lambda: nested(5000),
    lambda: nested(60),
    lambda: {"a": nested(5000)},
    lambda: 10**5000,
    lambda: -(10**400),
    lambda: np.ma.masked,
    lambda: np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    lambda: np.zeros((2, 2, 2)),
    lambda: np.array([object(), None], dtype=object),
    lambda: np.datetime64("2022"),
    lambda: np.void(b"ab"),
    lambda: b"SR",
    lambda: bytearray(b"SR"),
    lambda: memoryview(b"SR"),
    lambda: 1j,
    lambda: math.nan,
    lambda: -math.inf,
    lambda: decimal.Decimal("1.1"),
    lambda: decimal.Decimal("sNaN"),
    lambda: Fraction(1, 3),
    lambda: type,
    lambda: print,
    lambda: NotImplemented,
    lambda: ...,
    lambda: [[]],
    lambda: [None],
    lambda: [{}],
    lambda: {"a": {"b": {"c": 1}}},
    lambda: {1: 2},
    lambda: {None: None},
    lambda: types.SimpleNamespace(a=1),
    lambda: types.MappingProxyType({"a": 1}),
    lambda: pathlib.PurePosixPath("a"),
    lambda: "a\0b",
    lambda: "\ud800",
    lambda: "\x1b[31m",
    lambda: "a\nb",
    lambda: "a b",
    lambda: "é",
    lambda: "",
    lambda: " ",
    lambda: "x" * 10_000,
    lambda: -1,
    lambda: -3.5,
    *ENDLESS,
)


def hostile(rng: Random) -> Any:
    """Return any of the objects."""
    return rng.choice(HOSTILE)()


def in_other_type(rng: Random, value: Any) -> Any:
    """Return a value that means the same, in another type."""
    if isinstance(value, str):
        return rng.choice((np.str_, FailingText, str))(value)
    if isinstance(value, dict):
        return rng.choice((dict, OrderedDict, types.MappingProxyType, lambda given: defaultdict(dict, given)))(value)
    if isinstance(value, set | list | tuple):
        return rng.choice((list, tuple, lambda given: np.array(list(given))))(list(value))
    if isinstance(value, float):
        return rng.choice((np.float64, FailingNumber, float))(value)
    return value
