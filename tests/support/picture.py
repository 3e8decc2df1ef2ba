"""Pictures of the documentation: plots of the demo. That of the README has the stack beside the limits.

python -m tests.support.picture docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.image
import numpy as np
from datacard_fit import Likelihood, limit, significance
from datacard_fit.drawing.curves import limit_pages
from datacard_plots.maps import correlations_figure
from datacard_plots.options import PlotOptions
from datacard_plots.pages.figures import page_figures
from datacard_plots.stack.figure import stack_figure
from datacard_plots.style import plot_style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from datacard_core import Model
from datacard_core.demo.analysis import analysis
from tests.support.demo import output_of_seed

if TYPE_CHECKING:
    from datacard_fit import Limit
    from matplotlib.figure import Figure

    from datacard_core import Cards, FloatArray

PICTURE = "docs/images/demo.png"
"""Picture of the README."""

DOTS_PER_INCH = 120
"""Keeps each file near 50 kB, and the text of the plot readable at the width of a page."""
OPTIONS = PlotOptions(style="plain")
"""Looks the same everywhere, also where mplhep is not installed."""


def draw(path: Path) -> None:
    """Draw the picture of the README into a PNG file: the stack, and the limits beside it."""
    cards = _cards()
    with plot_style(OPTIONS):
        (limits,) = limit_pages(_limits(cards.model), OPTIONS)
        left, right = map(_pixels, (stack_figure(cards["SR"].channel, OPTIONS), limits))
    # White below the lower figure, so that both stand at the top.
    height = max(len(left), len(right))
    both = [np.pad(one, ((0, height - len(one)), (0, 0), (0, 0)), constant_values=1) for one in (left, right)]
    # The name and version of the program would differ from one installation to the next.
    metadata: Any = {"Software": None}
    matplotlib.image.imsave(path, np.hstack(both), format="png", metadata=metadata)


def draw_all(folder: Path) -> None:
    """Draw all pictures into a folder."""
    draw(folder / "demo.png")
    channel = _cards()["SR"].channel
    shape = next(nuisance for nuisance in channel.nuisances if any(entry.shape for entry in nuisance.entries))
    chosen = PlotOptions(style="plain", nuisances=shape.name)
    with plot_style(OPTIONS):
        _save(stack_figure(channel, OPTIONS), folder / "stack.png")
        _save(next(page_figures(channel, chosen)), folder / "variations.png", dots=80)
        _save(correlations_figure(channel, OPTIONS), folder / "correlations.png")


def _cards() -> Cards:
    return analysis.build(output_of_seed(1), verbose=False)


def _limits(model: Model) -> dict[str | float, Limit]:
    """Return the expected limits with and without the control regions, by names that tell the significance."""
    alone = Model(channels=(model.channel("SR_run3"),))
    likelihoods = {"SR alone": Likelihood(alone), "SR, CR1, CR2": Likelihood(model)}
    return {
        f"{name}: {significance(one, data=one.asimov({'r': 1})):.1f} σ": limit(one, blind=True)
        for name, one in likelihoods.items()
    }


def _pixels(figure: Figure) -> FloatArray:
    figure.set_dpi(90)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def _save(figure: Figure, path: Path, dots: int = DOTS_PER_INCH) -> None:
    figure.savefig(path, format="png", dpi=dots, metadata={"Software": None})


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
