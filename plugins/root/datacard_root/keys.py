"""TKey: what stands before every record of a ROOT file, and once more in the list of keys."""

from __future__ import annotations

import numpy as np

from datacard_root.buffers import rows, tstring

KEY = np.dtype(
    [
        ("fNbytes", ">i4"),
        ("fVersion", ">i2"),
        ("fObjlen", ">i4"),
        ("fDatime", ">u4"),
        ("fKeylen", ">i2"),
        ("fCycle", ">i2"),
        ("fSeekKey", ">i4"),
        ("fSeekPdir", ">i4"),
    ]
)
"""The fields before class name, name and title."""
VERSION = 4
DATE = 1 << 22 | 1 << 17
"""A TDatime of 1995-01-01 00:00:00, its first: the clock makes no difference to a file."""
BEGIN = 100
"""Where the first record of a file starts, the root directory: fBEGIN."""


def keys(names: list[bytes], stored: list[int], lengths: list[int], position: int) -> list[bytes]:
    """The keys of TH1D records that follow one another.

    Args:
        names: of the histograms, as TStrings.
        stored: lengths of their records as they stand in the file.
        lengths: of their records before compression.
        position: where the first key stands.
    """
    return _keys(tstring(b"TH1D"), names, tstring(b""), stored, lengths, position, BEGIN)


def record(class_name: bytes, name: bytes, title: bytes, data: bytes, position: int, parent: int = BEGIN) -> bytes:
    """A record with its key; `parent` is the position of its directory."""
    class_name, name, title = map(tstring, (class_name, name, title))
    size = [len(data)]
    return _keys(class_name, [name], title, size, size, position, parent)[0] + data


def _keys(
    class_name: bytes,
    names: list[bytes],
    title: bytes,
    stored: list[int],
    lengths: list[int],
    position: int,
    parent: int,
) -> list[bytes]:
    strings = [class_name + name + title for name in names]
    heads = np.zeros(len(names), KEY)
    heads["fVersion"], heads["fCycle"], heads["fDatime"], heads["fSeekPdir"] = VERSION, 1, DATE, parent
    heads["fObjlen"] = lengths
    heads["fKeylen"] = KEY.itemsize + np.array([len(string) for string in strings])
    heads["fNbytes"] = heads["fKeylen"] + np.array(stored)
    heads["fSeekKey"] = position + np.cumsum(heads["fNbytes"]) - heads["fNbytes"]
    return [head + string for head, string in zip(rows(heads), strings, strict=True)]
