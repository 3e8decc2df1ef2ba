"""Reaching a Dask cluster."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from datacard_core.errors import DatacardError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEDULER_PROTOCOLS = ("tcp", "tls")
SCHEDULER_TIMEOUT = 10
"""How many seconds a scheduler has to answer."""


@contextmanager
def cluster(scheduler: str | None) -> Iterator[Any]:
    """A client of a Dask cluster, or None where none is named.

    Raises:
        DatacardError: nobody answers, or Dask's distributed is not installed.
    """
    if scheduler is None:
        yield None
        return
    try:
        from dask.distributed import Client  # noqa: PLC0415 - only who has a cluster needs it
    except ImportError:
        message = "--scheduler needs Dask's distributed: python -m pip install 'datacard-core[dask]'"
        raise DatacardError(message) from None
    _knock(scheduler)
    with Client(scheduler, timeout=SCHEDULER_TIMEOUT) as client:
        yield client


def _knock(scheduler: str) -> None:
    """Look whether somebody is there: a Client that finds nobody is never closed, and may block the next one."""
    try:
        address = urlsplit(scheduler)
        if address.scheme not in SCHEDULER_PROTOCOLS or not address.hostname or not address.port:
            raise ValueError(f"the protocol is one of {', '.join(SCHEDULER_PROTOCOLS)}")
        socket.create_connection((address.hostname, address.port), timeout=SCHEDULER_TIMEOUT).close()
    except (OSError, ValueError) as error:
        message = f"no Dask scheduler answers at {scheduler!r}, expected an address such as tcp://host:8786 ({error})"
        raise DatacardError(message) from error
