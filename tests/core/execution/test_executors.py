"""Executors that callers bring, and values that are neither an executor nor a client."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from datacard_core import DatacardError
from datacard_core.execution.executors import executor_of

if TYPE_CHECKING:
    from datacard_core.execution.executors import Executor, ExecutorLike


@attrs.frozen
class Client:
    """A client whose executor depends on `pure`, as that of Dask's client does."""

    executors: dict[bool, Executor]

    def get_executor(self, *, pure: bool) -> Executor:
        return self.executors[pure]

    def submit(self) -> None:
        raise AssertionError("its futures are not those of concurrent.futures")


def test_executor_is_used_as_given() -> None:
    """A pool of concurrent.futures is the executor itself, for the type checker too."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        given: ExecutorLike = pool
        assert executor_of(given) is pool


def test_client_is_asked_for_its_executor() -> None:
    """The executor of a client is used, not its `submit`, and it makes equal calls again."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        given: ExecutorLike = Client({False: pool})
        assert executor_of(given) is pool


@pytest.mark.parametrize("executor", ["tcp://127.0.0.1:8786", 2, object, concurrent.futures], ids=repr)
def test_neither_executor_nor_client(executor: Any) -> None:
    """The error names the value and what was expected."""
    with pytest.raises(
        DatacardError, match=r"expected a concurrent\.futures\.Executor or a dask\.distributed\.Client"
    ) as raised:
        executor_of(executor)
    assert repr(executor) in str(raised.value)
