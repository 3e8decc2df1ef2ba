"""Picture of the README: the stack plot of the demo's signal region, beside the limits of its cards.

python -m tests.support.picture docs/images/demo.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.image
import numpy as np
from datacard_fit import Likelihood, limit, significance
from datacard_fit.drawing.curves import limit_pages
from datacard_plots.options import PlotOptions
from datacard_plots.stack import stack_figure
from datacard_plots.style import plot_style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from datacard_core import Model
from datacard_core.demo import demo_output
from datacard_core.demo.analysis import analysis

if TYPE_CHECKING:
    from datacard_fit import Limit
    from matplotlib.figure import Figure

    from datacard_core import FloatArray

PICTURE = "docs/images/demo.png"

DOTS_PER_INCH = 90
"""Keeps the file near 60 kB, and the text of the plots readable at the width of a page."""


def draw(path: Path) -> None:
    """Draw the picture into a PNG file."""
    cards = analysis.build(demo_output())
    with plot_style():
        (limits,) = limit_pages(_limits(cards.model), PlotOptions())
        left, right = map(_pixels, (stack_figure(cards["SR"].channel), limits))
    # White below the lower figure, so that both stand at the top.
    height = max(left.shape[0], right.shape[0])
    both = [np.pad(one, ((0, height - len(one)), (0, 0), (0, 0)), constant_values=1) for one in (left, right)]
    # The name and version of the program would differ from one installation to the next.
    metadata: Any = {"Software": None}
    matplotlib.image.imsave(path, np.hstack(both), format="png", metadata=metadata)


def _limits(model: Model) -> dict[str | float, Limit]:
    """Return the expected limits with and without the control regions, by names that tell the significance."""
    likelihoods = {
        "SR alone": Likelihood(Model(channels=(model.channel("SR_run3"),))),
        "SR, CR1, CR2": Likelihood(model),
    }
    return {
        f"{name}: {significance(one, data=one.asimov({'r': 1})):.1f} σ": limit(one, blind=True)
        for name, one in likelihoods.items()
    }


def _pixels(figure: Figure) -> FloatArray:
    figure.set_dpi(DOTS_PER_INCH)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
