"""Files of UHI's serialisation as mappings from names to histograms, each read when it is asked for."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import hist

from datacard_core import InputError

if TYPE_CHECKING:
    from pathlib import Path

# First bytes of a zip archive and of an HDF5 file: uhi.io prescribes no ends of their names.
_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SCHEMA = 1


class Histograms(Mapping[str, Any]):
    """Histograms by name."""

    def __init__(self, names: list[str], read: Callable[[str], Any]) -> None:
        self._names = names
        self._read = read

    def __getitem__(self, name: str) -> Any:
        return _histogram(self._read(name), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _histogram(made: dict[str, Any], name: str) -> Any:
    # hist does not look at it, and another schema may have the same keys with another meaning.
    if (schema := made["uhi_schema"]) != _SCHEMA:
        raise InputError(f"{name} has uhi_schema {schema!r}, expected {_SCHEMA}")
    # A sparse storage has its filled bins alone, and hist needs the numbers of all.
    if "index" in made["storage"]:
        made = _module("uhi.io").from_sparse(made)
    # uhi.io has histograms of axes alone, which hist would take for empty ones.
    if list(made["storage"]) == ["type"]:
        raise InputError(f"{name} has no contents, only its axes")
    return hist.Hist(made)


@contextmanager
def histograms_of(path: Path) -> Iterator[Any]:
    """Open a file of any of the three forms, which its first bytes tell; it is one histogram, or several by name.

    Raises:
        InputError: a package is missing.
        Exception: the file is damaged; errors of zip, HDF5, JSON and numpy are possible.
    """
    with path.open("rb") as file:
        head = file.read(len(_HDF5))
    if head.startswith(_ZIP):
        with zipfile.ZipFile(path) as archive:
            # Of each histogram the archive has a .json, and a .npy of each of its arrays.
            names = [name.removesuffix(".json") for name in archive.namelist() if name.endswith(".json")]
            yield Histograms(names, lambda name: _module("uhi.io.zip").read(archive, name))
    elif head == _HDF5:
        # Imported here, as the other two forms are read without h5py.
        with _module("h5py").File(path, "r") as groups:
            yield Histograms(list(_groups(groups)), lambda name: _module("uhi.io.hdf5").read(groups[name]))
    else:
        hook = _module("uhi.io.json").object_hook
        try:
            content = json.loads(path.read_bytes(), object_hook=hook)
        except ValueError as error:  # Also of bytes that are no text.
            raise InputError(f"it is no zip archive, no HDF5 file and no JSON ({error})") from error
        by_name = dict(_flat(content))
        # A histogram alone is the variable of its axis.
        alone = content is by_name.get("")
        yield _histogram(content, "it") if alone else Histograms(list(by_name), lambda name: by_name[name])


def _groups(group: Any, before: str = "") -> Iterator[str]:
    """Yield the names of groups that are histograms."""
    for name, inner in group.items():
        if "uhi_schema" in inner.attrs:
            yield f"{before}{name}"
        elif hasattr(inner, "items"):
            yield from _groups(inner, f"{before}{name}/")


def _flat(tree: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the histograms in dicts in each other by name."""
    if not isinstance(tree, dict):
        raise InputError(f"{before or 'its content'} has type {type(tree).__name__}, expected histograms by name")
    if "uhi_schema" in tree:
        yield before.rstrip("/"), tree
        return
    for name, inner in tree.items():
        yield from _flat(inner, f"{before}{name}/")


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the package {error.name!r} that reads it is not installed: pip install 'datacard-core[uhi]'"
        ) from error
