"""Plots for the tests: as objects, and as the source of a distribution to install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from datacard_core import DEFAULT_PLUGINS, Analysis, Category, Plot, Systematics, load_plugins
from tests.support import outputs
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacard_core import Cards, Channel, Datacard, Plugins


class Yields(Plot):
    """The rates, as text."""

    name: ClassVar[str] = "yields"
    suffix: ClassVar[str] = ".txt"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(" ".join(f"{rate:g}" for rate in channel.rates))


class Names(Plot):
    """The columns, in the usual format."""

    name: ClassVar[str] = "names"

    def draw(self, channel: Channel, path: Path) -> None:
        path.write_text(" ".join(column.name for column in channel.columns))


class Calling(Plot):
    """A plot that calls a function of the test."""

    name: ClassVar[str] = "calling"

    def __init__(self, function: Callable[[Channel, Path], object]) -> None:
        self.function = function

    def draw(self, channel: Channel, path: Path) -> None:
        self.function(channel, path)


PLUGIN = """
    from datacard_core import Plot, hookimpl

    class Sketch(Plot):
        name = {name}
        suffix = {suffix}

        def draw(self, channel, path):
            {body}

    @hookimpl
    def datacard_plots():
        return [Sketch()]
"""


def with_plots(*plots: Any) -> Plugins:
    """Return the built-in set but for its plots, and those of a plugin `mine` or of distributions."""
    installed = [name for name in plots if isinstance(name, str)]
    objects = [plot for plot in plots if not isinstance(plot, str)]
    return load_plugins(*DEFAULT_PLUGINS, *installed, Provider("mine", *objects), block="plots")


def card_with(*plots: Any) -> Datacard:
    """Return a card whose plugins have those plots."""
    output = outputs.signal_and_ttbar(nominal=[10, 20, 30])
    return outputs.card(output, plugins=with_plots(*plots), bin_suffix="run3")


def cards_with(*plots: Any) -> Cards:
    """Return the cards of two categories whose plugins have those plots."""
    output = outputs.Output()
    for sample, more in (("Signal", 1), ("TTbar", 10)):
        contents = {"SR": {"nominal": [more, more]}, "CR": {"nominal": [2 * more, 3 * more]}}
        output.add(sample, "2022", outputs.simulated(contents))
    analysis = Analysis(
        years=["2022"],
        mc_processes=outputs.two_processes(),
        systematics=Systematics([]),
        categories={"SR": Category("m"), "CR": Category("m")},
        plugins=with_plots(*plots),
    )
    return analysis.build(output.loaded)


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def names_in(folder: Path) -> list[str]:
    """Return the names of a folder's files, sorted."""
    return sorted(path.name for path in folder.iterdir())
