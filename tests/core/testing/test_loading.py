"""Tests of the loading of a plugin by the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from datacard_core import SystematicKind, hookimpl
from datacard_core.testing import assert_plugin
from tests.support.conformance import CALLS, Factor, Gamma, Rates, failure
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import Install


class Fickle:
    """Plugin that contributes another kind at each call."""

    __name__ = "fickle"

    @hookimpl
    def datacard_systematic_kinds(self) -> Iterable[SystematicKind]:
        return (Factor(), Gamma())[next(CALLS) % 2 :][:1]


def test_plugin_without_objects() -> None:
    """A plugin that contributes no object is reported with the hooks that there are."""
    assert "that it contributes an object from at least one of datacard_systematic_kinds" in failure(Provider("acme"))


def test_other_objects_each_time() -> None:
    """A plugin that contributes other objects each time is reported."""
    assert "that it contributes the same each time it is loaded" in failure(Fickle())


def test_plugin_that_does_not_load(install: Install) -> None:
    """A plugin that does not load is reported with the cause."""
    install("acme", "raise SystemExit(3)")
    with pytest.raises(AssertionError, match="a plugin that loads alone\n  instead: PluginLoadError") as raised:
        assert_plugin("acme")
    assert isinstance(raised.value.__cause__.__cause__, SystemExit)  # type: ignore[union-attr]


@pytest.mark.slow
def test_conflict_with_the_built_in_set() -> None:
    """A plugin with the typ of a built-in kind is reported."""

    class Taken(Factor):
        typ: ClassVar[str] = "lnN"

    said = failure(Provider("acme", Taken()))
    assert "that loads with the built-in set" in said
    assert "SystematicKind 'lnN' is also provided by plugin" in said


class Evaporating(Provider):
    """Plugin that loses a check on its way to another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Provider, (self.__name__, Factor())


@pytest.mark.slow
def test_other_objects_from_the_pickle() -> None:
    """A plugin that contributes other objects after pickling is reported."""
    assert "the same plugins from their pickle" in failure(Evaporating("acme", Factor(), Rates()))
