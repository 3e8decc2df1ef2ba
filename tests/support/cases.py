"""Cases of one claim in one test, where a test for each would take longer than the claim itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def case(*what: object) -> Iterator[None]:
    """Add the case to an error in the block, which pytest shows below the error."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the case {', '.join(map(repr, what))}")
        raise
