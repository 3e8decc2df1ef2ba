"""Arrays and scalars of numpy, built from records: plain numbers and text, in memory that was read."""

from __future__ import annotations

import functools
import math
import re
from typing import Any, Literal

import attrs
import numpy as np

from datacard_core.inputs.pickles.records import (
    Record,
    RefusedError,
    Skipped,
    UnskippableError,
    described,
    is_name,
    unknown_form,
)

SCALAR = ("numpy._core.multiarray", "scalar")
ARRAY = ("numpy", "ndarray")
DTYPE = ("numpy", "dtype")
# Booleans, integers, floats, complex numbers, bytes and text. Objects would be pointers that a file chooses, and
# structured types have offsets that may point out of the array.
_PLAIN = re.compile(r"[?biufcSU]\d{0,9}")


@attrs.frozen
class SkippedArray:
    """An array whose content was skipped, and stays in the file."""

    content: Skipped
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Number of bytes of its content."""
        return self.content.size


def scalar(args: tuple[Any, ...]) -> object:
    """Return a scalar of numpy, of a record for its dtype and its bytes.

    Raises:
        RefusedError: it is no plain number or text.
    """
    if len(args) == 2:  # noqa: PLR2004 - dtype and content
        dtype, content = args
        if type(content) is Skipped:
            raise UnskippableError
        plain = dtype.dtype if type(dtype) is Record and dtype.dtype is not None else _dtype(dtype)
        if type(content) is bytes and plain.itemsize == len(content):
            # An empty text has no bytes, which np.frombuffer refuses.
            return np.frombuffer(content, plain)[0] if content else plain.type()
    raise RefusedError("a numpy scalar of a form that is not known")


def array(_: object, record: Record) -> object:
    """Return an array that was pickled by protocol 5; it shares the memory that was read.

    Raises:
        RefusedError: it holds no plain numbers or text, or has a form that is not known.
    """
    match record.args:
        case (Skipped() as content, dtype, tuple(shape), *_):
            return _skipped(content, dtype, shape)
        case (content, dtype, tuple(shape), "C" | "F" as order):
            return _flat(content, dtype).reshape(shape, order=order)
        case (content, dtype, tuple(shape), "K", tuple(axes)):
            return _flat(content, dtype).reshape(shape).transpose(axes)
    raise unknown_form(record)


def array_of_state(building: Any, record: Record) -> object:
    """Return an array that was pickled by a protocol before 5.

    Raises:
        RefusedError: it holds no plain numbers or text, or has a form that is not known.
    """
    match record.args, record.state:
        case (subtype, *_), (1, tuple(shape), dtype, bool(), Skipped() as content) if is_name(subtype, ARRAY):
            return _skipped(content, dtype, shape)
        case (subtype, *_), (1, tuple(shape), dtype, bool(fortran), content) if is_name(subtype, ARRAY):
            building.budget.spend(len(content) if isinstance(content, bytes) else 0)
            # The bytes of these protocols are read-only, a copy is not; coffea's loader gives writeable arrays.
            return _flat(content, dtype).reshape(shape, order="F" if fortran else "C").copy(order="K")
    raise unknown_form(record)


def _skipped(content: Skipped, dtype: object, shape: tuple[Any, ...]) -> SkippedArray:
    plain = _dtype(dtype)
    if any(type(size) is not int or size < 0 for size in shape) or math.prod(shape) * plain.itemsize != content.size:
        raise RefusedError("a numpy array of another size than its content")
    return SkippedArray(content, plain, shape)


def _flat(content: object, dtype: object) -> np.ndarray[Any, Any]:
    plain = _dtype(dtype)
    if not isinstance(content, bytes | bytearray):
        raise RefusedError(f"a numpy array made of a {described(content)}")
    return np.frombuffer(content, plain)


def _dtype(record: object) -> np.dtype[Any]:
    # The record's flags and fields are not taken over, as numpy does not check them: flags that deny objects, or a
    # field that points out of the array, would give access to memory. A code and a byte order are all that is used.
    match record:
        case Record(name=("numpy", "dtype"), args=(str(code), *_), state=state):
            match state:
                case (3, "<" | ">" | "|" | "=" as order, None, None, None, *_) if _PLAIN.fullmatch(code):
                    record.dtype = _plain_dtype(code, order)
                    return record.dtype
            raise RefusedError(f"the numpy dtype {code!r}, which is not a plain number or text")
    raise RefusedError("a numpy array without a dtype")


@functools.lru_cache(maxsize=64)
def _plain_dtype(code: str, order: Literal["<", ">", "|", "="]) -> np.dtype[Any]:
    return np.dtype(code).newbyteorder(order)
