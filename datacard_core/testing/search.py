"""Looking for an input that breaks something: by hand first, then with what hypothesis draws and makes smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis.strategies import SearchStrategy

Input = TypeVar("Input")

SMALLER = 200
"""How many inputs are tried to find a smaller one that fails too: counted, as equal runs must end equally."""


class _EnoughError(BaseException):
    """Goes past hypothesis, which would go on for minutes."""


def search(
    inputs: SearchStrategy[Input], body: Callable[[Input], None], *, first: Iterable[Input] = (), most: int
) -> None:
    """Call `body` with inputs until one fails, and raise what it raised for the smallest that was found.

    Nothing here depends on the clock, and what is found is kept nowhere: equal plugins fail equally.

    Args:
        inputs: what else to try.
        body: raises what is wrong.
        first: what to try before.
        most: how many of the others.
    """
    for one in first:
        body(one)
    failures: list[Exception] = []
    tried = 0

    @settings(
        max_examples=most,
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
        # Hypothesis has an error of its own for what fails only at times, which says less.
        if not failures:
            raise
    if failures:
        # Of those that look equally small the last: it is the one that was made smaller.
        raise min(reversed(failures), key=lambda failure: len(str(failure)))
