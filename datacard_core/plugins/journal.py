"""Record of the call that a worker makes of a plugin, kept where it survives the death of the worker.

A plugin may end its process: a crash in C, `os._exit`, too much memory. No code of the process runs then, so the call
is written down before it is made, to a file that the process that waits for the worker reads.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST = 500
"""Length of an entry in bytes."""

# Set in workers alone. Elsewhere the death of the process is seen by its caller anyway.
_open_file: ContextVar[int | None] = ContextVar("journal", default=None)


def keep(directory: str) -> None:
    """Write down the calls of plugins in this process from now on, to a file of the directory."""
    _open_file.set(os.open(Path(directory) / str(os.getpid()), os.O_RDWR | os.O_CREAT))


@contextmanager
def written_down(text: Callable[[], str]) -> Iterator[None]:
    """Write down a call while the block runs, in a process that keeps a journal."""
    file = _open_file.get()
    if file is None:
        yield
        return
    before = os.pread(file, _LONGEST, 0) if os.fstat(file).st_size else b" " * _LONGEST
    os.pwrite(file, text().encode("utf-8", "replace")[:_LONGEST].ljust(_LONGEST), 0)
    try:
        yield
    finally:
        os.pwrite(file, before, 0)


def last_calls(directory: str) -> list[str]:
    """Return the calls that were being made when the processes ended, each once."""
    texts = [path.read_text(encoding="utf-8", errors="replace").strip() for path in sorted(Path(directory).iterdir())]
    return list(dict.fromkeys(filter(None, texts)))
