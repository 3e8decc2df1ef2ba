"""Colours, fonts and settings of the plots."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import zlib
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest
from datacard_plots.options import PlotOptions
from datacard_plots.style import _settings_of_mplhep, colour, draw_header, hatch, plot_style, save
from matplotlib.figure import Figure

from datacard_core import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


def test_colours_and_hatches() -> None:
    """A hundred processes look different, and the first ten differ by colour alone."""
    styles = [(colour(position), hatch(position)) for position in range(100)]
    assert len(set(styles)) == 100
    assert {hatches for _, hatches in styles[:10]} == {""}


def fonts_in(pdf: bytes) -> list[bytes]:
    """Return the font files in a PDF: streams that begin as a font does."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    files = []
    for stream in streams:
        # Images and formats of pictures may be stored as they are.
        with contextlib.suppress(zlib.error):
            files.append(zlib.decompress(stream))
    return [file for file in files if file[:4] in {b"\x00\x01\x00\x00", b"OTTO", b"true"}]


@pytest.mark.slow
@pytest.mark.parametrize("style", ["cms", "plain"])
def test_fonts_in_pdf(style: str, tmp_path: Path) -> None:
    """A PDF embeds its fonts as TrueType, those of formulas too, in one small file for each."""
    options = PlotOptions(style=style, experiment="CMS", status="Preliminary", lumi=138, energy=13.6)
    path = tmp_path / "plot.pdf"
    with plot_style(options):
        figure = Figure()
        draw_header(figure.add_subplot(), options)
        figure.text(0.5, 0.5, r"$t\bar{t}$ and more")
        save(figure, path)
    pdf = path.read_bytes()
    assert b"/Type3" not in pdf
    assert pdf.count(b"/FontFile2") == len(fonts_in(pdf)) == 3  # regular, bold and italic
    for font in fonts_in(pdf):
        assert font.startswith(b"\x00\x01\x00\x00")
        assert len(font) < 20_000


def test_words_above_a_plot() -> None:
    """Words of the experiment take the place of the title; without them it stands there, with its note."""
    figure = Figure()
    draw_header(figure.add_subplot(), PlotOptions(), title="SR", note="2022")
    draw_header(figure.add_subplot(), PlotOptions(experiment="CMS", energy=13), title="SR", note="2022")
    draw_header(figure.add_subplot(), PlotOptions(status="Private Work", lumi=34.65), title="SR", note="2022")
    found = [[text.get_text() for text in axes.texts if text.get_text()] for axes in figure.axes]
    assert found == [["SR", "2022"], ["13 TeV", "CMS"], [r"34.6 $\mathrm{fb}^{-1}$", "Private Work"]]


def test_large_luminosity() -> None:
    """A luminosity has three digits, without a power of ten: 3000 of the HL-LHC, and 138 of Run 2."""
    cases = {3000: "3000", 999.7: "1000", 137.62: "138", 4.8: "4.8", 0.0357: "0.0357"}
    for lumi, text in cases.items():
        axes = Figure().add_subplot()
        draw_header(axes, PlotOptions(lumi=lumi))
        assert axes.texts[0].get_text() == rf"{text} $\mathrm{{fb}}^{{-1}}$"


def test_style_of_mplhep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The style of CMS is that of mplhep, and asking for it without mplhep is an error."""
    with plot_style(PlotOptions(style="cms")):
        assert mpl.rcParams["xtick.direction"] == "in"
        assert mpl.rcParams["font.family"][0] == "datacard TeX Gyre Heros"
    with plot_style(PlotOptions(style="plain")):
        assert mpl.rcParams["font.family"][0] == "datacard DejaVu Sans"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr("datacard_plots.style._settings_of_mplhep", _settings_of_mplhep.__wrapped__)
    with (
        pytest.raises(DeclarationError, match="install mplhep, or choose 'plain'"),
        plot_style(PlotOptions(style="cms")),
    ):
        pass
    with plot_style():
        assert mpl.rcParams["font.family"][0] == "datacard DejaVu Sans"
