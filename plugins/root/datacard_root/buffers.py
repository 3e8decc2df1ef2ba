"""Strings, byte counts and small objects, as ROOT's TBuffer writes them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

FloatArray: TypeAlias = npt.NDArray[np.float64]

LONG = 255
"""A TString of this many bytes or more has this byte first, then its length in four."""
BYTE_COUNT = 0x40000000
"""Marks a number as a byte count: kByteCountMask."""
NEW_CLASS = 0xFFFFFFFF
"""Says that a class name follows: kNewClassTag."""


def tstring(text: bytes) -> bytes:
    """A TString."""
    if len(text) < LONG:
        return b"%c%b" % (len(text), text)
    return struct.pack(">BI", LONG, len(text)) + text


def versioned(version: int, members: bytes) -> bytes:
    """The members of an object or of a base, after what TBuffer::WriteVersion puts first."""
    return struct.pack(">IH", BYTE_COUNT | len(members) + 2, version) + members


def pointed(class_name: bytes, content: bytes) -> bytes:
    """An object that a pointer points to, as TBuffer::WriteObjectAny writes it."""
    content = struct.pack(">I", NEW_CLASS) + class_name + b"\0" + content
    return struct.pack(">I", BYTE_COUNT | len(content)) + content


def tobject(unique_id: int = 0) -> bytes:
    """A TObject: version 1, fUniqueID and fBits."""
    return struct.pack(">HII", 1, unique_id, 0)


def tlist(items: Iterable[bytes]) -> bytes:
    """A TList or THashList without name, of items with an empty option each."""
    written = list(items)
    members = tobject() + tstring(b"") + struct.pack(">i", len(written))
    return versioned(5, members + b"".join(item + tstring(b"") for item in written))


def tobjstring(text: str, unique_id: int) -> bytes:
    """A TObjString."""
    return versioned(1, tobject(unique_id) + tstring(text.encode()))


def copies(item: bytes, dtype: np.dtype[np.void], number: int) -> npt.NDArray[np.void]:
    """An array of equal items to change; numpy itself would not copy what is between the fields of an item."""
    return np.frombuffer(bytearray(item) * number, dtype)


def rows(array: npt.NDArray[np.void]) -> list[bytes]:
    """Each item of an array as bytes."""
    out: list[bytes] = array.view(f"V{array.dtype.itemsize}").tolist()
    return out
