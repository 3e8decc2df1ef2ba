"""Measure the plots of one channel, beside matplotlib's own cost of an empty page; print CPU times.

    python benchmarks/plots.py
    python benchmarks/plots.py CARD --runs 5

Without a card, one of 6 processes, 100 nuisances and 20 bins is made. The best of some runs is shown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from datacard_plots import Correlations, Coverage, Stack, Variations
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from datacard_core import Axis, Channel, Column, Nuisance, Shape, Templates, channels_of, read_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacard_core import Plot


def main() -> None:
    """Print a line for each plot and format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    channel = channels_of(read_card(options.card, lenient=True))[0] if options.card else _made()
    pages = sum(any(entry.shape is not None for entry in nuisance.entries) for nuisance in channel.nuisances)
    with tempfile.TemporaryDirectory() as folder:
        for form in ("pdf", "png", "svg"):
            path = Path(folder, f"plot.{form}")
            figure = Figure(figsize=(6.4, 6.4))
            empty = _best(lambda path=path, figure=figure: figure.savefig(path), options.runs)  # type: ignore[misc]
            print(f"{form}: an empty figure of matplotlib {1e3 * empty:.1f} ms")
            for plot in (Stack(), Coverage(), Correlations()):
                print(f"{form}: {plot.name} {1e3 * _best(_drawing(plot, channel, path), options.runs):.0f} ms")
        path = Path(folder, "pages.pdf")
        spent, least = (
            _best(_drawing(Variations(), channel, path), options.runs),
            _best(_empty(path, pages), options.runs),
        )
        print(f"{pages} pages of nuisances: {1e3 * spent / pages:.1f} ms each, empty ones {1e3 * least / pages:.1f} ms")


def _drawing(plot: Plot, channel: Channel, path: Path) -> Callable[[], None]:
    return lambda: plot.draw(channel, path)


def _empty(path: Path, pages: int) -> Callable[[], None]:
    def draw() -> None:
        figure = Figure(figsize=(11, 8))
        with PdfPages(path) as pdf:
            for _ in range(pages):
                pdf.savefig(figure)

    return draw


def _best(call: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def _made(*, columns: int = 6, shapes: int = 100, bins: int = 20) -> Channel:
    numbers = np.random.default_rng(1)
    values = numbers.uniform(50, 500, (columns, bins))

    def varied() -> Templates:
        return Templates(values * numbers.normal(1, 0.05, (columns, bins)), values)

    return Channel(
        bin="SR",
        category="SR",
        axis=Axis(np.linspace(0, 1, bins + 1), "score", "score"),
        columns=tuple(Column(f"p{at}", f"p{at}", "", at) for at in range(columns)),
        nominal=Templates(values, values / 3),
        data=Templates(*[np.round(values[1:].sum(axis=0, keepdims=True))] * 2),
        has_data=True,
        nuisances=tuple(
            Nuisance(f"shape{at}", (Shape(np.arange(columns), varied(), varied(), np.ones(columns)),))
            for at in range(shapes)
        ),
    )


if __name__ == "__main__":
    main()
