"""Executors for the tests."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Backwards(concurrent.futures.Executor):
    """An executor whose calls end in the reverse order, each when the result of the later one is taken."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.waiting: list[tuple[Taken, Callable[..., Any], tuple[Any, ...]]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> Taken:
        future = Taken(self)
        self.waiting.append((future, function, args))
        if len(self.waiting) == self.calls:
            self.end_last()
        return future

    def end_last(self) -> None:
        if self.waiting:
            future, function, args = self.waiting.pop()
            future.set_result(function(*args))


class Taken(concurrent.futures.Future[Any]):
    """A future that lets the call before it end when its result is taken."""

    def __init__(self, executor: Backwards) -> None:
        super().__init__()
        self.executor = executor

    def result(self, timeout: float | None = None) -> Any:
        found = super().result(timeout)
        self.executor.end_last()
        return found
