"""Connections to a Dask cluster."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datacard_core.errors import DatacardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.execution.executors import ClusterClient

SCHEDULER_PROTOCOLS = ("tcp", "tls")
SCHEDULER_TIMEOUT = 10
"""Seconds that a scheduler has to answer."""


@contextmanager
def cluster(scheduler: str | None) -> Iterator[ClusterClient | None]:
    """Connect to a Dask cluster and yield a client of it, or yield None if no scheduler is given.

    Raises:
        DatacardError: no scheduler answers at the address, or Dask's distributed is not installed.
    """
    if scheduler is None:
        yield None
        return
    try:
        from dask.distributed import Client  # noqa: PLC0415 - an optional dependency, and slow to import
    except ImportError:
        message = "--scheduler needs Dask's distributed: python -m pip install 'datacard-core[dask]'"
        raise DatacardError(message) from None
    _check_scheduler(scheduler)
    with Client(scheduler, timeout=SCHEDULER_TIMEOUT) as client:
        yield client


def _check_scheduler(scheduler: str) -> None:
    """Connect once to the address of a scheduler.

    A Client that cannot connect is never closed, and may block the next one: the connection is tried without it.

    Raises:
        DatacardError: no scheduler answers there.
    """
    try:
        address = urlsplit(scheduler)
        if address.scheme not in SCHEDULER_PROTOCOLS or not address.hostname or not address.port:
            raise ValueError(f"the protocol is one of {', '.join(SCHEDULER_PROTOCOLS)}")
        socket.create_connection((address.hostname, address.port), timeout=SCHEDULER_TIMEOUT).close()
    except (OSError, ValueError) as error:
        message = f"no Dask scheduler answers at {scheduler!r}, expected an address such as tcp://host:8786 ({error})"
        raise DatacardError(message) from error
