"""PocketCoffea's outputs that are split by variable: a zip archive of an index, metadata, and a member for each."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datacard_core.errors import InputError
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from datacard_core.inputs.compression import Pieces
    from datacard_core.inputs.unread import FileAgain

_MAGIC = b"PK\x03\x04"
_INDEX = "format.json"
_NAME = "pocketcoffea-split"
_VERSION = 1
WHOLE = "file"
"""Name that fsspec gives the one member of an archive that it writes, which is a whole output."""
_LARGEST_INDEX = 2_000_000
"""Bytes: an index of `_MOST_MEMBERS` names is smaller, and one of many small objects must not fill the memory."""
_MOST_MEMBERS = 10_000
"""Members of an archive: each takes time, however small it is; outputs have hundreds."""


def is_split(file: Path) -> bool:
    """Return True for a zip archive, by its first bytes.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def split_output(
    file: FileAgain, variables: Collection[str] | None, load: Callable[[Pieces, FileAgain], Any], *, columns: bool
) -> Any:
    """Read a split output; members of variables that are not needed are not touched.

    An archive of one pickle, as coffea.util.save makes it with compression="zip", is read as a whole.

    Args:
        file: the archive.
        variables: the variables whose histograms are needed, by default all.
        load: function that reads the pickle of a member, from its stream, and what to open the stream again with.
        columns: whether arrays of columns are read.

    Raises:
        InputError: the archive is none of PocketCoffea, or lacks a member.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(file.path) as archive:

        def member(name: str) -> Any:
            if name not in members:
                raise InputError(f"has no {name!r}, which its {_INDEX} lists")
            again = file.of_member(name)
            with again.opened(lambda _: archive) as content:
                return load(content, again)

        members = set(archive.namelist())
        if len(members) > _MOST_MEMBERS:
            raise InputError(f"has {len(members)} members, more than the {_MOST_MEMBERS} that are read")
        if archive.namelist() == [WHOLE]:
            return member(WHOLE)
        index = _index(archive)
        output = member("metadata")
        if not isinstance(output, dict):
            raise InputError(f"has a {type(output).__name__} as its metadata, expected a dict")
        output["variables"] = {
            name: member(f"variables/{quote(name, safe='')}") if variables is None or name in variables else {}
            for name in index["variables"]
        }
        if columns and "columns" in index["split_keys_present"]:
            output["columns"] = {name: member(f"columns/{quote(name, safe='')}") for name in index["columns"]}
        return output


def _index(archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """Return the names of variables and columns, and of the keys of the output that are split.

    Raises:
        InputError: the archive has no index of a version that is known.
    """
    names = archive.namelist()
    if _INDEX not in names:
        raise InputError(
            f"is a zip archive with {listing(names, 4) or 'nothing'}, and without the {_INDEX} of PocketCoffea's split "
            "outputs; histograms in the serialisation of UHI are read by source='uhi'"
        )
    if archive.getinfo(_INDEX).file_size > _LARGEST_INDEX:
        raise InputError(f"has a {_INDEX} of {archive.getinfo(_INDEX).file_size} bytes, more than names need")
    made = json.loads(archive.read(_INDEX))
    made = made if isinstance(made, Mapping) else {}
    if (made.get("format"), made.get("version")) != (_NAME, _VERSION):
        found = f"{made.get('format')!r}, version {made.get('version')!r}"
        raise InputError(f"is of the format {found}, expected {_NAME!r}, version {_VERSION}")
    lists = {key: made.get(key, []) for key in ("variables", "columns", "split_keys_present")}
    for key, of in lists.items():
        if not isinstance(of, list) or not all(isinstance(name, str) for name in of):
            raise InputError(f"has in its {_INDEX} no list of names as {key!r}")
    # A member that is listed often is read once.
    return {key: list(dict.fromkeys(of)) for key, of in lists.items()}
