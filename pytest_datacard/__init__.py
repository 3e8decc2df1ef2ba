"""Pytest fixtures for whoever tests a plugin of datacard_core, from the entry point `pytest11`.

Pytest imports this module wherever datacard-core is installed, whatever is tested there. So it imports nothing of
datacard_core until a test asks for a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Datacard


@pytest.fixture
def datacard_output() -> dict[str, Any]:
    """A small output, made for this test: `datacard_core.testing.small_output()`."""
    from datacard_core.testing import small_output  # noqa: PLC0415 - see above

    return small_output()


@pytest.fixture
def datacard_card() -> Callable[..., Datacard]:
    """What makes cards of the small output: `datacard_card(*systematics, plugins=None, **changes)`."""
    from datacard_core.testing import small_card  # noqa: PLC0415 - see above

    return small_card
