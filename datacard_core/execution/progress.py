"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(doing: str, steps: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar, and yield a function to call after each step.

    The bar goes to standard error, and only if that is a terminal: log files get no control characters.
    """
    if not _is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and scripts on a batch system never need it
    from rich.progress import Progress  # noqa: PLC0415

    # Transient: the bar disappears when the work is done, and the terminal keeps results and errors only.
    # Without automatic refreshing, which is a thread: processes are forked meanwhile, and would inherit its locks.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(doing, total=steps)
        yield lambda: bar.update(task, advance=1, refresh=True)


def _is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; a standard stream is None if it was closed when Python started."""
    return stream is not None and not stream.closed and stream.isatty()
