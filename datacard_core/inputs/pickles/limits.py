"""Limits on what a pickle may ask for: memory, steps, nesting, and the keys of its dicts.

Each limit grows with the file, so that an honest file meets none of them, and a small file cannot ask for much.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from datacard_core.inputs.pickles.records import RefusedError, described

DEEPEST = 100
"""Most levels of containers; PocketCoffea's outputs have about ten."""

# Together, at most ten times the decompressed content: a file is never larger than that.
_FREE = 30_000_000
_PER_BYTE_READ = 5
_PER_BYTE_ON_DISK = 4

# A step takes about half a microsecond. PocketCoffea's outputs have fifty bytes for each step and more.
_FREE_STEPS = 4_000_000
_BYTES_PER_STEP = 32

# Memory, in bytes, of a short text without its content, and of a number.
SHORT = 64
NUMBER = 32

_MB = 1_000_000
_LONGEST_KEY = 4096
_MOST_PARTS = 8
_WORD = 8
"""Bytes of the largest integer and floating-point number of which no two different ones have the same hash."""


@attrs.define(kw_only=True)
class Budget:
    """Memory and steps that a file has used, and may use; all pickles of an archive share it."""

    on_disk: int = 0
    """Size of the file, in bytes."""
    read: int = 0
    """Decompressed bytes that were read."""
    room: float = math.inf
    """Bytes of contents larger than `small` that are kept; further ones are skipped, and stay in the file."""
    small: float = 0
    spent: int = 0
    """Estimated memory of the objects that were made, in bytes."""
    steps: int = 0
    """Number of opcodes so far."""
    length: int = 0
    """Length of the contents that were built, written out with each shared object as often as it occurs."""

    def keeps(self, size: int) -> bool:
        """Return True if a content of a size is kept, whose memory is then taken from the room."""
        if size <= self.small:
            return True
        if size > self.room:
            return False
        self.room -= size
        return True

    def spend(self, memory: int) -> None:
        """Count memory that is taken at once.

        Raises:
            RefusedError: the file asks for more than it may.
        """
        self.spent += memory
        self.check()

    def check(self, held: int = 0) -> None:
        """Check that the file is within its limits.

        Args:
            held: memory that is taken for now, in bytes.

        Raises:
            RefusedError: it is not.
        """
        memory = self.spent + held
        if memory > _FREE + _PER_BYTE_READ * self.read + _PER_BYTE_ON_DISK * self.on_disk:
            raise RefusedError(
                f"objects that take {memory / _MB:.0f} MB in {self.read / _MB:.3g} MB of data, ten times what they hold"
            )
        if self.steps > _FREE_STEPS + max(self.read, self.on_disk) // _BYTES_PER_STEP:
            raise RefusedError(f"{self.steps} objects in {self.read / _MB:.3g} MB of data, more than an output has")


def check_key(key: object) -> None:
    """Check that a value can be a key of a dict or an element of a set without harm.

    Records are no keys, as building them changes the hash. Keys that are long, that contain many parts, or of which
    a file can hold many with the same hash, would make a dict slow.

    Raises:
        RefusedError: it cannot.
    """
    if type(key) is tuple:
        numbers = sum(isinstance(part, int | float | np.number) for part in key)
        # With two numbers, a file can choose the second one so that the hash is that of another tuple.
        if len(key) > _MOST_PARTS or numbers > 1 or any(type(part) is tuple for part in key):
            raise RefusedError("a tuple as a key that is more than a few names and one number")
        for part in key:
            check_key(part)
    elif not _is_simple(key):
        raise RefusedError(f"a {described(key)} as a key")


def _is_simple(key: object) -> bool:
    if isinstance(key, str | bytes):
        if len(key) > _LONGEST_KEY:
            raise RefusedError(f"a key of {len(key)} characters")
        return True
    if isinstance(key, int):
        return key.bit_length() < _WORD * 8 - 3
    if isinstance(key, np.number):
        return key.dtype.kind != "c" and key.dtype.itemsize <= _WORD
    return key is None or isinstance(key, float | np.bool_)
