"""Pytest fixtures for tests of plugins, which pytest finds by the entry point `pytest11`.

Pytest imports this module in every environment with datacard-core, also for tests of other projects. So it imports
datacard_core only when a test uses a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Datacard


@pytest.fixture
def datacard_output() -> dict[str, Any]:
    """Return a new small output, the result of `datacard_core.testing.small_output()`."""
    from datacard_core.testing import small_output  # noqa: PLC0415 - see the module docstring

    return small_output()


@pytest.fixture
def datacard_card() -> Callable[..., Datacard]:
    """Return the function `datacard_core.testing.small_card`.

    A test calls it as `datacard_card(*systematics, plugins=None, **changes)`.
    """
    from datacard_core.testing import small_card  # noqa: PLC0415 - see the module docstring

    return small_card
