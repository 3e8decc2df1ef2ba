"""Members of classes that other code replaces: the plugin that does it is blamed, and cards name the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from datacard_core import DatacardError, Effect, PluginLoadError, Shape, hookimpl, load_plugins
from datacard_core.testing import small_card
from tests.support.plugins import kind_source

if TYPE_CHECKING:
    from tests.conftest import Install

AT_IMPORT = {
    "a method": ("datacard_core.Shape.cells = lambda self: ['9']", "datacard_core.Shape.cells"),
    "two": (
        "datacard_core.Shape.cells = 7; pluggy.HookCaller.get_hookimpls = lambda self: []",
        r"pluggy.HookCaller.get_hookimpls, datacard_core.Shape.cells",
    ),
    "pluggy": ("pluggy.PluginManager.parse_hookimpl_opts = lambda *_: None", "pluggy.PluginManager"),
    "a new one": ("datacard_core.Shape.__eq__ = lambda self, other: True", "datacard_core.Shape.__eq__"),
    "a property": ("datacard_core.Channel.rates = property(lambda self: 1)", "datacard_core.Channel.rates"),
    "deleted": ("del datacard_core.Shape.cells", "datacard_core.Shape.cells"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "said"), AT_IMPORT.values(), ids=AT_IMPORT)
def test_replaced_at_import(statement: str, said: str, install: Install) -> None:
    """The plugin is refused by its name, and the class is as before."""
    before = Shape.cells
    install("acme", f"import pluggy, datacard_core\n{statement}\n{kind_source()}")
    with pytest.raises(PluginLoadError, match=rf"plugin 'acme' \(acme 1\.0\).*{said}"):
        load_plugins("acme", "shape")
    assert Shape.cells is before
    assert "shape" in load_plugins("shape").kinds


def test_replaced_in_a_hook() -> None:
    """A plugin that is given as an object is watched too."""
    before = Effect.cells

    class Plugin:
        @hookimpl
        def datacard_checks(self) -> Any:
            Effect.cells = lambda _: []  # type: ignore[assignment,method-assign]
            return ()

    with pytest.raises(PluginLoadError, match=r"plugin 'Plugin' \(local\): it has replaced datacard_core.Effect.cells"):
        load_plugins(Plugin())
    assert Effect.cells is before


def test_pluggy_replaced_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin is blamed for a replacement that stood there before; the module that made it is named."""
    monkeypatch.setattr(pluggy.PluginManager, "register", lambda *_, **__: None)
    with pytest.raises(
        DatacardError, match=rf"code in '{__name__}' has replaced pluggy.PluginManager.register"
    ) as raised:
        load_plugins()
    assert "plugin '" not in str(raised.value)


@pytest.mark.slow
def test_card_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that is made with replaced code says so in a comment; others have no such line."""
    made = small_card()
    assert "is replaced by" not in made.content()
    monkeypatch.setattr(Shape, "cells", lambda self: ["9"] * len(self.columns))
    assert f"# datacard_core.Shape.cells is replaced by {__name__}\n" in made.content()
