"""Signals that ask the process to end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals by which a batch system, `kill` and a closed terminal end a process."""


class Ended(KeyboardInterrupt):
    """A signal has asked the process to end.

    It passes all places that let Ctrl-C pass: a plugin that is at work is named, and is not blamed.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number
        """Exit status by which shells know that a process ended with a signal."""


@contextmanager
def orderly_end() -> Iterator[None]:
    """End the block as Ctrl-C does when SIGTERM or SIGHUP arrives, and then the process.

    By default these signals end a process at once: its workers and temporary files would be left. A signal that is
    ignored, as after `nohup`, or that has a handler of the script, is left alone.

    Raises:
        SystemExit: a signal has arrived; its exit status is 128 and the number of the signal, as in shells.
    """
    ours = [number for number in ENDING if _sets_handlers() and signal.getsignal(number) is signal.SIG_DFL]
    arrived: list[int] = []

    def end(number: int, _: object) -> None:
        # Batch systems repeat the signal: a second one must not interrupt the cleaning.
        if not arrived:
            arrived.append(number)
            raise Ended(number)

    try:
        for number in ours:
            signal.signal(number, end)
        yield
        # Python drops an exception that comes while it destroys an object: the block has gone on to its end.
        if arrived:
            raise Ended(arrived[0])
    except Ended as ended:
        if not ours:
            raise
        raise SystemExit(ended.status) from ended
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def leave_to_parent() -> None:
    """Let Ctrl-C, which reaches all processes of the terminal, end the parent alone; only for a worker.

    The parent then ends its workers. A handler is set in place of SIG_IGN, as programs that a plugin starts would
    inherit that, and go on after Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _ignore)
    for number in ENDING:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def held() -> Iterator[None]:
    """Hold back Ctrl-C, and the signals that end the process in order, until the end of the block, which is short."""
    before: dict[int, Any] = {}
    arrived: list[int] = []
    try:
        for number in (signal.SIGINT, *ENDING):
            # A signal that is ignored, or ends the process at once, is left alone.
            if _sets_handlers() and callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, lambda number, _: arrived.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in arrived:
            signal.raise_signal(number)


def _sets_handlers() -> bool:
    """Return whether this is the main thread, the only one in which Python sets handlers and calls them."""
    return threading.current_thread() is threading.main_thread()


def _ignore(number: int, frame: object) -> None:
    """Do nothing about a signal."""
