"""Appearance of plots: colours, the settings of matplotlib, the words above a plot, and its file.

Other plugins draw in the same style:

    with plot_style(options):
        figure = Figure()
        draw_header(figure.add_subplot(), options, title="SR")
        save(figure, path)
"""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.style
from matplotlib.font_manager import FontProperties

from datacard_core import DeclarationError
from datacard_plots import fonts
from datacard_plots.options import PlotOptions
from datacard_plots.texts import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "DOWN",
    "GREY",
    "METADATA",
    "UP",
    "colour",
    "draw_header",
    "has_header",
    "hatch",
    "plain",
    "plot_style",
    "save",
]

# Ten colours that colour-blind readers can distinguish, recommended by CMS:
# M. A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv:2107.02270.
COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
HATCHES = ("", "....", "xxxx", "----", "||||", "++++", "oooo", "****", "OOOO", "\\\\\\\\")
"""Hatches that distinguish processes of the same colour, which are ten positions apart."""

UP, DOWN = COLOURS[2], COLOURS[0]
GREY = "#555555"
METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
"""Metadata by format, without a date: matplotlib would add the current time to some, and equal channels must give equal
bytes."""

_OWN: dict[str, Any] = {
    "font.size": 12,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}
_COMMON: dict[str, Any] = {
    "hatch.linewidth": 0.6,
    "axes.formatter.use_mathtext": True,
    "mathtext.fontset": "custom",
    "mathtext.fallback": "stixsans",
    "axes.formatter.limits": (-4, 5),
    # TrueType, which journals ask for.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    # Names of parts of an SVG are hashes, with a random salt by default.
    "svg.hashsalt": "datacard_core",
}
_MATHS = {"rm": "", "it": ":italic", "bf": ":bold", "bfit": ":bold", "sf": "", "tt": "", "cal": ""}
LONGEST_TITLE = 24
"""Most characters of a title in full size."""
_SHRINK = 0.5
"""Ratio of lengths here to those of mplhep, whose figures are 10 inches wide, with few words on them."""
_LENGTHS = ("font.size", "width", "major.size", "minor.size", ".pad")
"""Ends of the names of settings that are lengths."""


@contextmanager
def plot_style(options: PlotOptions | None = None) -> Iterator[None]:
    """Apply the style of these plots, and restore the style of the analysis afterwards.

    A figure must be made and saved inside, because matplotlib reads some settings only then.

    Raises:
        DeclarationError: the style of CMS is asked for, and mplhep is not installed.
    """
    style = (options or PlotOptions()).style
    mplhep = None if style == "plain" else _settings_of_mplhep()
    if mplhep is None and style == "cms":
        raise DeclarationError("style is 'cms', but mplhep is not installed: install mplhep, or choose 'plain'")
    with matplotlib.style.context(["default", _settings(mplhep)]):
        yield


def _settings(mplhep: dict[str, Any] | None) -> dict[str, Any]:
    first, *others = fonts.families(fonts.PLAIN if mplhep is None else fonts.CMS)
    # A family of its own for formulas too: matplotlib's would be embedded as a whole.
    maths = {f"mathtext.{name}": f"{first}{style}" for name, style in _MATHS.items()}
    own = _OWN if mplhep is None else mplhep
    return {
        **own,
        **_COMMON,
        **maths,
        "mathtext.fontset": "custom",
        "mathtext.fallback": "stixsans",
        "font.family": [first, *others],
    }


@cache
def _settings_of_mplhep() -> dict[str, Any] | None:
    """Return mplhep's style for CMS with shorter lengths, or None where it is not installed."""
    found = importlib.util.find_spec("mplhep")
    path = Path(found.origin).parent / "styles" / "cms.py" if found and found.origin else None
    if path is None or not path.is_file():
        return None
    # The file alone: the import of mplhep takes seconds and loads pyplot.
    spec = importlib.util.spec_from_file_location("_mplhep_cms", path)
    assert spec is not None  # noqa: S101 - a path that ends in .py has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        name: value * _SHRINK if name.endswith(_LENGTHS) else value
        for name, value in module.CMS.items()
        if not name.startswith(("figure.", "mathtext."))
    }


def font_size(setting: str) -> float:
    """Return the size of letters in points that a setting of matplotlib has, such as `legend.fontsize`."""
    settings: Any = matplotlib.rcParams
    return float(FontProperties(size=settings[setting]).get_size_in_points())


def colour(position: int) -> str:
    """Return the colour of the process at that position."""
    return COLOURS[position % len(COLOURS)]


def hatch(position: int) -> str:
    """Return the hatch of the process at that position, which is empty for the first ten."""
    return HATCHES[position // len(COLOURS) % len(HATCHES)]


def has_header(options: PlotOptions) -> bool:
    """Return whether the experiment's words take the place of the title above a plot."""
    return any((options.experiment, options.status, options.lumi, options.energy))


def draw_header(axes: Axes, options: PlotOptions, *, title: str = "", note: str = "") -> None:
    """Write the words above a plot: experiment, status, luminosity and energy or, without them, a title and a note."""
    size = font_size("font.size")
    place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "baseline"}
    if not has_header(options):
        # Longer titles fit beside the note in smaller letters only.
        small = 0.7 if len(title) > LONGEST_TITLE else 1
        axes.annotate(title, (0, 1), (0, 5), size=small * size, **place)
        axes.annotate(note, (1, 1), (0, 5), ha="right", size=0.7 * size, **place)
        return
    axes.annotate(_collisions(options), (1, 1), (0, 5), ha="right", size=0.9 * size, **place)
    corner: Any = {**place, "xy": (0, 1), "xytext": (0, 5)}
    if options.experiment:
        # The logo of an experiment is bold, and a third larger than its status.
        name = axes.annotate(plain(options.experiment), size=1.3 * size, weight="bold", **corner)
        # Behind the name, however wide that is.
        corner = {"xy": (1, 0), "xycoords": name, "xytext": (5, 0), "textcoords": "offset points", "va": "bottom"}
    axes.annotate(plain(options.status), size=size, style="italic", **corner)


def _collisions(options: PlotOptions) -> str:
    # Three digits, without a power of ten for the thousands of the HL-LHC.
    lumi = "" if options.lumi is None else rf"{float(f'{options.lumi:.3g}'):g} $\mathrm{{fb}}^{{-1}}$"
    energy = "" if options.energy is None else f"{options.energy:g} TeV"
    return f"{lumi} ({energy})" if lumi and energy else lumi or energy


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file in the format of its suffix, equal figures to equal bytes."""
    form = path.suffix.removeprefix(".")
    figure.savefig(path, format=form, metadata=METADATA[form])
