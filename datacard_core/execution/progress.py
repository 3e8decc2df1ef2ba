"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(doing: str, steps: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar, and yield a function to call after each step.

    The bar goes to standard error, and only if that is a terminal: log files get no control characters.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and scripts on a batch system never need it
    from rich.progress import Progress  # noqa: PLC0415

    # Transient: the bar disappears when the work is done, and the terminal keeps results and errors only.
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=steps)
        yield lambda: bar.advance(task)
