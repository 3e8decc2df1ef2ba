"""Copies of ROOT files in which histograms have other names, and all else stays where it is.

Renamed histograms and new lists of keys are appended to the bytes of the file, as ROOT itself updates a file. Trees,
workspaces and objects that no reader here knows keep their bytes and positions.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from datacard_core import InputError
from datacard_root.bulk.unpacking import unpacked
from datacard_root.file.buffers import BYTE_COUNT, tstring
from datacard_root.file.compression import Compressor
from datacard_root.file.directories import DIRECTORIES, Keys, OddError
from datacard_root.file.folders import BIG_KEY, Entry, add, close, decoded, folder_at, folders_of, string
from datacard_root.file.keys import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from datacard_root.file.folders import Folder

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
_COUNTED = 6
"""Length of a byte count and a version."""


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
        folders = dict(folders_of(content))
        objects = dict(_objects(folders))
        names = new_names(list(objects))
        changed = {name: tuple(dict.fromkeys(names[name])) for name in objects if list(names[name]) != [name]}
        if changed:
            _rename(content, folders, objects, changed)
    except (OSError, OddError, struct.error, IndexError, ValueError) as error:
        reason = str(error) or "it is damaged, or of a form that only ROOT changes"
        raise InputError(f"the templates {path} cannot be copied under other names: {reason}") from error
    new.write_bytes(content)


def _objects(folders: Mapping[str, Folder]) -> Iterator[tuple[str, Entry]]:
    """Yield the objects by their paths; of several cycles the highest is the last."""
    for path, folder in folders.items():
        for entry in sorted(folder.entries, key=lambda entry: entry.fields["fCycle"]):
            if entry.of not in DIRECTORIES:
                yield path + decoded(entry.name), entry


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
            of, name = decoded(entry.of), decoded(entry.name)
            raise OddError(f"{name!r} is a {of}, and histograms alone can be called otherwise, here {new!r}")
    records = _records(content, [entry for _, entry in wanted])
    for path, folder in folders.items():
        kept = [
            entry
            for entry in folder.entries
            if entry.of in DIRECTORIES or (name := path + decoded(entry.name)) not in changed or name in changed[name]
        ]
        folder.is_changed, folder.entries = len(kept) < len(folder.entries), kept
    for (new, entry), (record, compress) in zip(wanted, records, strict=True):
        path, _, last = new.rpartition("/")
        folder = folder_at(content, folders, f"{path}/" if path else "")
        last_name = last.encode("utf-8", "surrogateescape")
        made = Entry(
            {**entry.fields, "fVersion": VERSION, "fCycle": 1, "fSeekPdir": folder.key},
            entry.of,
            last_name,
            entry.title,
        )
        payload = with_name(record, entry.fields["fKeylen"], last_name, len(made.head))
        add(content, folder, made, payload, compress(payload))
    _drop_empty(folders)
    close(content, folders)


def _records(content: bytearray, entries: Sequence[Entry]) -> list[tuple[bytes, Compress]]:
    """Return the bytes of objects, and the function that compresses each as it was."""
    fields = np.array([tuple(entry.fields.values()) for entry in entries], BIG_KEY)
    keys = Keys([decoded(entry.name) for entry in entries], [entry.of for entry in entries], fields)
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
    _, behind = string(record, at)
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


def _drop_empty(folders: dict[str, Folder]) -> None:
    """Take away directories whose last object has gone."""
    for path in sorted(folders, key=len, reverse=True):
        folder = folders[path]
        if path and folder.is_changed and not folder.entries:
            above, _, last = path.removesuffix("/").rpartition("/")
            parent = folders[f"{above}/" if above else ""]
            parent.entries = [
                entry for entry in parent.entries if entry.of not in DIRECTORIES or decoded(entry.name) != last
            ]
            parent.is_changed = True
            del folders[path]
