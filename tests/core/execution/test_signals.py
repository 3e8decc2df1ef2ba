"""Signals that ask the process to end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from datacard_core.execution.signals import ENDING, Ended, held, leave_to_parent, orderly_end

if TYPE_CHECKING:
    from collections.abc import Iterator

every_signal = pytest.mark.parametrize("number", ENDING, ids=lambda number: signal.Signals(number).name)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of this process are as before after each test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@every_signal
def test_block_is_cleaned_up(number: int) -> None:
    """The block sees an interrupt, and the process then ends with the status that shells use for the signal."""
    signal.signal(number, signal.SIG_DFL)
    seen: list[str] = []

    @orderly_end()
    def work() -> None:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt as interrupt:
            seen.append(str(interrupt))
            os.kill(os.getpid(), number)  # Repeated: the cleaning goes on.
            seen.append("cleaned")
            raise

    with pytest.raises(SystemExit) as raised:
        work()
    assert seen == [signal.Signals(number).name, "cleaned"]
    assert raised.value.code == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL


@every_signal
def test_interrupt_that_is_dropped(number: int) -> None:
    """A signal whose interrupt is lost in the block, as Python may do, ends the process after the block."""
    signal.signal(number, signal.SIG_DFL)
    with pytest.raises(SystemExit) as raised, orderly_end(), contextlib.suppress(Ended):
        os.kill(os.getpid(), number)
    assert raised.value.code == 128 + number


@every_signal
def test_inner_block_leaves_it_to_outer(number: int) -> None:
    """The outermost block alone turns the signal into the end of the process."""
    signal.signal(number, signal.SIG_DFL)
    seen: list[BaseException] = []

    @orderly_end()
    def outer() -> None:
        try:
            with orderly_end():
                os.kill(os.getpid(), number)
        except BaseException as error:
            seen.append(error)
            raise

    with pytest.raises(SystemExit):
        outer()
    assert [type(error) for error in seen] == [Ended]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "of the script"])
def test_other_handlers_stay(handler: signal.Handlers) -> None:
    """A signal that is ignored, as after nohup, or that has a handler, does not end the block."""
    for number in ENDING:
        signal.signal(number, handler)
    with orderly_end():
        assert [signal.getsignal(number) for number in ENDING] == [handler] * len(ENDING)
        for number in ENDING:
            os.kill(os.getpid(), number)


def test_other_threads() -> None:
    """In a thread, where Python sets no handlers, the block is run as it is."""
    done: list[object] = []

    def run() -> None:
        with orderly_end():
            done.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done == [before]


def test_worker_ignores_ctrl_c() -> None:
    """Ctrl-C does nothing in a worker, and the signals that end its parent end it as the system does."""
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    leave_to_parent()
    os.kill(os.getpid(), signal.SIGINT)
    assert [signal.getsignal(number) for number in ENDING] == [signal.SIG_DFL] * len(ENDING)


def test_held_signal_arrives_later() -> None:
    """A signal that arrives in the block is delivered after it."""
    arrived: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: arrived.append(number))
    with held():
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        inside = list(arrived)
    assert (inside, arrived) == ([], [signal.SIGTERM])
