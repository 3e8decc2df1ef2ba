"""Executors that callers bring: pools of `concurrent.futures`, and clients of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeAlias, TypeVar, cast

from datacard_core.arguments import shown
from datacard_core.errors import DatacardError

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Executor(Protocol):
    """A pool of workers with the `submit` of `concurrent.futures.Executor`."""

    def submit(
        self, function: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> concurrent.futures.Future[Result]:
        """Call a function on a worker, and return the future of its result."""


class ClusterClient(Protocol):
    """A client that has an executor for the workers of its cluster, as `dask.distributed.Client` does."""

    def get_executor(self, *, pure: bool) -> Executor:
        """Return an executor; with `pure`, equal calls may be made once."""


ExecutorLike: TypeAlias = Executor | ClusterClient
"""An executor, or a client that has one: the values that the argument `executor` takes."""


def executor_of(given: ExecutorLike) -> Executor:
    """Return the executor that was given, or that of the client that was given.

    Raises:
        DatacardError: it is neither an executor nor a client.
    """
    found: object = given
    if hasattr(given, "get_executor"):
        # A client also has a `submit`, but its futures are Dask's own: `concurrent.futures.wait` cannot wait for them.
        # With pure=True, Dask would return the remembered result of an equal call, although its files may have changed.
        found = given.get_executor(pure=False)
    if not callable(getattr(found, "submit", None)):
        raise DatacardError(
            f"executor is {shown(found)}, expected a concurrent.futures.Executor or a dask.distributed.Client"
        )
    return cast("Executor", found)
