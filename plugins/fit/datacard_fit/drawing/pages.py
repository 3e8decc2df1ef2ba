"""Pages of results, and the files that they are written to."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from datacard_plots.options import PlotOptions
from datacard_plots.style import METADATA, plot_style, save
from matplotlib.backends.backend_pdf import PdfPages

from datacard_core import DeclarationError, closest
from datacard_fit.drawing import PLOT_OPTIONS
from datacard_fit.drawing.curves import correlation_pages, limit_pages, scan_pages
from datacard_fit.drawing.rows import impact_pages, pull_pages
from datacard_fit.drawing.stacks import stack_pages
from datacard_fit.fits import FitResult
from datacard_fit.impacts import Impacts
from datacard_fit.limits import Limit
from datacard_fit.scans import Scan
from datacard_fit.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

Result: TypeAlias = Impacts | Scan | FitResult | Limit | Mapping[Any, Any]


def write_pages(path: Path, *results: Result, options: PlotOptions) -> list[Path]:
    """Draw results to a PDF with a page for each figure, or to a PNG or SVG for each, several with numbers.

    Returns:
        The files.

    Raises:
        DeclarationError: a file of another format, a result that has no drawing, or results without a figure.
    """
    if path.suffix not in (known := [f".{form}" for form in METADATA]):
        raise DeclarationError([f"plot {str(path)!r}: plots end in {', '.join(known)}"])
    with plot_style(options):
        figures = list(pages_of(*results, options=options))
        if not figures:
            # A PDF without pages is an empty file, which no program opens.
            raise DeclarationError([f"plot {str(path)!r}: no figure to draw, expected a result with parameters"])
        if path.suffix == ".pdf":
            # In memory first: a file that is half written would replace a whole one.
            buffer = io.BytesIO()
            with PdfPages(buffer, metadata=METADATA["pdf"]) as pdf:
                for figure in figures:
                    pdf.savefig(figure)
            path.write_bytes(buffer.getvalue())
            return [path]
        several = len(figures) > 1
        paths = [path.with_stem(f"{path.stem}-{at}") if several else path for at in range(1, len(figures) + 1)]
        for figure, place in zip(figures, paths, strict=True):
            save(figure, place)
        return paths


def options_of(given: Mapping[str, Any]) -> PlotOptions:
    """Return the options of some names.

    Raises:
        DeclarationError: figures of results have no such option, or a value is none that the option has.
    """
    if unknown := [name for name in given if name not in PLOT_OPTIONS]:
        raise DeclarationError(
            f"figures of results have no option {name!r}{closest(name, PLOT_OPTIONS)}" for name in unknown
        )
    return PlotOptions(**given)


def pages_of(*results: Result, options: PlotOptions) -> Iterator[Figure]:
    """Yield the figures of results, which must be made and saved within the style of plots."""
    # A page of impacts has the pulls of its parameters beside them.
    shown = {
        impact.name: impact.fitted[1] for result in results if isinstance(result, Impacts) for impact in result.impacts
    }
    for result in results:
        match result:
            case Impacts():
                yield from impact_pages(result, options)
            case Scan():
                yield from scan_pages(result, options)
            case FitResult():
                yield from pull_pages(result, options, shown)
                yield from correlation_pages(result, options)
            case Limit(poi=poi):
                yield from limit_pages({poi: result}, options)
            case Mapping() if result and all(isinstance(one, Limit) for one in result.values()):
                yield from limit_pages(result, options)
            case Mapping() if result and all(isinstance(one, Shapes) for one in result.values()):
                yield from stack_pages(result, options)
            case _:
                raise DeclarationError([f"{type(result).__name__} has no drawing: plots are made of results of fits"])
