"""Structure of a flat ROOT file: header, root directory, records, streamer info, list of keys, free segments.

Fields have the names of ROOT's classes TFile, TDirectoryFile and TFree; the documentation of TFile describes the
format. All positions have 32 bits, which ROOT itself uses up to 2 GB.
"""

from __future__ import annotations

import io
import struct
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
import uproot
from uproot.writing import identify

from datacard_core import DatacardError
from datacard_root.file.buffers import tstring
from datacard_root.file.keys import BEGIN, DATE, KEY, keys, record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

Block: TypeAlias = tuple[list[bytes], list[bytes], list[int]]
"""Names of some templates as TStrings, their records as stored in the file, and their uncompressed lengths."""

HEADER = struct.Struct(">4siiiiiiiBiiiH16s")
"""Fields of the file header, in the order of TFile::WriteHeader."""
VERSION = 62400
"""Version of ROOT that the header names, 6.24/00. Above 1000000 readers would expect 64-bit positions."""
POSITION_BYTES = 4
DIRECTORY = struct.Struct(">hIIiiiiiH16s12x")
"""Fields of a TDirectoryFile. The last 12 bytes are free, so that ROOT can replace positions by 64-bit ones."""
DIRECTORY_VERSION = 5
"""Class version of TDirectoryFile; above 1000 positions would have 64 bits."""
FREE = struct.Struct(">hii")
FREE_VERSION = 1
END = 2_000_000_000
"""Largest size in bytes of a file with 32-bit positions: ROOT's kStartBigFile."""
UUID_VERSION = 1
"""Class version of TUUID."""
NAME = b"templates.root"
"""Name stored in the file. ROOT ignores it, and a fixed name keeps the bytes independent of the path."""


def write_file(
    file: BinaryIO, blocks: Iterable[Block], uuid: UUID, compression: int, described: bytes | None = None
) -> None:
    """Write a file; `compression` is the value of TFile's fCompress, `described` a streamer info other than of TH1D.

    Header and root directory come first in the file but are written last, as they contain the positions of all else.
    """
    file.seek(BEGIN + len(_root_directory(uuid, b"", 0)))
    listed: list[bytes] = []
    for names, records, lengths in blocks:
        block = keys(names, [len(stored) for stored in records], lengths, file.tell())
        file.write(b"".join(chain.from_iterable(zip(block, records, strict=True))))
        listed += block
    info = file.tell()
    file.write(record(b"TList", b"StreamerInfo", b"Doubly linked list", described or _streamer_info(), info))
    seek_keys = file.tell()
    key_list = _directory_record(struct.pack(">i", len(listed)) + b"".join(listed), seek_keys)
    file.write(key_list)
    seek_free = file.tell()
    # The record of free segments is the last one and contains the end of the file, so its length is needed first.
    end = seek_free + len(_free_segments(seek_free, 0))
    file.write(_free_segments(seek_free, end))
    file.seek(0)
    file.write(_header(uuid, compression, info, seek_keys - info, seek_free, end).ljust(BEGIN, b"\0"))
    file.write(_root_directory(uuid, key_list, seek_keys))


def check_size(names: list[bytes], size: int) -> None:
    """Raise a DatacardError if the uncompressed file would exceed the largest size.

    Args:
        names: Names of all templates, as TStrings.
        size: Length of a record in bytes, without key and name.
    """
    # Every template has its key twice, before the record and in the list of keys, and its name a third time inside the
    # record. 1000 bytes are enough for the header, the root directory and the keys of the other records.
    template = size + 2 * (KEY.itemsize + len(tstring(b"TH1D") + tstring(b"")))
    total = template * len(names) + 3 * sum(map(len, names)) + len(_streamer_info()) + 1000
    if total > END:
        raise DatacardError(
            f"{len(names)} templates of about {template} bytes make a ROOT file of {total / 1e9:.1f} GB, and one file "
            f"can hold {END / 1e9:.0f} GB: write fewer categories, bins or systematic uncertainties to one card"
        )


def _directory_record(data: bytes, position: int, parent: int = BEGIN) -> bytes:
    return record(b"TFile", NAME, b"", data, position, parent)


def _root_directory(uuid: UUID, key_list: bytes, seek_keys: int) -> bytes:
    # The record of the root directory starts with name and title of the file; fNbytesName is the offset behind them.
    name_and_title = tstring(NAME) + tstring(b"")
    directory = DIRECTORY.pack(
        DIRECTORY_VERSION,
        DATE,  # fDatimeC
        DATE,  # fDatimeM
        len(key_list),  # fNbytesKeys
        _name_bytes(),  # fNbytesName
        BEGIN,  # fSeekDir
        0,  # fSeekParent
        seek_keys,  # fSeekKeys
        UUID_VERSION,
        uuid.bytes,
    )
    return _directory_record(name_and_title + directory, BEGIN, parent=0)


@cache
def _name_bytes() -> int:
    """Return fNbytesName, the offset of the directory's fields in the record of the root directory."""
    return len(_directory_record(tstring(NAME) + tstring(b""), BEGIN))


def _free_segments(position: int, end: int) -> bytes:
    # A file without gaps has one free segment: from its end to the largest position.
    return _directory_record(FREE.pack(FREE_VERSION, end, END), position)


def _header(uuid: UUID, compression: int, info: int, info_bytes: int, seek_free: int, end: int) -> bytes:
    return HEADER.pack(
        b"root",
        VERSION,
        BEGIN,
        end,  # fEND
        seek_free,
        end - seek_free,  # fNbytesFree
        1,  # nfree
        _name_bytes(),
        POSITION_BYTES,  # fUnits
        compression,
        info,
        info_bytes,
        UUID_VERSION,
        uuid.bytes,
    )


@cache
def _streamer_info() -> bytes:
    """Return the streamer info of TH1D and its base classes and members."""
    axis = identify.to_TAxis("xaxis", "", 1, 0.0, 1.0)
    flat = np.zeros(3)
    return streamer_info([identify.to_TH1x("h", "", flat, 0.0, 0.0, 0.0, 0.0, 0.0, flat, axis)])


def streamer_info(objects: Iterable[Any]) -> bytes:
    """Return the streamer info of the classes of some objects, taken from a small file of uproot."""
    buffer = io.BytesIO()
    with uproot.recreate(buffer, compression=None) as file:
        for place, made in enumerate(objects):
            file[f"h{place}"] = made
        written = buffer.getvalue()
    # The fields before the UUID's version and bytes are fSeekInfo and fNbytesInfo, which locate the record.
    *_, start, length, _, _ = HEADER.unpack_from(written)
    keylen = int(np.frombuffer(written, KEY, 1, start)["fKeylen"][0])
    return written[start + keylen : start + length]
