"""Directories of a ROOT file: their lists of keys, and records and directories that are appended.

The bytes of the file stay where they are, and new ones follow, as ROOT itself updates a file.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_root.file.buffers import LONG, tstring
from datacard_root.file.directories import BIG, DIRECTORIES, DIRECTORY, HEADER, Header, OddError
from datacard_root.file.keys import KEY
from datacard_root.file.tfile import DIRECTORY as WHOLE_DIRECTORY
from datacard_root.file.tfile import DIRECTORY_VERSION, END, FREE, FREE_VERSION, UUID_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BIG_KEY = np.dtype([(name, ">i8" if name.startswith("fSeek") else KEY[name]) for name in KEY.names or ()])
"""Fields of a key with 64-bit positions, as uproot gives them to trees."""


@attrs.define(eq=False)
class Entry:
    """A key in the list of a directory."""

    fields: dict[str, int]
    of: bytes
    name: bytes
    title: bytes

    @property
    def head(self) -> bytes:
        """The key as it stands in the file."""
        values = np.array([tuple(self.fields.values())], _layout(self.fields["fVersion"])).tobytes()
        return values + tstring(self.of) + tstring(self.name) + tstring(self.title)


@attrs.define(eq=False, kw_only=True)
class Folder:
    """A directory of a file."""

    place: int
    """Position of its fields."""
    key: int
    """Position of its record, which the keys of its objects name."""
    list_key: Entry
    """Key of its list of keys."""
    entries: list[Entry]
    is_changed: bool = False


def folders_of(content: bytearray) -> Iterator[tuple[str, Folder]]:
    """Yield the directories of a file by their paths, each before those in it."""
    header = Header.of(bytes(content))
    waiting = [("", header.directory)]
    while waiting:
        path, place = waiting.pop(0)
        version, *_, key, _, start = DIRECTORY.unpack_from(content, place)
        if not 0 <= version <= BIG or not 0 < start < header.end:
            raise OddError
        list_key, at = _entry(content, start)
        entries: list[Entry] = []
        for _ in range(struct.unpack_from(">i", content, at)[0]):
            entry, at = _entry(content, at + 4 if not entries else at)
            entries.append(entry)
        yield path, Folder(place=place, key=key, list_key=list_key, entries=entries)
        waiting += [
            (f"{path}{decoded(entry.name)}/", entry.fields["fSeekKey"] + entry.fields["fKeylen"])
            for entry in entries
            if entry.of in DIRECTORIES
        ]


def _entry(content: bytearray, at: int) -> tuple[Entry, int]:
    """Return the key at a position, and the position behind it."""
    layout = _layout(int(np.frombuffer(content, KEY, 1, at)["fVersion"][0]))
    values = np.frombuffer(content, layout, 1, at)[0]
    at += layout.itemsize
    texts = []
    for _ in range(3):
        text, at = string(content, at)
        texts.append(text)
    return Entry({name: int(values[name]) for name in KEY.names or ()}, *texts), at


def _layout(version: int) -> np.dtype[np.void]:
    return BIG_KEY if version > BIG else KEY


def string(content: bytes | bytearray, at: int) -> tuple[bytes, int]:
    """Return the TString at a position, and the position behind it."""
    length, at = content[at], at + 1
    if length == LONG:
        length, at = struct.unpack_from(">I", content, at)[0], at + 4
    if at + length > len(content):
        raise OddError
    return bytes(content[at : at + length]), at + length


def decoded(name: bytes) -> str:
    """Return a name as text, also one that is no UTF-8."""
    return name.decode("utf-8", "surrogateescape")


def add(content: bytearray, folder: Folder, entry: Entry, payload: bytes, stored: bytes) -> None:
    """Append a record, and list it in its directory.

    Args:
        content: the file.
        folder: the directory, whose list of keys `close` writes.
        entry: the key of the record, whose place and lengths are set here.
        payload: the record.
        stored: the record as it is stored, compressed or not.
    """
    _append(content, entry, payload, stored)
    folder.entries.append(entry)
    folder.is_changed = True


def _append(content: bytearray, entry: Entry, payload: bytes, stored: bytes) -> None:
    """Append a record, and state its place and lengths in its key."""
    length = len(entry.head)
    entry.fields |= {
        "fNbytes": length + len(stored),
        "fObjlen": len(payload),
        "fKeylen": length,
        "fSeekKey": len(content),
    }
    content += entry.head + stored
    if len(content) > END:
        raise OddError(f"it would have more than {END / 1e9:.0f} GB")


def folder_at(content: bytearray, folders: dict[str, Folder], path: str) -> Folder:
    """Return the directory of a path, which is made if it is not there."""
    if path in folders:
        return folders[path]
    above, _, last = path.removesuffix("/").rpartition("/")
    parent = folder_at(content, folders, f"{above}/" if above else "")
    name = last.encode("utf-8", "surrogateescape")
    fields = {**parent.list_key.fields, "fCycle": 1, "fSeekPdir": parent.key}
    key = Entry(fields, DIRECTORIES[1], name, name)
    place, length = len(content), len(key.head)
    date = fields["fDatime"]
    uuid = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:16]
    payload = WHOLE_DIRECTORY.pack(DIRECTORY_VERSION, date, date, 0, length, place, parent.key, 0, UUID_VERSION, uuid)
    add(content, parent, key, payload, payload)
    list_key = Entry({**key.fields, "fSeekPdir": place}, key.of, name, name)
    folders[path] = Folder(place=place + length, key=place, list_key=list_key, entries=[], is_changed=True)
    return folders[path]


def close(content: bytearray, folders: Mapping[str, Folder]) -> None:
    """Append the lists of keys that have changed and the list of free segments, and state their places."""
    for folder in folders.values():
        if folder.is_changed:
            data = struct.pack(">i", len(folder.entries)) + b"".join(entry.head for entry in folder.entries)
            _append(content, folder.list_key, data, data)
            fields = list(DIRECTORY.unpack_from(content, folder.place))
            fields[3], fields[7] = folder.list_key.fields["fNbytes"], folder.list_key.fields["fSeekKey"]
            DIRECTORY.pack_into(content, folder.place, *fields)
    header = list(HEADER.unpack_from(content))
    key, at = _entry(content, header[4])
    segments = bytes(content[at : at + key.fields["fObjlen"] - FREE.size])
    # The last segment is all behind the end of the file.
    end = len(content) + len(key.head) + len(segments) + FREE.size
    segments += FREE.pack(FREE_VERSION, end, END)
    _append(content, key, segments, segments)
    header[3], header[4], header[5] = end, key.fields["fSeekKey"], key.fields["fNbytes"]
    HEADER.pack_into(content, 0, *header)
