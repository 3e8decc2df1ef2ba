"""Strings, byte counts and small objects in the format of ROOT's TBuffer. All numbers are big-endian."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterable

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.intp]

LONG = 255
"""Marker of a long TString: from this length on, its length follows the marker in four bytes."""
BYTE_COUNT = 0x40000000
"""Flag that marks a number as a byte count: ROOT's kByteCountMask."""
NEW_CLASS = 0xFFFFFFFF
"""Tag before the name of a class: ROOT's kNewClassTag."""
COUNTS = ("TH1D", "TH1", "TNamed")
"""Classes whose byte counts include the name of a histogram, from the object to its innermost base class."""
FRONT = np.dtype(
    [
        *[field for name in COUNTS for field in ((name, ">u4"), (f"{name} version", ">u2"))],
        ("TObject version", ">u2"),
        ("fUniqueID", ">u4"),
        ("fBits", ">u4"),
    ]
)
"""Bytes from the start of a TH1D to its name.

The name is a member of TNamed, a base class of the base class TH1. Each class starts with a byte count and a version.
TObject, the first base class of TNamed, has no byte count.
"""


def tstring(text: bytes) -> bytes:
    """Return a TString."""
    if len(text) < LONG:
        return b"%c%b" % (len(text), text)
    return struct.pack(">BI", LONG, len(text)) + text


def versioned(version: int, members: bytes) -> bytes:
    """Return the members of an object or base class after the header of TBuffer::WriteVersion."""
    # The byte count includes the two bytes of the version that follows it.
    return struct.pack(">IH", BYTE_COUNT | len(members) + 2, version) + members


def pointed(class_name: bytes, content: bytes) -> bytes:
    """Return an object that is stored through a pointer, as TBuffer::WriteObjectAny writes it."""
    # TBuffer may refer back to an earlier class by its position. The full name is valid everywhere, and the bytes of an
    # object then do not depend on where it is stored.
    content = struct.pack(">I", NEW_CLASS) + class_name + b"\0" + content
    return struct.pack(">I", BYTE_COUNT | len(content)) + content


def tobject(unique_id: int = 0) -> bytes:
    """Return a TObject: version 1, fUniqueID and fBits."""
    return struct.pack(">HII", 1, unique_id, 0)


def tlist(items: Iterable[bytes]) -> bytes:
    """Return a TList or THashList without a name, whose items have empty options."""
    written = list(items)
    members = tobject() + tstring(b"") + struct.pack(">i", len(written))
    # 5 is the class version of TList. THashList is streamed as a TList.
    return versioned(5, members + b"".join(item + tstring(b"") for item in written))


def tobjstring(text: str, unique_id: int) -> bytes:
    """Return a TObjString."""
    return versioned(1, tobject(unique_id) + tstring(text.encode()))


def copies(item: bytes, dtype: np.dtype[np.void], number: int) -> npt.NDArray[np.void]:
    """Return a writable array of equal items.

    The bytes are repeated rather than the items, because numpy does not copy the padding between the fields of an item.
    """
    return np.frombuffer(bytearray(item) * number, dtype)


def rows(array: npt.NDArray[np.void]) -> list[bytes]:
    """Return each item of an array as bytes."""
    # A void dtype without fields makes `tolist` return the raw bytes, padding included.
    out: list[bytes] = array.view(f"V{array.dtype.itemsize}").tolist()
    return out


def pieces(content: bytes | mmap.mmap, starts: IntArray, size: int) -> npt.NDArray[np.uint8]:
    """Return equally many bytes from each start, shape (starts, size)."""
    # Items that begin at each byte of the content: numpy copies each chosen one as a whole.
    windows = np.ndarray((max(0, len(content) - size + 1),), f"V{size}", content, strides=(1,))
    return windows[starts].view(np.uint8).reshape(len(starts), size)
