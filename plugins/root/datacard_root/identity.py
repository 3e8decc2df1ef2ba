"""A UUID that follows from what a file holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from datacard_core import NamedTemplates


def identity(templates: NamedTemplates, compression: int) -> UUID:
    """The UUID of a file: what RFC 9562 calls version 8, made of a hash.

    Contents go into it by what each template and each bin sums to: enough to tell files apart, and read once.
    """
    axis = templates.axis
    words = (templates.names, axis.name, axis.label, axis.uniform, axis.categories, compression)
    hashed = hashlib.sha256(repr(words).encode())
    contents = (templates.templates.values, templates.templates.variances)
    sums = (np.ascontiguousarray(array).sum(axis=along) for array in contents for along in (0, 1))
    for array in (axis.edges, *sums):
        hashed.update(np.ascontiguousarray(array, "<f8").data)
    digest = bytearray(hashed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))
