"""Pictures of the documentation: plots of the demo, the stack of its signal region for the README too.

python -m tests.support.picture docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_plots.maps import correlations_figure
from datacard_plots.options import PlotOptions
from datacard_plots.pages import page_figures
from datacard_plots.stack import stack_figure
from datacard_plots.style import plot_style

from datacard_core.demo import demo_output
from datacard_core.demo.analysis import analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from datacard_core import Datacard

PICTURE = "docs/images/stack.png"

DOTS_PER_INCH = 120
"""Keeps each file near 50 kB, and the text of the plot readable at the width of a page."""
OPTIONS = PlotOptions(style="plain")
"""Looks the same everywhere, also where mplhep is not installed."""


def draw(path: Path) -> None:
    """Draw the stack into a PNG file."""
    with plot_style(OPTIONS):
        _save(stack_figure(_card().channel, OPTIONS), path)


def draw_all(folder: Path) -> None:
    """Draw all pictures into a folder."""
    draw(folder / "stack.png")
    channel = _card().channel
    shape = next(nuisance for nuisance in channel.nuisances if any(entry.shape for entry in nuisance.entries))
    chosen = PlotOptions(style="plain", nuisances=shape.name)
    with plot_style(OPTIONS):
        _save(next(page_figures(channel, chosen)), folder / "variations.png", dots=80)
        _save(correlations_figure(channel, OPTIONS), folder / "correlations.png")


def _card() -> Datacard:
    return analysis.build(demo_output(), verbose=False)["SR"]


def _save(figure: Figure, path: Path, dots: int = DOTS_PER_INCH) -> None:
    figure.savefig(path, format="png", dpi=dots, metadata={"Software": None})


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
