"""Work of many fits, shared among processes: the same parts whichever way it is done."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacard_core import ExecutorLike

Item = TypeVar("Item")
Result = TypeVar("Result")

# Each part carries the likelihood to its worker, and points of one part start from their neighbours.
_PARTS, _LEAST = 32, 8


def shared(
    function: Callable[..., list[Result]],
    arguments: tuple[Any, ...],
    items: Sequence[Item],
    *,
    doing: str,
    executor: ExecutorLike | None,
    jobs: int,
) -> list[Result]:
    """Return the results of a function of many items, in their order.

    Args:
        function: called with the arguments and some of the items; it returns a result for each of these.
        arguments: the first arguments.
        items: the items. Their parts do not depend on the workers, so that results do not either.
        doing: name of the work, which the progress bar shows.
        executor: a `concurrent.futures.Executor` or a `dask.distributed.Client`.
        jobs: number of processes if no executor is given.
    """
    from datacard_core import parallel  # noqa: PLC0415 - a single fit needs no workers

    size = max(_LEAST, -(-len(items) // _PARTS))
    parts = {f"{doing} {at + 1}": (*arguments, items[at : at + size]) for at in range(0, len(items), size)}
    found = parallel(function, parts, doing=doing, executor=executor, jobs=jobs)
    return list(itertools.chain.from_iterable(found.values()))
