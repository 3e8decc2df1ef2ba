"""Copies of ROOT files in which histograms have other names, and all else stays where it is.

Renamed histograms and new lists of keys are appended to the bytes of the file, as ROOT itself updates a file. Trees,
workspaces and objects that no reader here knows keep their bytes and positions.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from datacard_core import InputError
from datacard_root.buffers import BYTE_COUNT, LONG, tstring
from datacard_root.bulk.directories import BIG, DIRECTORIES, DIRECTORY, HEADER, Header, Keys, OddError
from datacard_root.bulk.unpacking import unpacked
from datacard_root.compression import Compressor
from datacard_root.keys import KEY, VERSION
from datacard_root.tfile import DIRECTORY as WHOLE_DIRECTORY
from datacard_root.tfile import DIRECTORY_VERSION, END, FREE, FREE_VERSION, UUID_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

Compress: TypeAlias = "Callable[[bytes], bytes]"

_HISTOGRAM = re.compile(rb"TH[123][CSIFD]|TProfile")
"""Classes of objects whose names can be changed."""
_NEW_CLASS = re.compile(rb"\xff\xff\xff\xff[A-Za-z_][\w:<>,]*\x00")
"""Name of a class behind its tag, ROOT's kNewClassTag, where an object has the class for the first time."""
_CLASS = 0x80000000
"""Flag of a number that stands for such a place later in the object: ROOT's kClassMask."""
_OFFSET = 2
"""Difference of that number and the place, counted from the key: ROOT's kMapOffset."""
_REFERENCED = 1 << 4
"""Bit of a TObject that has two more bytes: ROOT's kIsReferenced."""
_ALGORITHMS = {b"L4": "lz4", b"ZS": "zstd", b"ZL": "zlib", b"XZ": "zlib"}
"""Compressions of new records, by the first bytes of the old ones."""
_BIG_KEY = np.dtype([(name, ">i8" if name.startswith("fSeek") else KEY[name]) for name in KEY.names or ()])
"""Fields of a key with 64-bit positions, as uproot gives them to trees."""
_COUNTED = 6
"""Length of a byte count and a version."""


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


@attrs.define(eq=False)
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


def copy(path: Path, new: Path, new_names: Callable[[Collection[str]], Mapping[str, Collection[str]]]) -> None:
    """Write a copy of a file in which histograms have other names.

    Args:
        path: the file.
        new: the file to write.
        new_names: function of the names of all objects, which returns the names of each in the copy.

    Raises:
        InputError: the file is none of ROOT, has 64-bit positions, or an object of another class than a histogram
            would have another name.
    """
    try:
        content = bytearray(path.read_bytes())
        folders = dict(_folders(content))
        objects = dict(_objects(folders))
        names = new_names(list(objects))
        changed = {name: tuple(dict.fromkeys(names[name])) for name in objects if list(names[name]) != [name]}
        if changed:
            _rename(content, folders, objects, changed)
    except (OSError, OddError, struct.error, IndexError, ValueError) as error:
        reason = str(error) or "it is damaged, or of a form that only ROOT changes"
        raise InputError(f"the templates {path} cannot be copied under other names: {reason}") from error
    new.write_bytes(content)


def _folders(content: bytearray) -> Iterator[tuple[str, Folder]]:
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
        yield path, Folder(place, key, list_key, entries)
        waiting += [
            (f"{path}{_text(entry.name)}/", entry.fields["fSeekKey"] + entry.fields["fKeylen"])
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
        text, at = _string(content, at)
        texts.append(text)
    return Entry({name: int(values[name]) for name in KEY.names or ()}, *texts), at


def _layout(version: int) -> np.dtype[np.void]:
    return _BIG_KEY if version > BIG else KEY


def _string(content: bytes | bytearray, at: int) -> tuple[bytes, int]:
    """Return the TString at a position, and the position behind it."""
    length, at = content[at], at + 1
    if length == LONG:
        length, at = struct.unpack_from(">I", content, at)[0], at + 4
    if at + length > len(content):
        raise OddError
    return bytes(content[at : at + length]), at + length


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _objects(folders: Mapping[str, Folder]) -> Iterator[tuple[str, Entry]]:
    """Yield the objects by their paths; of several cycles the highest is the last."""
    for path, folder in folders.items():
        for entry in sorted(folder.entries, key=lambda entry: entry.fields["fCycle"]):
            if entry.of not in DIRECTORIES:
                yield path + _text(entry.name), entry


def _rename(
    content: bytearray,
    folders: dict[str, Folder],
    objects: Mapping[str, Entry],
    changed: Mapping[str, tuple[str, ...]],
) -> None:
    """Append the objects that change their names, and new lists of keys."""
    wanted = [(new, objects[name]) for name, names in changed.items() for new in names if new != name]
    for new, entry in wanted:
        if not _HISTOGRAM.match(entry.of):
            of, name = _text(entry.of), _text(entry.name)
            raise OddError(f"{name!r} is a {of}, and histograms alone can be called otherwise, here {new!r}")
    records = _records(content, [entry for _, entry in wanted])
    for path, folder in folders.items():
        kept = [
            entry
            for entry in folder.entries
            if entry.of in DIRECTORIES or (name := path + _text(entry.name)) not in changed or name in changed[name]
        ]
        folder.is_changed, folder.entries = len(kept) < len(folder.entries), kept
    for (new, entry), (record, compress) in zip(wanted, records, strict=True):
        path, _, last = new.rpartition("/")
        folder = _folder(content, folders, f"{path}/" if path else "")
        last_name = last.encode("utf-8", "surrogateescape")
        made = Entry(
            {**entry.fields, "fVersion": VERSION, "fCycle": 1, "fSeekPdir": folder.key},
            entry.of,
            last_name,
            entry.title,
        )
        payload = with_name(record, entry.fields["fKeylen"], last_name, len(made.head))
        _append(content, made, payload, compress(payload))
        folder.entries.append(made)
        folder.is_changed = True
    _drop_empty(folders)
    _close(content, folders)


def _records(content: bytearray, entries: Sequence[Entry]) -> list[tuple[bytes, Compress]]:
    """Return the bytes of objects, and the function that compresses each as it was."""
    fields = np.array([tuple(entry.fields.values()) for entry in entries], _BIG_KEY)
    keys = Keys([_text(entry.name) for entry in entries], [entry.of for entry in entries], fields)
    keys.check(len(content))
    found = unpacked(bytes(content), keys)
    compressors: dict[bytes, Compress] = {}
    made = []
    for name, record, start, stored in zip(keys.names, found, keys.starts.tolist(), keys.stored.tolist(), strict=True):
        if not record:
            raise OddError(f"{name!r} cannot be decompressed")
        algorithm = bytes(content[start : start + 2]) if stored < len(record) else b""
        if algorithm not in compressors:
            compressors[algorithm] = _compressor(algorithm)
        made.append((record, compressors[algorithm]))
    return made


def _compressor(algorithm: bytes) -> Compress:
    compressor = Compressor.of(_ALGORITHMS.get(algorithm))
    return lambda record: compressor([record])[0]


def with_name(record: bytes, key: int, name: bytes, new_key: int) -> bytes:
    """Return a histogram with another name.

    Args:
        record: the histogram, decompressed.
        key: length of its key.
        name: the new name.
        new_key: length of the new key.
    """
    at, counts = 0, []
    while struct.unpack_from(">I", record, at)[0] & BYTE_COUNT:
        counts.append(at)
        at += _COUNTED
    # TObject, the innermost base class, has no byte count: version, fUniqueID and fBits.
    at += 12 if struct.unpack_from(">I", record, at + 6)[0] & _REFERENCED else 10
    _, behind = _string(record, at)
    made = bytearray(record[:at] + tstring(name))
    longer = len(made) - behind
    for place in counts:
        struct.pack_into(">I", made, place, struct.unpack_from(">I", made, place)[0] + longer)
    rest = record[behind:]
    # Later objects of a class, such as labels of bins, name it by its place, which the lengths of both names move.
    moved = {
        _reference(key + behind + found.start()): _reference(new_key + len(made) + found.start())
        for found in _NEW_CLASS.finditer(rest)
    }
    if moved:
        rest = re.sub(b"|".join(map(re.escape, moved)), lambda found: moved[found.group()], rest)
    return bytes(made) + rest


def _reference(place: int) -> bytes:
    return struct.pack(">I", _CLASS | place + _OFFSET)


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
        raise OddError(f"the copy would have more than {END / 1e9:.0f} GB")


def _folder(content: bytearray, folders: dict[str, Folder], path: str) -> Folder:
    """Return the directory of a path, which is made if it is not there."""
    if path in folders:
        return folders[path]
    above, _, last = path.removesuffix("/").rpartition("/")
    parent = _folder(content, folders, f"{above}/" if above else "")
    name = last.encode("utf-8", "surrogateescape")
    fields = {**parent.list_key.fields, "fCycle": 1, "fSeekPdir": parent.key}
    key = Entry(fields, DIRECTORIES[1], name, name)
    place, length = len(content), len(key.head)
    date = fields["fDatime"]
    uuid = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:16]
    payload = WHOLE_DIRECTORY.pack(DIRECTORY_VERSION, date, date, 0, length, place, parent.key, 0, UUID_VERSION, uuid)
    _append(content, key, payload, payload)
    parent.entries.append(key)
    parent.is_changed = True
    list_key = Entry({**key.fields, "fSeekPdir": place}, key.of, name, name)
    folders[path] = Folder(place + length, place, list_key, [], is_changed=True)
    return folders[path]


def _drop_empty(folders: dict[str, Folder]) -> None:
    """Take away directories whose last object has gone."""
    for path in sorted(folders, key=len, reverse=True):
        folder = folders[path]
        if path and folder.is_changed and not folder.entries:
            above, _, last = path.removesuffix("/").rpartition("/")
            parent = folders[f"{above}/" if above else ""]
            parent.entries = [
                entry for entry in parent.entries if entry.of not in DIRECTORIES or _text(entry.name) != last
            ]
            parent.is_changed = True
            del folders[path]


def _close(content: bytearray, folders: Mapping[str, Folder]) -> None:
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
