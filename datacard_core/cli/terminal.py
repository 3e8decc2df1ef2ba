"""Standard output and standard error of the commands."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datacard_core.errors import DatacardError, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

# Without a terminal, rich assumes 80 columns and folds names and numbers. Output to a file or a pipe is searched, and a
# folded name cannot be found. Not unlimited either: tables of many categories are still split into readable ones.
WIDTH_WITHOUT_TERMINAL = 160

_STDOUT, _STDERR = 1, 2


def show(answer: Table | str) -> None:
    """Print an answer to standard output."""
    with to_stdout():
        # Lines of text are not wrapped: a command in them can be copied as one line.
        if isinstance(answer, str):
            console().print(visible(answer), soft_wrap=True)
        else:
            console().print(answer)


def console() -> Console:
    """Return the console that answers are printed on."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, and answers in JSON never need it

    # Names are shown as they are: rich would read [clipped] as markup and :year: as an emoji.
    shown = Console(markup=False, highlight=False, emoji=False)
    if not shown.is_terminal:
        shown.width = WIDTH_WITHOUT_TERMINAL
    return shown


def open_closed_streams() -> None:
    """Open the null device in place of standard streams that are closed, as by `2>&-` in a shell.

    Otherwise the next file that is opened gets the number of the stream, and what libraries print is written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, and those below are open. Programs that a plugin starts get it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r+", encoding="utf-8"))  # noqa: SIM115 - open until the end


def escape_what_cannot_be_shown() -> None:
    """Show characters that the encoding of a stream lacks as escapes, in place of an error that ends the command.

    A sample may be named in Greek while the terminal has ASCII, and the name of a file may hold bytes of no encoding.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def program() -> str:
    """Return the command as it is typed in this shell: `datacard`, or its path where that is another program."""
    called = Path(sys.argv[0])
    found = shutil.which("datacard")
    is_found = found is not None and called.exists() and called.samefile(found)
    # A script that calls the command has another name.
    return "datacard" if is_found or called.name != "datacard" else quoted(called)


def quoted(path: Path) -> str:
    """Return a path as one word of a shell command."""
    return shlex.quote(str(path))


@contextmanager
def to_stdout() -> Iterator[None]:
    """Write to standard output; exit without a message when its reader has closed the pipe, as `| head` does.

    Raises:
        DatacardError: it cannot be written for another reason.
    """
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(1) from None
    except OSError as error:
        raise DatacardError(f"standard output cannot be written ({error.strerror})") from error


def remark(*lines: str) -> None:
    """Print lines to standard error; if that cannot be written, the command goes on."""
    with suppress(OSError):
        for line in lines:
            click.echo(line, err=True)


def drop_what_cannot_be_written() -> None:
    """Write what is in the buffers of the standard streams, or send it to the null device if that fails.

    Otherwise it is tried again when a process is started, which then fails, and when the interpreter ends, which then
    prints an error.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
        except ValueError:  # A script has closed it.
            continue


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send all output of the block to standard error, so that standard output holds the answer alone."""
    with redirect_stdout(sys.stderr), _descriptor_to_stderr():
        yield


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """Redirect the file descriptor too, which C libraries and other processes write to."""
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # It is closed: there is no output to redirect.
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
    # Text in the buffer is written to where the descriptor points when it is flushed, not when it was printed.
    if sys.__stdout__ is not None:
        with suppress(OSError, ValueError):
            sys.__stdout__.flush()
