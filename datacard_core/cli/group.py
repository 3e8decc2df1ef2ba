"""The group of commands: how an error is shown, and what all commands have in common."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from datacard_core.cli.terminal import (
    drop_what_cannot_be_written,
    escape_what_cannot_be_shown,
    open_closed_streams,
    remark,
)
from datacard_core.cli.verbs import Verbs, short_help, summary
from datacard_core.errors import DatacardError, visible, with_type
from datacard_core.execution.signals import Ended, orderly_end
from datacard_core.plugins.discovery import look
from datacard_core.plugins.surroundings import end_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DEBUG = f"{__name__}.debug"
_FAILURE = f"{__name__}.failure"


class Failure(click.ClickException):
    """The message that is shown in place of a traceback."""


class Unable(Failure):
    """The failure of a command whose status 1 is an answer, such as that of `diff`: a difference."""

    exit_code = 2


class CommandGroup(click.Group):
    """A group that shows the error of a command as one message, and its traceback only with --debug.

    Distributions add verbs by entry points. A verb is imported only when it is called.
    """

    def __init__(self, *args: Any, own: Mapping[str, str], **kwargs: Any) -> None:
        # click's annotation is a mapping that can be changed, which its decorators do that are not used here.
        kwargs["commands"] = Verbs(own)
        super().__init__(*args, **kwargs)
        self.own = own

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with a short help, those of other distributions with the distribution's name."""
        limit = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        rows = [(name, short_help(place, limit)) for name, place in self.own.items()]
        rows += [(verb.name, summary(verb, limit)) for verb in look().commands if verb.name not in self.own]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command.

        Raises:
            Failure: the command failed; click prints its message and exits with its status.
            SystemExit: a signal has asked the process to end.
        """
        try:
            with orderly_end():
                return _invoked(super().invoke, ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            failure: type[Failure] = ctx.meta.get(_FAILURE, Failure)
            if ctx.meta.get(_DEBUG):
                traceback.print_exc()
                ctx.exit(failure.exit_code)
            raise failure(message(error)) from error

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command as a program, which ends although a plugin has left a thread running."""
        open_closed_streams()
        escape_what_cannot_be_shown()
        try:
            return super().main(*args, **kwargs)
        except (OSError, DatacardError) as error:
            # Of the help, which click prints before it calls a command: the stream, or the search for verbs.
            remark(f"Error: {message(error)}")
            drop_what_cannot_be_written()
            sys.exit(1)
        except SystemExit as end:
            drop_what_cannot_be_written()
            # The error has named the thread and its plugin, and Python would wait for it.
            end_threads(end.code if isinstance(end.code, int) else 1)
            raise


def _invoked(invoke: Callable[[click.Context], Any], ctx: click.Context) -> Any:
    """Call a command, and tell what was interrupted."""
    try:
        return invoke(ctx)
    except KeyboardInterrupt as interrupt:
        remark(*(f"interrupted: {note}" for note in getattr(interrupt, "__notes__", ())))
        if isinstance(interrupt, Ended):
            remark(f"Ended by {interrupt}.")
        raise


def _remember_debug(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        ctx.meta[_DEBUG] = True


# Every command has the option, not only the group: after an error, a user adds --debug at the end of the line.
debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show the traceback of an error."
)
"""Option of the group and of each command; both places mean the same."""


def fail_as(failure: type[Failure]) -> None:
    """Let the running command fail with the status of a class."""
    click.get_current_context().meta[_FAILURE] = failure


def examples(*lines: str) -> str:
    """Return command lines as the examples that end a help page."""
    # \b is click's mark for a paragraph whose lines are not rewrapped.
    return "\b\n" + "\n".join(("Examples:" if lines[1:] else "Example:", *(f"  datacard {line}" for line in lines)))


def message(error: Exception) -> str:
    """Return the text of an error for the terminal, with its notes."""
    return visible(_text(error))


def _text(error: Exception) -> str:
    notes = "".join(f"\n  ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, DatacardError):
        return f"{error}{notes}"
    # Its str() begins with a number: "[Errno 13] Permission denied".
    if isinstance(error, OSError) and error.strerror:
        return (f"{error.strerror}: {error.filename}" if error.filename else error.strerror) + notes
    return f"{with_type(error)}{notes}\nThis is unexpected; run again with --debug to see where."
