"""Record of the call that a worker makes of a plugin, kept where it survives the death of the worker.

A plugin may end its process: a crash in C, `os._exit`, too much memory. No code of the process runs then, so the call
is written down before it is made, to memory that the process that waits for the worker shares.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable
    from typing import TypeAlias

    Journal: TypeAlias = "ctypes.Array[ctypes.c_char]"

_LONGEST = 500
"""Length of an entry in bytes."""

# Set in workers alone. Elsewhere the death of the process is seen by its caller anyway.
_kept: ContextVar[Journal | None] = ContextVar("journal", default=None)


def journal() -> Journal:
    """Return an empty journal to give to a new process."""
    from multiprocessing.sharedctypes import RawArray  # noqa: PLC0415 - slow to import, and most programs have no workers

    made: Journal = RawArray("c", _LONGEST)
    return made


def keep(given: Journal) -> None:
    """Write down the calls of plugins in this process from now on."""
    _kept.set(given)


class written_down:  # noqa: N801 - used like the contexts of contextlib
    """Write down a call while the block runs, in a process that keeps a journal."""

    __slots__ = ("_before", "_kept", "_text")

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __enter__(self) -> None:
        self._kept = _kept.get()
        if self._kept is not None:
            self._before = self._kept.value
            self._kept.value = self._text().encode("utf-8", "replace")[: _LONGEST - 1]

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.value = self._before


def last_call(given: Journal) -> str:
    """Return the call that was being made when the process ended, or ""."""
    return given.value.decode("utf-8", "replace")
