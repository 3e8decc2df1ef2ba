"""Paths that scripts give."""

from __future__ import annotations

import os
import re
import stat
import sys

from datacard_core.arguments import shown
from datacard_core.errors import DeclarationError

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+:/")
"""Beginning of an address as fsspec has it; a drive of Windows has one letter."""


def path_text(path: str | os.PathLike[str]) -> str:
    """Return a path as text.

    Raises:
        DeclarationError: it is no path, or the system can make no file of that name.
    """
    try:
        name = os.fspath(path)
    except Exception:  # noqa: BLE001 - a class may have a method for it that fails
        name = None
    if not isinstance(name, str):
        raise DeclarationError(
            f"{shown(path)} ({type(path).__name__}) is not a path: expected a text or a pathlib.Path"
        )
    name = str.__str__(name)
    if "\0" in name:
        raise DeclarationError(f"the name {name!r} has a NUL, with which no file can be made")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        raise DeclarationError(
            f"the name {name!a} cannot be written in {encoding}, the encoding of names in this session: choose a name "
            "without such characters, or set LC_ALL=C.UTF-8"
        ) from None
    return name


def kind_problem(path: str | os.PathLike[str]) -> str:
    """Return the problem of a device, a pipe or a socket, which may have no end, or an empty text.

    A file that is missing, and a directory, is told by the attempt to read it.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return ""
    return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "is a device or a pipe, expected a file on disk"


def address_of(path: str) -> str | None:
    """Return the address that a path is, such as `https://…`, or None for a path on disk."""
    found = _ADDRESS.match(path)
    if found is None:
        return None
    # pathlib leaves one slash of the two.
    return path if path[found.end() :].startswith("/") else f"{path[: found.end()]}/{path[found.end() :]}"


def expanded(path: str | os.PathLike[str]) -> str:
    """Return a path with the home directory in the place of a "~" at its beginning, which only shells replace.

    An address has two slashes again behind its protocol.

    Raises:
        DeclarationError: it is no path.
    """
    # Not by pathlib: it fails for an unknown user, and makes one slash of the two in an address.
    text = path_text(path)
    return address_of(text) or os.path.expanduser(text)  # noqa: PTH111
