"""The UUID of a file, computed from its contents."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from datacard_core import NamedTemplates


def identity(templates: NamedTemplates, compression: int) -> UUID:
    """Return the UUID of a file: version 8 of RFC 9562, made from a hash.

    ROOT stores a UUID in every file. A random one would make files with equal templates differ. The contents enter the
    hash through the sums over bins and over templates: these tell files apart and cost one pass over the arrays.
    """
    axis = templates.axis
    words = (templates.names, axis.name, axis.label, axis.uniform, axis.categories, compression)
    hashed = hashlib.sha256(repr(words).encode())
    contents = (templates.templates.values, templates.templates.variances)
    # The order of a sum depends on the layout of its array in memory.
    sums = (np.ascontiguousarray(array).sum(axis=along) for array in contents for along in (0, 1))
    for array in (axis.edges, *sums):
        hashed.update(np.ascontiguousarray(array, "<f8").data)
    return uuid_of(hashed.digest())


def uuid_of(hashed: bytes) -> UUID:
    """Return the UUID of version 8 that the first 16 bytes of a hash make."""
    digest = bytearray(hashed[:16])
    # RFC 9562 reserves four bits for the version, here 8, and two for the variant.
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))
