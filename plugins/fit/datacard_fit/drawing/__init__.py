"""Figures of results, in the style of the plugin `plots`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from datacard_fit.drawing.pages import Result

HEADER = ("style", "experiment", "status", "lumi", "energy")
"""Options of plots that all figures of results have."""
PLOT_OPTIONS = (*HEADER, "blind", "layers")
"""Options of plots that some figure of results has."""


def plot(path: str | os.PathLike[str], *results: Result, **options: Any) -> list[Path]:
    """Draw results of fits to a PDF, or to a PNG or SVG for each figure, with numbers if there are several.

    Args:
        path: the file, whose end is the format.
        results: of `fit` for pulls and correlations, `impacts`, `scan`, `limit`, limits by category or by value of a
            parameter, and the events of `stages` for stacks.
        options: appearance, `PLOT_OPTIONS` among those of `datacard_plots.options.PlotOptions`: `experiment="CMS"`.

    Returns:
        The files.

    Raises:
        DeclarationError: a file of another format, an option that no figure has, a result that has no drawing, or
            results without a figure.
    """
    from datacard_fit.drawing.pages import options_of, write_pages  # noqa: PLC0415 - loads matplotlib

    return write_pages(Path(path), *results, options=options_of(options))
