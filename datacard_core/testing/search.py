"""Search for an input that makes a test fail with hypothesis, which draws and shrinks inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

Input = TypeVar("Input")

SMALLER = 200
"""Number of inputs that are tried after the first failure. A time limit would make equal runs end differently."""


class _EnoughError(BaseException):
    """End of the shrinking. Hypothesis catches Exceptions and would shrink for minutes, so this is not an Exception."""


def search(inputs: SearchStrategy[Input], body: Callable[[Input], object], *, most: int) -> None:
    """Call a function with inputs until one fails, and raise the failure of the smallest input found.

    The search uses neither a clock nor a database, so equal plugins fail equally.

    Args:
        inputs: strategy that hypothesis draws inputs from.
        body: the function, which raises an exception to fail.
        most: largest number of inputs to draw; fewer are drawn where the profile of hypothesis has fewer examples.
    """
    failures: list[Exception] = []
    tried = 0

    @settings(
        max_examples=min(most, settings().max_examples),
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(inputs)
    def run(one: Input) -> None:
        nonlocal tried
        tried += bool(failures)
        if tried > SMALLER:
            raise _EnoughError
        try:
            body(one)
        except Exception as failure:
            failures.append(failure)
            raise

    try:
        run()
    except (Exception, _EnoughError):
        # For a test that fails only sometimes hypothesis raises Flaky, which says less than the failure itself.
        if not failures:
            raise
    if failures:
        # The message shows the input, so the shortest message has the smallest one. Of equally short messages the
        # last is taken, because hypothesis shrinks from failure to failure.
        raise min(reversed(failures), key=lambda failure: len(str(failure)))
