"""Options that an analysis selects a plugin with: who gets them, where they show, and what is refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Normalisation,
    PluginCallError,
    PluginLoadError,
    SystematicKind,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from tests.support.cases import case
from tests.support.outputs import card, rows, signal_and_ttbar
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.conftest import Install

SOURCE = """
    import numpy as np
    from datacard_core import Normalisation, SystematicKind, hookimpl

    requires_api = ">=1.1,<2"
    options = {"factor": "the factor", "years": "data-taking years"}

    class Fixed(SystematicKind):
        typ = "fixed"
        def __init__(self, factor):
            self.factor = factor
        def effects(self, target):
            return [Normalisation(target.positions, np.full(len(target.positions), self.factor))]

    class Configured:
        def __init__(self, options):
            self.options = options
        @hookimpl
        def datacard_systematic_kinds(self):
            return [Fixed(float(self.options.get("factor", 1.5)))]

    def configured(options):
        return Configured(options)
"""


class Fixed(SystematicKind):
    """A factor that the selection gives."""

    typ = "fixed"

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def effects(self, target: Target) -> Iterable[Normalisation]:
        yield Normalisation(target.positions, np.full(len(target.positions), self.factor))


class Acme:
    """A plugin as an object, with an option."""

    options = {"factor": "the factor"}  # noqa: RUF012 - never changed

    def configured(self, options: Mapping[str, Any]) -> Provider:
        return Provider("made", Fixed(1 / options["factor"]))


def selected(*plugins: Any) -> Any:
    """Return the cells of a nuisance of the kind that the plugins bring, and the comments of the card."""
    fixed = SystematicUncertainty("mine", "fixed", ["ttbar"], ["2022"], 1.0)
    made = card(
        signal_and_ttbar(nominal=[10, 20, 30]),
        fixed,
        plugins=load_plugins(*DEFAULT_PLUGINS, *plugins),
        mcstat=False,
    )
    return rows(made.content())["mine"][-1], [line for line in made.content().splitlines() if line.startswith("# pl")]


@pytest.mark.slow
def test_options_of_an_installed_plugin(install: Install) -> None:
    """The plugin is made with its options, and the card names them, sorted."""
    install("acme", SOURCE)
    cell, comments = selected(("acme", {"years": ["2022", "2023"], "factor": 1.25}))
    assert cell == "1.25"
    assert comments[0] == "# plugins of acme 1.0: acme(factor=1.25, years=('2022', '2023'))"
    assert selected(("acme", {"factor": 1.25, "years": ("2022", "2023")})) == (cell, comments)


@pytest.mark.slow
def test_plugin_without_given_options(install: Install) -> None:
    """A plugin that has options is made with none if none are given."""
    install("acme", SOURCE)
    assert selected("acme") == selected(("acme", {}))
    assert selected("acme")[1][0] == "# plugins of acme 1.0: acme"


@pytest.mark.slow
def test_options_in_another_process(install: Install) -> None:
    """The options travel with the selection."""
    install("acme", SOURCE)
    for plugin in ("acme", Acme()):
        plugins = load_plugins("lnn", (plugin, {"factor": 4.0}))
        again = pickle.loads(pickle.dumps(plugins))
        assert again.options == plugins.options
        before: Any = plugins.kind("fixed").value
        after: Any = again.kind("fixed").value
        assert after.factor == before.factor


@pytest.mark.slow
def test_options_of_an_object() -> None:
    """A plugin that is given as an object may have options too."""
    cell, comments = selected((Acme(), {"factor": 0.8}))
    assert cell == "1.25"
    assert comments[-1] == "# plugins of the analysis itself: Acme(factor=0.8)"


def test_refused_options() -> None:
    """Options that the plugin does not have, and values that no card could name, are refused with the plugin's name."""
    cases: list[tuple[Any, Any, str]] = [
        (Acme(), {"fctor": 1.0}, "has no option 'fctor' (did you mean 'factor'?)"),
        ("lnn", {"factor": 1.0}, "plugin 'lnn' (datacard-core 0.1.0): takes no options, and is selected with 'factor'"),
        (Acme(), {"factor": object}, "option 'factor', <class 'object'>: expected text, numbers, lists or dicts"),
        (Acme(), {1: 2.0}, "option 1, 2.0: expected text"),
    ]
    for plugin, options, message in cases:
        with case(plugin, options, message):
            with pytest.raises(PluginLoadError) as raised:
                load_plugins(*(name for name in DEFAULT_PLUGINS if name != plugin), (plugin, options))
            assert message in str(raised.value)


def test_plugin_that_refuses_options() -> None:
    """An error of the plugin about its options is attributed, with the options."""
    with pytest.raises(PluginCallError, match=r"plugin 'Acme' \(local\): .* making it with factor=0\.0"):
        load_plugins(*DEFAULT_PLUGINS, (Acme(), {"factor": 0.0}))
