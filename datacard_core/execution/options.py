"""Options of the commands whose work can be shared by several processes or a cluster."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from datacard_core.execution.dask import cluster

if TYPE_CHECKING:
    from collections.abc import Callable


def worker_options(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function of a click command with the options `--jobs` and `--scheduler`, which exclude each other.

    The function gets their values as `executor`, a client of the Dask cluster or None, and `jobs`, the number of
    processes: the arguments of `parallel`, `draw_plots`, `Analysis.build` and others.
    """

    @functools.wraps(function)
    def command(*arguments: Any, jobs: int | None, scheduler: str | None, **options: Any) -> None:
        if jobs and scheduler:
            raise click.UsageError(
                "--jobs and --scheduler exclude each other: a cluster has its own number of workers."
            )
        with cluster(scheduler) as client:
            function(*arguments, executor=client, jobs=jobs or 1, **options)

    return _JOBS(_SCHEDULER(command))


_JOBS = click.option(
    "-j", "--jobs", metavar="N", type=click.IntRange(min=1), help="Work in N processes; 1 if not given."
)
_SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on a Dask cluster; the address of its scheduler, for example tcp://host:8786.",
)
