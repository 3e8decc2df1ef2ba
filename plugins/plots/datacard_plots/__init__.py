"""The built-in plots of a finished channel: the prefit stack, and the templates of its shape nuisances.

matplotlib is imported only when a plot is drawn, and pyplot never, so figures of the analysis stay untouched. Plots use
the default settings of matplotlib, independent of the settings of the analysis. Settings belong to the whole process:
another thread that draws at the same time also gets the defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core import Plot, hookimpl
from datacard_plots.options import PlotOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from datacard_core import Channel


@attrs.frozen
class Stack(Plot):
    """Prefit stack of the backgrounds with their uncertainty, signals as lines, data as points, and their ratio."""

    name: ClassVar[str] = "stack"
    suffixes: ClassVar[Sequence[str]] = (".svg", ".png")
    options: PlotOptions = attrs.field(factory=PlotOptions)

    def draw(self, channel: Channel, path: Path) -> None:
        """Write one page, in the format of the file's suffix."""
        from datacard_plots.stack import write_stack  # noqa: PLC0415 - loads matplotlib

        write_stack(channel, path, self.options)


@attrs.frozen
class Variations(Plot):
    """Nominal, up and down template of each process, on one page per nuisance with templates."""

    name: ClassVar[str] = "variations"

    def draw(self, channel: Channel, path: Path) -> None:
        """Write a PDF. A channel without nuisances with templates gets one page with a note."""
        from datacard_plots.pages import write_pages  # noqa: PLC0415 - loads matplotlib

        write_pages(channel, path)


@hookimpl
def datacard_plots() -> Iterable[Plot]:
    """Contribute the two plots."""
    return (Stack(), Variations())
