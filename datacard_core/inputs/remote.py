"""Files at remote addresses, such as `https://…` and `root://…`: a copy on disk while they are read."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacard_core.errors import InputError, with_type
from datacard_core.inputs.paths import address_of, kind_problem
from datacard_core.names import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXTRAS = {"http": "http", "https": "http", "s3": "s3", "s3a": "s3", "root": "xrootd"}
"""Extras of this package that bring what a protocol needs."""


@contextmanager
def on_disk(path: str) -> Iterator[str]:
    """Yield the path of a file on disk: of an address, that of a copy, which is removed at the end.

    An `InputError` from inside the block has the address in place of the path of the copy.

    Raises:
        InputError: the address cannot be read, or the path is that of a device or a pipe.
    """
    address = address_of(path)
    if address is None:
        # Before any source opens it: to open a pipe waits for a writer.
        if problem := kind_problem(path):
            raise InputError(f"{path} {problem}")
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="datacard-") as folder:
        copy = Path(folder, *_folders(address))
        _copy(address, copy)
        try:
            yield str(copy)
        except InputError as error:
            raise InputError(problem.replace(str(copy), address) for problem in error.problems) from error


def _folders(address: str) -> list[str]:
    """Return the folders and the name of an address, in which a pattern may find the year and the dataset."""
    parts = address.rpartition("://")[2].partition("?")[0].split("/")
    # Without "..", which would lead out of the folder of the copy.
    return [part for part in parts if part.strip(".")]


def _copy(address: str, copy: Path) -> None:
    """Copy a file to disk.

    Raises:
        InputError: a package is missing, the protocol is unknown, or the file cannot be read.
    """
    # What stands before "::" is a protocol that reads another one.
    protocol = address.partition("://")[0].rpartition("::")[2]
    way_out = f"pip install 'datacard-core[{_EXTRAS[protocol]}]'" if protocol in _EXTRAS else "install it"
    try:
        fsspec = import_module("fsspec")
        system, place = fsspec.core.url_to_fs(address, **_options(protocol))
        copy.parent.mkdir(parents=True, exist_ok=True)
        system.get_file(place, str(copy))
    except ImportError as error:
        raise InputError(f"{address} needs a package that is not installed ({error}): {way_out}") from error
    except FileNotFoundError as error:
        raise InputError(f"{address} does not exist") from error
    except Exception as error:
        # Each file system has errors of its own.
        if isinstance(error, ValueError) and "rotocol" in str(error):
            known = import_module("fsspec").available_protocols()
            message = f"{address} has the protocol {protocol!r}, which fsspec has not{closest(protocol, known)}"
            raise InputError(message) from error
        # Of several lines, as XRootD writes them, one.
        raise InputError(f"{address} cannot be read: {' '.join(with_type(error).split())}") from error


def _options(protocol: str) -> dict[str, Any]:
    """Return options beside those of fsspec's own configuration."""
    if protocol not in ("http", "https"):
        return {}
    # By default a file that takes longer than five minutes is given up.
    timeout = import_module("aiohttp").ClientTimeout(total=None, sock_read=60)
    # These options replace those of the configuration as a whole, such as headers.
    configured = import_module("fsspec").config.conf.get(protocol, {}).get("client_kwargs", {})
    # By protocol, as an address such as simplecache::https://… has several.
    return {protocol: {"client_kwargs": {"timeout": timeout, **configured}}}
