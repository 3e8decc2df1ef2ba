"""Figures of the nuisances with templates, one page or more for each nuisance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from datacard_core import DeclarationError
from datacard_plots.axes.variable import axis_label, highest, ratio_range, ratio_to
from datacard_plots.options import matching
from datacard_plots.pages.frames import HEIGHT, LABEL, TICK, WIDTH, Frames, bands, numbered, segments, steps
from datacard_plots.pages.sheet import CENTRE, Sheet, Stroke, Word
from datacard_plots.pages.variations import varied_processes, without_templates
from datacard_plots.style import DOWN, GREY, METADATA, UP, plot_style, save
from datacard_plots.texts import distinct, listing, plain, process_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datacard_core import Channel, FloatArray, Nuisance
    from datacard_plots.options import PlotOptions
    from datacard_plots.pages.frames import Box
    from datacard_plots.pages.variations import Varied

MOST_PANELS = 9
"""Largest number of processes on one page; further processes follow on further pages."""
LONGEST_TITLE = 36
"""Most characters of a nuisance in the title of its pages."""
LONGEST_NAME = 24
"""Most characters of a process in the title of its panel."""
HALVES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Possible half ranges of a ratio's axis around 1; the lower end is cut at 0."""
BAND = "#d0d0d0"
DASHES = (4.0, 2.0)


@attrs.frozen(eq=False, kw_only=True)
class Page:
    """Some processes under one nuisance."""

    nuisance: Nuisance
    processes: tuple[str, ...]
    number: int
    count: int
    """Number of this page among those of the nuisance."""

    @property
    def name(self) -> str:
        """Name of the page in that of a file."""
        return f"{self.nuisance.name}{f'_{self.number}' if self.count > 1 else ''}"


def pages_of(channel: Channel, options: PlotOptions) -> list[Page]:
    """Return the pages of the nuisances and processes that the options choose."""
    chosen = set(matching(options.nuisances, (nuisance.name for nuisance in channel.nuisances)))
    drawn = set(matching(options.processes, dict.fromkeys(column.process for column in channel.columns)))
    pages = []
    for nuisance in channel.nuisances:
        positions = sorted({int(at) for entry in nuisance.entries if entry.shape for at in entry.columns})
        processes = dict.fromkeys(channel.columns[at].process for at in positions)
        names = [name for name in processes if name in drawn]
        if nuisance.name in chosen and names:
            parts = [tuple(names[start : start + MOST_PANELS]) for start in range(0, len(names), MOST_PANELS)]
            pages += [
                Page(nuisance=nuisance, processes=part, number=number, count=len(parts))
                for number, part in enumerate(parts, start=1)
            ]
    return pages


def write_pages(channel: Channel, path: Path, options: PlotOptions) -> None:
    """Draw the pages to a new file: several need a PDF.

    Raises:
        DeclarationError: the file has another format, and there are several pages.
    """
    pages = pages_of(channel, options)
    with plot_style(options):
        if path.suffix == ".pdf":
            with PdfPages(path, metadata=METADATA["pdf"]) as pdf:
                for figure in page_figures(channel, options, pages):
                    pdf.savefig(figure)
        elif len(pages) > 1:
            names = f"{len(pages)} pages of channel {channel.bin!r}"
            raise DeclarationError(f"{path.name} has one page, not {names}: choose nuisances, or files of single pages")
        else:
            for figure in page_figures(channel, options, pages):
                save(figure, path)


def write_each(channel: Channel, paths: Mapping[str, Path], options: PlotOptions) -> None:
    """Draw some pages to a file each, by the names of pages."""
    pages = [page for page in pages_of(channel, options) if page.name in paths]
    with plot_style(options):
        for page, figure in zip(pages, page_figures(channel, options, pages), strict=True):
            save(figure, paths[page.name])


def page_figures(channel: Channel, options: PlotOptions, pages: Sequence[Page] | None = None) -> Iterator[Figure]:
    """Yield one figure per page, which the caller must draw before it takes the next: all pages share it."""
    pages = pages_of(channel, options) if pages is None else pages
    # matplotlib needs long to create axes: the figure has none.
    figure, sheet = Figure(figsize=(WIDTH / 72, HEIGHT / 72)), Sheet()
    # Not in axes: their clipping and transformations would be done again for each page.
    figure.add_artist(sheet)
    titles = distinct((nuisance.name for nuisance in channel.nuisances), LONGEST_TITLE)
    labels = {column.process: options.labels.get(column.process, column.label) for column in channel.columns}
    texts = process_texts(labels, LONGEST_NAME)
    variable = Word(x=WIDTH - 12, y=12, text=axis_label(channel.axis), size=10, align=1)
    frames: dict[int, Frames] = {}
    for page in pages:
        # Once for a page: sums over the years of all processes of a nuisance are one pass.
        varied = {process.process: process for process in varied_processes(channel, page.nuisance)}
        count = len(page.processes)
        if count not in frames:
            frames[count] = Frames(channel.axis, count)
        shown = [varied[process] for process in page.processes]
        _fill(sheet, frames[count], shown, texts)
        sheet.words = [*sheet.words, variable, *_heading(channel, page, titles[page.nuisance.name])]
        yield figure
    if not pages:
        words = f"{plain(channel.bin, 60)}: no nuisance with templates, of {len(channel.nuisances)} in all"
        sheet.words = (Word(x=WIDTH / 2, y=HEIGHT / 2, text=words, size=14, align=0.5),)
        yield figure


def _fill(sheet: Sheet, frames: Frames, varied: Sequence[Varied], texts: Mapping[str, str]) -> None:
    """Put the numbers of the processes on the sheet."""
    words, ticks = list(frames.words), []
    lines: dict[str, list[tuple[FloatArray, FloatArray]]] = {"nominal": [], "up": [], "down": []}
    errors = []
    for process, (above, below) in zip(varied, frames.boxes, strict=True):
        edges = above.left + frames.edges * above.width
        contents = {"nominal": process.nominal, "up": process.up, "down": process.down}
        # A range without height, which an empty process would give, has no ticks.
        top = 1.3 * highest(*contents.values()) or 1.0
        ratios = {name: ratio_to(process.nominal, values) for name, values in contents.items() if name != "nominal"}
        half = ratio_range(HALVES, *ratios.values())
        low, high = max(0.0, 1 - half), 1 + half
        for name, values in contents.items():
            lines[name].append((edges, above.across(values, 0, top)))
        for name, ratio in ratios.items():
            lines[name].append((edges, below.across(ratio, low, high)))
        error = ratio_to(process.nominal, process.error)
        errors.append((edges, below.across(1 - error, low, high), below.across(1 + error, low, high)))
        middle = float(below.across(np.array(1.0), low, high))
        ticks += [((below.left, middle), (below.left + below.width, middle))]
        for box, marks, end in (
            (above, numbered(0, top, 3), (0.0, top)),
            (below, [(tick, f"{tick:g}") for tick in ((1 + low) / 2, 1.0, (1 + high) / 2)], (low, high)),
        ):
            ticks += _marks(box, marks, end, words)
        title = texts[process.process] + _qualification(process)
        words.append(Word(x=above.left, y=above.top + 4, text=title, size=9))
        right = above.left + above.width
        words.append(Word(x=right - 6, y=above.top - 12, text=_yields(process), size=8, align=1))
    sheet.words = words
    sheet.strokes = _strokes(frames, lines, errors, np.array(ticks))


def _marks(
    box: Box, marks: Sequence[tuple[float, str]], end: tuple[float, float], words: list[Word]
) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Yield the ticks on both sides of a box, and add their labels to the words."""
    right = box.left + box.width
    for value, label in marks:
        y = box.bottom + box.height * (value - end[0]) / (end[1] - end[0])
        words.append(Word(x=box.left - 4, y=y - CENTRE * LABEL, text=label, size=LABEL, align=1, is_outline=True))
        yield (box.left, y), (box.left + TICK, y)
        yield (right, y), (right - TICK, y)


def _strokes(
    frames: Frames,
    lines: Mapping[str, Sequence[tuple[FloatArray, FloatArray]]],
    errors: Sequence[tuple[FloatArray, FloatArray, FloatArray]],
    ticks: FloatArray,
) -> list[Stroke]:
    """Return the strokes of a page, those that cover others last."""
    key = _KEY_LINES
    areas, codes = bands([*errors, key["nominal ± stat."]])
    found = [Stroke(vertices=areas, codes=codes, colour=BAND, is_filled=True)]
    frame, codes = segments(np.concatenate([frames.lines, ticks]))
    found.append(Stroke(vertices=frame, codes=codes, width=0.7))
    for name, colour, dashes in (("nominal", "black", None), ("up", UP, None), ("down", DOWN, DASHES)):
        vertices, codes = steps([*lines[name], key[name][:2]])
        found.append(Stroke(vertices=vertices, codes=codes, colour=colour, width=1.1, dashes=dashes))
    return found


_KEY = {"nominal": 500.0, "up": 574.0, "down": 622.0, "nominal ± stat.": 682.0}
"""Places of the entries of the legend, from the left side of the page."""
_KEY_LINES = {
    name: (np.array([x, x + 20]), np.array([HEIGHT - 24]), np.array([HEIGHT - 16])) for name, x in _KEY.items()
}


def _heading(channel: Channel, page: Page, title: str) -> Iterator[Word]:
    """Yield the words outside of the plots of a page."""
    pages = f" ({page.number} of {page.count})" if page.count > 1 else ""
    yield Word(x=14, y=HEIGHT - 24, text=f"{title}{pages}   {plain(channel.bin, 24)}", size=13)
    for name, x in _KEY.items():
        yield Word(x=x + 25, y=HEIGHT - 23, text=name, size=9)
    if others := without_templates(channel, page.nuisance):
        yield Word(x=14, y=12, text=f"It has effects without templates on {listing(others, 100)}", size=8, colour=GREY)


def _qualification(process: Varied) -> str:
    """Return the years of a process if some are missing, and the scale of the parameter if it is not 1."""
    years = f" ({listing(process.years, 16)})" if process.years else ""
    scale = "" if process.scales == (1.0,) else f", {listing([f'{scale:g}' for scale in process.scales], 16)} θ"
    return f"{years}{scale}"


def _yields(process: Varied) -> str:
    up, down = (_percentage(process.change(values)) for values in (process.up, process.down))
    return f"yield {up} / {down}"


def _percentage(change: float) -> str:
    return f"{100 * change:+.1f} %".replace("-", "−") if math.isfinite(change) else "–"  # noqa: RUF001 - minus sign
