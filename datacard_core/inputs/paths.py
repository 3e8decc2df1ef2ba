"""Paths that scripts give."""

from __future__ import annotations

import os


def expanded(path: str | os.PathLike[str]) -> str:
    """Return a path with the home directory in the place of a "~" at its beginning, which only shells replace."""
    # Not by pathlib: it fails for an unknown user, and makes one slash of the two in an address.
    return os.path.expanduser(os.fspath(path))  # noqa: PTH111
