"""Picture of the README: the stack plot of the demo's signal region.

python -m tests.support.picture docs/images/stack.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from datacard_plots.stack import stack_figure
from datacard_plots.style import plot_style

from datacard_core.demo import demo_output
from datacard_core.demo.analysis import analysis

PICTURE = "docs/images/stack.png"

DOTS_PER_INCH = 120
"""Keeps the file near 50 kB, and the text of the plot readable at the width of a page."""


def draw(path: Path) -> None:
    """Draw the picture into a PNG file."""
    card = analysis.build(demo_output())["SR"]
    with plot_style():
        stack_figure(card.channel).savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
