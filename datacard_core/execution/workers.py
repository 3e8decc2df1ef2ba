"""Calls of one function with many arguments: in this process, in processes that are started here, or on an executor."""

from __future__ import annotations

import concurrent.futures
import itertools
import multiprocessing.util
import os
import pickle
import platform
import signal
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import cloudpickle

from datacard_core.errors import DatacardError
from datacard_core.execution.executors import executor_of
from datacard_core.names import listing
from datacard_core.plugins.journal import keep, last_calls
from datacard_core.plugins.surroundings import end_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datacard_core.execution.executors import Executor, ExecutorLike

Result = TypeVar("Result")

# More calls than most machines have cores, so that a worker that is done finds the next one waiting. Not more, because
# each submitted call holds its pickled arguments, and each finished one its result; a larger cluster is not filled.
AT_ONCE = 32
"""Calls that an executor has at a time, at most."""

# As many as Dask allows by default (distributed.scheduler.allowed-failures): a call that ends its worker each time,
# by using too much memory for instance, would otherwise be repeated forever.
LOST_WORKERS = 3
"""Times that calls are repeated after the process that ran them died."""


def results(
    function: Callable[..., Result],
    calls: Mapping[str, tuple[Any, ...]],
    *,
    executor: ExecutorLike | None = None,
    jobs: int = 1,
    on_worker: Callable[..., Result] | None = None,
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Yield the result of each call as soon as it is done.

    Args:
        function: the function to call; a worker must be able to import it by name.
        calls: the arguments of each call, by its subject: the name that begins its errors.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to make the calls on.
        jobs: number of processes to start if no executor is given.
        on_worker: the function to call on workers, if it is another one.

    Yields:
        The subject of a call, and a function that returns its result or raises its error.
        An error of another type than DatacardError is raised as a DatacardError that names the worker, and so is the
        death of a worker.
    """
    if executor is not None:
        yield from _on_executor(on_worker or function, calls, executor)
    elif jobs > 1 and len(calls) > 1:
        yield from _in_processes(on_worker or function, calls, jobs)
    else:
        for about, arguments in calls.items():
            yield about, lambda about=about, arguments=arguments: _called(about, function, arguments)  # type: ignore[misc]


def _on_executor(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], executor: ExecutorLike
) -> Iterator[tuple[str, Callable[[], Result]]]:
    pool = executor_of(executor)
    try:
        for about, future in _submitted(function, calls, pool):
            yield about, lambda about=about, future=future: _result(about, future)  # type: ignore[misc]
    except concurrent.futures.BrokenExecutor as error:
        raise DatacardError(f"{listing(calls, 3)}: the executor takes no more work ({error})") from error


def _submitted(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], pool: Executor
) -> Iterator[tuple[str, concurrent.futures.Future[bytes]]]:
    """Submit all calls, `AT_ONCE` at a time, and yield the future of each one that is done."""
    waiting = iter(calls.items())
    futures: dict[concurrent.futures.Future[bytes], str] = {}
    try:
        while True:
            for about, arguments in itertools.islice(waiting, AT_ONCE - len(futures)):
                futures[_submit(pool, about, function, arguments)] = about
            if not futures:
                return
            done = _some_done(futures)
            # Popped, not iterated over: a future that stayed in `done` or `futures` would keep its result in memory.
            while done:
                future = done.pop()
                yield futures.pop(future), future
    finally:
        for future in futures:
            future.cancel()


def _some_done(futures: Mapping[concurrent.futures.Future[bytes], str]) -> set[concurrent.futures.Future[bytes]]:
    try:
        return concurrent.futures.wait(futures, return_when=concurrent.futures.FIRST_COMPLETED).done
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"waiting for {listing(futures.values(), 6)}")
        raise


def _submit(
    pool: Executor, about: str, function: Callable[..., Result], arguments: tuple[Any, ...]
) -> concurrent.futures.Future[bytes]:
    try:
        # The executor gets bytes, which every executor can carry. cloudpickle also takes what a script defines.
        # And a call that cannot be unpickled fails inside our function, with a clear error: a process pool would
        # break and report that its worker died.
        call = cloudpickle.dumps((function, arguments))
        future: concurrent.futures.Future[bytes] = pool.submit(_unpickled_and_called, about, call)
    except (concurrent.futures.BrokenExecutor, DatacardError):
        raise
    except Exception as error:
        raise DatacardError(f"{about}: cannot be given to a worker ({type(error).__name__}: {error})") from error
    return future


def _result(about: str, future: concurrent.futures.Future[bytes]) -> Any:
    try:
        result = pickle.loads(future.result())  # noqa: S301 - our worker made it
    except DatacardError:
        raise
    except Exception as error:
        # Each executor has another error for a dead worker: BrokenProcessPool is a BrokenExecutor, Dask's KilledWorker
        # is not, and cannot be imported where Dask is not installed.
        lost = isinstance(error, concurrent.futures.BrokenExecutor) or "Killed" in type(error).__name__
        what = "the worker that had it died, is its memory too small?" if lost else "it cannot be run on a worker"
        raise DatacardError(f"{about}: {what} ({type(error).__name__}: {error})") from error
    return result


def _in_processes(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], jobs: int
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Make the calls in new processes; after the death of one, repeat the unfinished calls in a new pool."""
    left = dict(calls)
    died_at: list[str] = []
    for attempt in range(1 + LOST_WORKERS):
        # One at a time at last: then the call of a plugin that was being made is the one that ended the process.
        count = min(jobs, len(left)) if attempt < LOST_WORKERS else 1
        with _processes(count, died_at) as pool, suppress(concurrent.futures.BrokenExecutor):
            for about, future in _submitted(function, dict(left), pool):
                # One death breaks the whole pool: it fails the calls of the other processes too, so all are repeated.
                if isinstance(future.exception(), concurrent.futures.BrokenExecutor):
                    continue
                del left[about]
                yield about, lambda about=about, future=future: _result(about, future)  # type: ignore[misc]
        if not left:
            return
    times = f"processes died {1 + LOST_WORKERS} times at {listing(left, 3)}"
    if died_at:
        raise DatacardError(f"{times}; the last one {listing(died_at, 3)}, which ended it")
    raise DatacardError(f"{times}: is there memory for {jobs} at a time?")


@contextmanager
def _processes(count: int, died_at: list[str]) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """Open a pool of processes; when the block ends early, calls that have not begun are cancelled.

    Args:
        count: number of processes.
        died_at: replaced by the calls of plugins that were being made when processes died.
    """
    with tempfile.TemporaryDirectory(prefix="datacard-") as directory:
        pool = concurrent.futures.ProcessPoolExecutor(count, initializer=_begin, initargs=(directory,))
        try:
            yield pool
        except KeyboardInterrupt:
            # The processes were interrupted too: to wait for their calls could take forever.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        pool.shutdown()
        died_at[:] = last_calls(directory)


def _begin(directory: str) -> None:
    """Prepare a process of the pool."""
    # Ctrl-C reaches all processes of the terminal. With Python's handler each one would print a traceback; with the
    # system's it ends silently, and this process alone reports the interruption.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    keep(directory)
    # A thread that a plugin left running, which its error names, would keep the process alive forever.
    multiprocessing.util.Finalize(None, end_threads, exitpriority=-100)


def _unpickled_and_called(about: str, call: bytes) -> bytes:
    """Make a pickled call and return its pickled result; this is the function that workers run.

    A result that cannot be pickled or read back is then an error of its call, where a pool would break.
    """
    function, arguments = _called(about, pickle.loads, (call,))
    return _called(about, pickle.dumps, (_called(about, function, arguments), pickle.HIGHEST_PROTOCOL))


def _called(about: str, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """Call a function, and raise an unexpected error with the subject of the call and the worker.

    Raises:
        DatacardError: the function raised it, or failed with an error of another type.
    """
    try:
        return function(*arguments)
    except DatacardError:
        raise
    except Exception as error:
        worker = f"process {os.getpid()} on {platform.node()}"
        raise DatacardError(f"{about}: {type(error).__name__}: {error} ({worker})") from error
