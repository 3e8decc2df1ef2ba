"""Keys of the wanted objects of a ROOT file, found in the lists of keys of its directories."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from datacard_root.file.buffers import LONG, pieces
from datacard_root.file.keys import KEY

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from datacard_root.file.buffers import IntArray

Content: TypeAlias = "bytes | mmap.mmap"
"""Bytes of a file."""

HEADER = struct.Struct(">4siiiiiiiBiii")
"""Fields of the header of a file before its UUID."""
DIRECTORY = struct.Struct(">hIIiiiii")
"""Fields of a TDirectoryFile before its UUID."""
BIG_FILE = 1_000_000
"""Version of a file from which positions have 64 bits."""
BIG = 1000
"""Version of a directory or a key above which positions have 64 bits."""
DIRECTORIES = (b"TDirectory", b"TDirectoryFile")


class OddError(Exception):
    """Bytes that this package does not read, right or wrong: uproot reads or refuses them."""


@attrs.frozen(eq=False)
class Header:
    """Places that the header of a file states."""

    end: int
    """Length of the file."""
    directory: int
    """Position of the root directory."""
    classes: int
    """Position of the record that describes classes."""

    @classmethod
    def of(cls, content: Content) -> Header:
        """Return the header of a file.

        Raises:
            OddError: it is no header, or has 64-bit positions.
        """
        if len(content) < HEADER.size:
            raise OddError
        magic, version, begin, end, _, _, _, name_bytes, _, _, classes, _ = HEADER.unpack_from(content)
        if magic != b"root" or version >= BIG_FILE or end > len(content):
            raise OddError
        return cls(end, begin + name_bytes, classes)


@attrs.frozen(eq=False)
class Keys:
    """Keys of objects."""

    names: list[str]
    of: list[bytes]
    """Names of the classes."""
    fields: npt.NDArray[np.void]
    """Array of KEY."""
    spare: Sequence[tuple[str, bytes]] = ()
    """Names and classes of the other keys of the directories."""

    def at(self, rows: list[int], names: list[str]) -> Keys:
        """Return the keys in some rows under other names."""
        return Keys(names, [self.of[row] for row in rows], self.fields[rows])

    @property
    def starts(self) -> IntArray:
        """Positions of the objects in the file, behind their own keys."""
        starts: IntArray = self.fields["fSeekKey"].astype(np.intp) + self.fields["fKeylen"]
        return starts

    @property
    def stored(self) -> IntArray:
        """Lengths of the objects in the file."""
        stored: IntArray = self.fields["fNbytes"].astype(np.intp) - self.fields["fKeylen"]
        return stored

    @property
    def sizes(self) -> IntArray:
        """Lengths of the objects when decompressed."""
        return self.fields["fObjlen"].astype(np.intp)

    def check(self, end: int) -> None:
        """Raise an OddError if an object is not inside of a file of a length."""
        if np.any((self.starts <= 0) | (self.stored < 0) | (self.starts + self.stored > end)):
            raise OddError


def find(content: Content, names: Iterable[str]) -> Keys:
    """Return the keys of the names that the file has; names may have directories before them.

    Raises:
        OddError: the header, a directory or a key is not as expected.
    """
    by_folder: dict[str, dict[str, bytes]] = {}
    for name in names:
        # An object in a workspace is not in the list of keys, and the workspace stands for it.
        folder, _, last = name.partition(":")[0].rpartition("/")
        by_folder.setdefault(folder, {})[name] = _encoded(last)
    header = Header.of(content)
    found = [Keys([], [], np.zeros(0, KEY))]
    spare: list[tuple[str, bytes]] = []
    for folder, wanted in by_folder.items():
        place = header.directory
        for part in filter(None, folder.split("/")):
            its = _listed(content, place, header.end, {part: _encoded(part)})
            if not its.names or its.of[0] not in DIRECTORIES:
                break
            place = int(its.starts[0])
        else:
            found.append(_listed(content, place, header.end, wanted))
            before = f"{folder}/" if folder else ""
            spare += [(before + name, of) for name, of in found[-1].spare]
    return Keys(
        [name for its in found for name in its.names],
        [of for its in found for of in its.of],
        np.concatenate([its.fields for its in found]),
        spare,
    )


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _listed(content: Content, place: int, end: int, wanted: Mapping[str, bytes]) -> Keys:
    """Return the keys of the directory at a place that are wanted, each of the highest cycle.

    Args:
        content: the file.
        place: position of the directory.
        end: length of the file.
        wanted: names in the directory by the names that they get.
    """
    if not 0 < place <= end - DIRECTORY.size:
        raise OddError
    version, _, _, size, _, _, _, start = DIRECTORY.unpack_from(content, place)
    if not 0 <= version <= BIG or start < 0 or size < 0 or start + size > end:
        raise OddError
    if not start:
        return Keys([], [], np.zeros(0, KEY))
    found, of, fields = _walked(content[start : start + size])
    row_of = dict(zip(found, range(len(found)), strict=True))
    if len(row_of) < len(found):
        cycles = fields["fCycle"].tolist()
        # The last one stays: the highest cycle, and of equal ones the first.
        row_of = {found[row]: row for row in sorted(range(len(found)), key=lambda row: (cycles[row], -row))}
    names = [name for name, last in wanted.items() if last in row_of]
    keys = Keys([], of, fields).at([row_of[wanted[name]] for name in names], names)
    keys.check(end)
    others = row_of.keys() - set(wanted.values())
    spare = [(last.decode("utf-8", "surrogateescape"), of[row]) for last, row in row_of.items() if last in others]
    return attrs.evolve(keys, spare=spare)


def _walked(content: bytes) -> tuple[list[bytes], list[bytes], npt.NDArray[np.void]]:
    """Return names, classes and fields of the keys in a list, which begins with a key of its own and their number.

    A key is as long as its strings say. Its own length, fKeylen, is wrong there in files of old versions of ROOT.
    """
    names, of, places, lengths = [], [], [], set()
    at = KEY.itemsize
    try:
        for _ in range(3):
            lengths.add(content[at])
            at += 1 + content[at]
        at += 4
        for _ in range(int.from_bytes(content[at - 4 : at], signed=True)):
            places.append(at)
            first = at + KEY.itemsize
            second = first + 1 + content[first]
            third = second + 1 + content[second]
            of.append(content[first + 1 : second])
            names.append(content[second + 1 : third])
            # A title may be long, as that of a histogram that TTree::Draw made.
            title = content[third]
            at = third + 1 + title if title != LONG else third + 5 + int.from_bytes(content[third + 1 : third + 5])
    except IndexError:
        raise OddError from None
    fields = pieces(content, np.array([0, *places]), KEY.itemsize).view(KEY)[:, 0]
    lengths |= {*map(len, of), *map(len, names)}
    if at > len(content) or LONG in lengths or np.any(fields["fVersion"] > BIG):
        raise OddError
    return names, of, fields[1:]
