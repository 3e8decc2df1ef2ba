"""Standard output and standard error: what goes where, and readers that leave."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

WIDTH_WITHOUT_TERMINAL = 160
"""Where nobody looks, tables are not folded to the 80 columns that rich assumes."""

_STDOUT, _STDERR = 1, 2


def say(what: Table | str) -> None:
    """Print an answer."""
    with readers_may_leave():
        console().print(what, soft_wrap=isinstance(what, str))


def console() -> Console:
    """Where answers are printed."""
    # names are shown as they are: rich would take [clipped] for markup and :year: for an emoji
    shown = Console(markup=False, highlight=False, emoji=False)
    if not shown.is_terminal:
        shown.width = WIDTH_WITHOUT_TERMINAL
    return shown


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """End in silence where `| head` has seen enough."""
    try:
        yield
    except BrokenPipeError:
        # what is still in the buffers has nobody to go to, and the interpreter would complain about it at its end
        with Path(os.devnull).open("wb") as nowhere:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere.fileno(), stream.fileno())
        raise click.exceptions.Exit(1) from None


@contextmanager
def aside() -> Iterator[None]:
    """Send what others print to standard error: standard output is for the answer alone."""
    with redirect_stdout(sys.stderr), _descriptors_aside():
        yield


@contextmanager
def _descriptors_aside() -> Iterator[None]:
    """The same for what goes round sys.stdout, such as what another process prints."""
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # closed, so that nothing can be printed there
        yield
        return
    try:
        _flush()
        with suppress(OSError):
            os.dup2(_STDERR, _STDOUT)
        yield
    finally:
        _flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)


def _flush() -> None:
    # what is in the buffer goes to where the descriptor leads when it is flushed
    if sys.__stdout__ is not None:
        with suppress(OSError, ValueError):
            sys.__stdout__.flush()
