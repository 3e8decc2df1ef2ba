"""Strings and arrays in the format of TBuffer, compared with bytes written by hand."""

from __future__ import annotations

import numpy as np
from datacard_root.file.buffers import copies, rows, tstring, versioned


def test_length_of_strings() -> None:
    """A string has its length in one byte up to 254, and in five bytes from 255 on."""
    cases: list[tuple[int, bytes]] = [
        (0, b"\x00"),
        (1, b"\x01"),
        (254, b"\xfe"),
        (255, b"\xff\x00\x00\x00\xff"),
        (256, b"\xff\x00\x00\x01\x00"),
    ]
    for length, head in cases:
        assert tstring(b"n" * length) == head + b"n" * length, length


def test_byte_count() -> None:
    """The byte count of an object includes its version and excludes itself."""
    assert versioned(5, b"abc") == b"\x40\x00\x00\x05\x00\x05abc"


def test_bytes_between_fields() -> None:
    """Bytes between the fields of an item are copied, and items change independently."""
    item = np.dtype({"names": ["number"], "formats": [">i2"], "offsets": [2], "itemsize": 6})
    array = copies(b"ab\x00\x00yz", item, 2)
    array["number"] += np.array([1, 2], np.int16)
    assert rows(array) == [b"ab\x00\x01yz", b"ab\x00\x02yz"]
