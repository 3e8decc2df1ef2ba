"""Calls of one function with many arguments: in this process, in processes that are started here, or on an executor."""

from __future__ import annotations

import concurrent.futures
import itertools
from collections import Counter, deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from datacard_core.errors import DatacardError
from datacard_core.execution.calls import called, pack, result, unpack_and_call, unpack_result
from datacard_core.execution.executors import executor_of
from datacard_core.execution.processes import workers
from datacard_core.names import listing

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
"""Times that a call is repeated after the process that made it died."""


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
            yield about, lambda about=about, arguments=arguments: called(about, function, arguments)  # type: ignore[misc]


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
    call = pack(about, function, arguments)
    try:
        future: concurrent.futures.Future[bytes] = pool.submit(unpack_and_call, about, call)
    except (concurrent.futures.BrokenExecutor, DatacardError):
        raise
    except Exception as error:
        raise DatacardError(f"{about}: cannot be given to a worker ({type(error).__name__}: {error})") from error
    return future


def _result(about: str, future: concurrent.futures.Future[bytes]) -> Any:
    try:
        content = future.result()
    except DatacardError:
        raise
    except Exception as error:
        # Each executor has another error for a dead worker: BrokenProcessPool is a BrokenExecutor, Dask's KilledWorker
        # is not, and cannot be imported where Dask is not installed.
        lost = isinstance(error, concurrent.futures.BrokenExecutor) or "Killed" in type(error).__name__
        what = "the worker that had it died, is its memory too small?" if lost else "it cannot be run on a worker"
        raise DatacardError(f"{about}: {what} ({type(error).__name__}: {error})") from error
    return unpack_result(about, content)


def _in_processes(
    function: Callable[..., Result], calls: Mapping[str, tuple[Any, ...]], jobs: int
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Make the calls in new processes; the call of a process that dies is made again in another one."""
    left, deaths = deque(calls), Counter[str]()
    with workers(min(jobs, len(calls))) as pool:

        def may_begin(about: str) -> bool:
            # The last try of a call is made alone: the memory may be too small for several.
            beside = [str(worker.about) for worker in pool.busy()]
            return not beside or all(deaths[name] < LOST_WORKERS for name in (about, *beside))

        def give() -> None:
            while left and may_begin(left[0]) and (worker := pool.free()):
                about = left.popleft()
                worker.give(about, pack(about, function, calls[about]))

        give()
        while pool.busy():
            for worker in pool.ready():
                about, answer = worker.take()
                if answer is None:
                    pool.drop(worker)
                    deaths[about] += 1
                    if deaths[about] > LOST_WORKERS:
                        raise DatacardError(_given_up(about, worker.last_call()))
                    # First: a fault that every call has is then told before all calls were tried.
                    left.appendleft(about)
                # Before the result is used here, which may take long.
                give()
                if answer is not None:
                    yield about, partial(result, about, answer)


def _given_up(about: str, last_call: str) -> str:
    times = f"processes died {1 + LOST_WORKERS} times at {about}"
    if last_call:
        return f"{times}; the last one {last_call}, which ended it"
    return f"{times}, the last time alone: is there memory for it?"
