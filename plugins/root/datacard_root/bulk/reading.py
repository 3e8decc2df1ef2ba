"""Reading of many histograms by name."""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from datacard_root.bulk.gathering import SMALLEST, Records
from datacard_root.bulk.layout import CONTENTS
from datacard_root.bulk.unpacking import unpacked
from datacard_root.file.buffers import pieces
from datacard_root.file.directories import Header, Keys, OddError, find
from datacard_root.file.keys import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datacard_core import StoredTemplates
    from datacard_root.file.directories import Content


@attrs.frozen(eq=False)
class Found:
    """Objects of a file."""

    stored: tuple[StoredTemplates, ...]
    """Templates that are like many others."""
    of: dict[str, str]
    """Class of each object."""
    spare: tuple[str, ...]
    """Names of the histograms beside them."""


def read_many(path: Path, names: Iterable[str]) -> Found:
    """Return the objects of a file with the given names.

    Raises:
        OddError: the file, a directory or a list of keys is not as expected.
    """
    with _mapped(path) as content:
        keys = find(content, names)
        old_versions = _describes_classes(content)
        stored = [block for records in _records(content, keys) for block in records.blocks(old_versions=old_versions)]
    classes = zip(keys.names, keys.of, strict=True)
    spare = tuple(name for name, of in keys.spare if of in CONTENTS)
    return Found(tuple(stored), {name: of.decode("utf-8", "surrogateescape") for name, of in classes}, spare)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # An empty file cannot be mapped.
    except (OSError, ValueError):
        raise OddError from None
    with content:
        yield content


def _records(content: Content, keys: Keys) -> Iterator[Records]:
    by_class: dict[bytes, list[int]] = {}
    for row, of in enumerate(keys.of):
        by_class.setdefault(of, []).append(row)
    for of in CONTENTS:
        rows = by_class.get(of, [])
        names = [keys.names[row] for row in rows]
        records = list(unpacked(content, keys.at(rows, names)))
        if min(map(len, records), default=SMALLEST) < SMALLEST:
            names = [name for name, record in zip(names, records, strict=True) if len(record) >= SMALLEST]
            records = [record for record in records if len(record) >= SMALLEST]
        if records:
            yield Records.joined(of, names, records)


def _describes_classes(content: Content) -> bool:
    """Return whether the descriptions of classes in a file are there and proven intact by their checksum."""
    header = Header.of(content)
    place = np.array([max(header.classes, 0)])
    try:
        key = Keys(["StreamerInfo"], [b"TList"], pieces(content, place, KEY.itemsize).view(KEY)[:, 0])
        key.check(header.end)
    # A damaged file may name any position.
    except (OddError, IndexError):
        return False
    return bool(key.stored[0] != key.sizes[0]) and all(unpacked(content, key))
