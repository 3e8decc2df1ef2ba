"""TKey, the header of every record of a ROOT file, which the list of keys repeats."""

from __future__ import annotations

import numpy as np

from datacard_root.file.buffers import rows, tstring

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
"""Fields of a TKey before class name, name and title."""
VERSION = 4
"""Class version of TKey; above 1000 positions would have 64 bits."""
DATE = 1 << 22 | 1 << 17
"""TDatime of 1995-01-01 00:00:00, the earliest: a fixed date, so that equal templates give equal bytes."""
BEGIN = 100
"""Position of the first record of a file, which is the root directory: TFile's fBEGIN."""


def keys(names: list[bytes], stored: list[int], lengths: list[int], position: int) -> list[bytes]:
    """Return the keys of consecutive TH1D records.

    Args:
        names: Names of the histograms, as TStrings.
        stored: Lengths of the records as stored in the file.
        lengths: Lengths of the records before compression.
        position: Position of the first key in the file.
    """
    return _keys(tstring(b"TH1D"), names, tstring(b""), stored, lengths, position, BEGIN)


def record(class_name: bytes, name: bytes, title: bytes, data: bytes, position: int, parent: int = BEGIN) -> bytes:
    """Return an uncompressed record after its key; `parent` is the position of the record's directory."""
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
    # Each key is followed by its record: the position of a key is the sum of all lengths before it.
    heads["fSeekKey"] = position + np.cumsum(heads["fNbytes"]) - heads["fNbytes"]
    return [head + string for head, string in zip(rows(heads), strings, strict=True)]
