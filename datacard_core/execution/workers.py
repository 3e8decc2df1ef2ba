"""Calling a function many times, here or elsewhere: in this process, in processes of our own, or on an executor."""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import pickle
import platform
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import cloudpickle

from datacard_core.errors import DatacardError
from datacard_core.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Result = TypeVar("Result")

AT_ONCE = 32
"""How many calls an executor has at a time."""

LOST_WORKERS = 3
"""How often work is given out again after the worker that had it died."""


def results(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], *, executor: Any = None, jobs: int = 1
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Call a function with each of several arguments.

    Args:
        function: importable by name where it runs.
        calls: its arguments, by what they are about: the name that errors have in front.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to call it on.
        jobs: without an executor, in how many processes.

    Yields:
        What each is about, and a way to get its result or raise its error, in the order in which they are done.
        The error of a dead worker is a DatacardError, and so is every other one that the function did not raise on
        purpose: it names the worker.
    """
    if executor is not None:
        yield from _on_executor(function, calls, executor)
    elif jobs > 1 and len(calls) > 1:
        yield from _in_processes(function, calls, jobs)
    else:
        for about, arguments in calls.items():
            yield about, lambda about=about, arguments=arguments: _called(about, function, arguments)  # type: ignore[misc]


def _on_executor(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], executor: Any
) -> Iterator[tuple[str, Callable[[], Result]]]:
    # Dask's client has an executor like everybody's; a call whose worker dies is made again there.
    pool = executor.get_executor(pure=False) if hasattr(executor, "get_executor") else executor
    if not callable(getattr(pool, "submit", None)):
        raise DatacardError(
            f"executor is {executor!r}, expected a concurrent.futures.Executor or a dask.distributed.Client"
        )
    try:
        for about, future in _submitted(function, calls, pool):
            yield about, lambda about=about, future=future: _result(about, future)  # type: ignore[misc]
    except concurrent.futures.BrokenExecutor as error:
        raise DatacardError(f"{listing(calls, 3)}: the executor takes no more work ({error})") from error


def _submitted(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], pool: Any
) -> Iterator[tuple[str, concurrent.futures.Future[Result]]]:
    waiting = iter(calls.items())
    futures: dict[concurrent.futures.Future[Result], str] = {}
    try:
        while True:
            # Calls and results may be large: no more are made than are soon used, and what is given away is forgotten.
            for about, arguments in itertools.islice(waiting, AT_ONCE - len(futures)):
                futures[_submit(pool, about, function, arguments)] = about
            if not futures:
                return
            done, _ = concurrent.futures.wait(futures, return_when=concurrent.futures.FIRST_COMPLETED)
            while done:
                future = done.pop()
                yield futures.pop(future), future
    finally:
        for future in futures:
            future.cancel()


def _submit(
    pool: Any, about: str, function: Callable[..., Result], arguments: tuple[Any, ...]
) -> concurrent.futures.Future[Result]:
    try:
        # Unpickled by ourselves: what fails then is an error of ours, and not the executor's guess at one.
        future: concurrent.futures.Future[Result] = pool.submit(
            _unpickled_and_called, about, cloudpickle.dumps((function, arguments))
        )
    except concurrent.futures.BrokenExecutor:
        raise
    except Exception as error:
        raise DatacardError(f"{about}: cannot be given to a worker ({type(error).__name__}: {error})") from error
    return future


def _result(about: str, future: concurrent.futures.Future[Result]) -> Result:
    try:
        return future.result()
    except DatacardError:
        raise
    except Exception as error:
        # Each executor has its own way to say that a worker died: BrokenProcessPool, KilledWorker, ...
        lost = isinstance(error, concurrent.futures.BrokenExecutor) or "Killed" in type(error).__name__
        what = "the worker that had it died, is its memory too small?" if lost else "it cannot be run on a worker"
        raise DatacardError(f"{about}: {what} ({type(error).__name__}: {error})") from error


def _in_processes(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], jobs: int
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """In processes of our own: where one dies, what is left is given to new ones."""
    left = dict(calls)
    for _ in range(1 + LOST_WORKERS):
        with _processes(min(jobs, len(left))) as pool, suppress(concurrent.futures.BrokenExecutor):
            for about, future in _submitted(function, dict(left), pool):
                if isinstance(future.exception(), concurrent.futures.BrokenExecutor):
                    continue
                del left[about]
                yield about, lambda about=about, future=future: _result(about, future)  # type: ignore[misc]
        if not left:
            return
    raise DatacardError(
        f"processes died {1 + LOST_WORKERS} times at {listing(left, 3)}: is there memory for {jobs} at a time?"
    )


@contextmanager
def _processes(count: int) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A pool that begins nothing new once it is left."""
    # Whoever interrupts has no use for a traceback of every process.
    pool = concurrent.futures.ProcessPoolExecutor(
        count, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL)
    )
    try:
        yield pool
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _unpickled_and_called(about: str, call: bytes) -> Any:
    """What a worker does."""
    function, arguments = _called(about, pickle.loads, (call,))
    return _called(about, function, arguments)


def _called(about: str, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """Call a function, so that whatever fails says what it was about and where."""
    try:
        return function(*arguments)
    except DatacardError:
        raise
    except Exception as error:
        worker = f"process {os.getpid()} on {platform.node()}"
        raise DatacardError(f"{about}: {type(error).__name__}: {error} ({worker})") from error
