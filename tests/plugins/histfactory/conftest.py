"""The library pyhf: its import takes a second, which the collection of tests does not need."""

from __future__ import annotations

import importlib
from typing import Any

import pytest


@pytest.fixture(scope="session")
def pyhf() -> Any:
    """Return the module."""
    return importlib.import_module("pyhf")
