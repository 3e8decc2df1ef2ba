"""The built-in plots of a finished channel: its prefit stack, and what its shape nuisances do.

matplotlib is imported when something is drawn, and pyplot never. Each file is drawn with matplotlib's own settings,
whatever the analysis has set; they are the process's, so another thread that draws at that moment gets them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datacard_core import Plot, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from datacard_core import Channel


class Stack(Plot):
    """Backgrounds as a stack with their uncertainty, signals as lines, data as points, and data over background."""

    name: ClassVar[str] = "stack"

    def draw(self, channel: Channel, path: Path) -> None:
        """Write a PDF of one page."""
        from datacard_plots.stack import write_stack  # noqa: PLC0415 - matplotlib is for those who draw

        write_stack(channel, path)


class Variations(Plot):
    """Nominal, up and down of each process, a page for each nuisance that has templates."""

    name: ClassVar[str] = "variations"

    def draw(self, channel: Channel, path: Path) -> None:
        """Write a PDF; a channel without such nuisances has one page, which says so."""
        from datacard_plots.pages import write_pages  # noqa: PLC0415 - matplotlib is for those who draw

        write_pages(channel, path)


@hookimpl
def datacard_plots() -> Iterable[Plot]:
    """Contribute the plots."""
    return (Stack(), Variations())
