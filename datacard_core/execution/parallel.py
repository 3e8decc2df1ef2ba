"""Many calls of one function with a progress bar, on what the caller has: for plugins that have work to share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from datacard_core.arguments import given_count
from datacard_core.execution.progress import progress
from datacard_core.execution.workers import results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacard_core.execution.executors import ExecutorLike

Result = TypeVar("Result")


def parallel(
    function: Callable[..., Result],
    calls: Mapping[str, tuple[Any, ...]],
    *,
    doing: str,
    executor: ExecutorLike | None = None,
    jobs: int = 1,
) -> dict[str, Result]:
    """Return the results of calls by their subjects, in the order of the calls, with a progress bar on a terminal.

    Args:
        function: the function to call; a worker must be able to import it by name.
        calls: the arguments of each call, by its subject: the name that begins its errors.
        doing: name of the work, which the progress bar shows.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client` to make the calls on.
        jobs: number of processes to start if no executor is given.

    Raises:
        DatacardError: a call failed with an unexpected error, or a worker died. Other errors of a call are raised as
            they are.
    """
    found: dict[str, Result] = {}
    with progress(doing, len(calls)) as advance:
        for about, result in results(function, calls, executor=executor, jobs=given_count("jobs", jobs)):
            found[about] = result()
            advance()
    return {about: found[about] for about in calls}
