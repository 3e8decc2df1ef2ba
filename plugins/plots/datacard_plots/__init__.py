"""The built-in plots of a finished channel: the prefit stack, the templates of its shape nuisances, and two maps.

matplotlib is imported only when a plot is drawn, and pyplot never, so figures of the analysis stay untouched. Plots use
settings of their own, independent of those of the analysis. Settings belong to the whole process: another thread that
draws at the same time also gets these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from datacard_core import Plot, hookimpl
from datacard_plots.options import PlotOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from datacard_core import Channel


@attrs.frozen
class _WithOptions(Plot):
    """A plot with the options that all built-in plots share."""

    suffixes: ClassVar[Sequence[str]] = (".svg", ".png")
    options: PlotOptions = attrs.field(factory=PlotOptions)

    def problems(self, channels: Sequence[Channel]) -> Iterator[str]:
        """Yield the names among the options that no channel has."""
        processes = dict.fromkeys(column.process for channel in channels for column in channel.columns)
        nuisances = dict.fromkeys(nuisance.name for channel in channels for nuisance in channel.nuisances)
        yield from self.options.problems(processes, nuisances)


@attrs.frozen
class Stack(_WithOptions):
    """Prefit stack of the backgrounds with their uncertainty, signals, data as points, and their ratio."""

    name: ClassVar[str] = "stack"

    def problems(self, channels: Sequence[Channel]) -> Iterator[str]:
        """Yield the names that no channel has, and the hidden ranges that touch no bin of any channel."""
        yield from super().problems(channels)
        yield from self.options.misplaced([channel.axis for channel in channels])

    def draw(self, channel: Channel, path: Path) -> None:
        """Write one page, in the format of the file's suffix."""
        from datacard_plots.stack.figure import write_stack  # noqa: PLC0415 - loads matplotlib

        write_stack(channel, path, self.options)


@attrs.frozen
class Variations(_WithOptions):
    """Nominal, up and down template of each process, on one page per nuisance with templates."""

    name: ClassVar[str] = "variations"

    def names(self, channel: Channel) -> Sequence[str]:
        """Return one name, or that of each page if the options ask for files of single pages."""
        from datacard_plots.pages.figures import pages_of  # noqa: PLC0415 - loads matplotlib

        name = f"{self.name}_{channel.bin}"
        return [f"{name}_{page.name}" for page in pages_of(channel, self.options)] if self.options.each else (name,)

    def draw_files(self, channel: Channel, paths: Mapping[str, Path]) -> None:
        """Write a PDF of all pages, or some single pages. A channel without any gets one page with a note."""
        from datacard_plots.pages.figures import write_each, write_pages  # noqa: PLC0415 - loads matplotlib

        if self.options.each:
            start = len(f"{self.name}_{channel.bin}_")
            write_each(channel, {name[start:]: path for name, path in paths.items()}, self.options)
        else:
            (path,) = paths.values()
            write_pages(channel, path, self.options)

    def draw(self, channel: Channel, path: Path) -> None:
        """Write all pages to one file, which is a PDF unless there is one page."""
        from datacard_plots.pages.figures import write_pages  # noqa: PLC0415 - loads matplotlib

        write_pages(channel, path, self.options)


@attrs.frozen
class Coverage(_WithOptions):
    """Map of the origin of the effect of each nuisance on each process: own templates, an alias or the nominal."""

    name: ClassVar[str] = "coverage"

    def draw(self, channel: Channel, path: Path) -> None:
        """Write one page, in the format of the file's suffix."""
        from datacard_plots.maps import write_coverage  # noqa: PLC0415 - loads matplotlib

        write_coverage(channel, path, self.options)


@attrs.frozen
class Correlations(_WithOptions):
    """Map of the change of each yield by each nuisance: what stands in one row is fully correlated."""

    name: ClassVar[str] = "correlations"

    def draw(self, channel: Channel, path: Path) -> None:
        """Write one page, in the format of the file's suffix."""
        from datacard_plots.maps import write_correlations  # noqa: PLC0415 - loads matplotlib

        write_correlations(channel, path, self.options)


PLOTS = (Stack, Variations, Coverage, Correlations)
"""Classes of the built-in plots."""


@hookimpl
def datacard_plots() -> Iterable[Plot]:
    """Contribute the plots."""
    return tuple(plot() for plot in PLOTS)
