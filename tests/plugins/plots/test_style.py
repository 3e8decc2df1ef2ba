"""Colours and text of the plots."""

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
from datacard_plots.texts import distinct, formula, listing, plain, process_texts
from matplotlib.figure import Figure
from matplotlib.text import Text

from datacard_core import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


def test_colours_and_hatches() -> None:
    """A hundred processes look different, and the first ten differ by colour alone."""
    styles = [(colour(position), hatch(position)) for position in range(100)]
    assert len(set(styles)) == 100
    assert {hatches for _, hatches in styles[:10]} == {""}


@pytest.mark.parametrize("text", ["a_b", "$x$", "a$", r"\$x\$", r"\alpha^2_{", "ü → é", "%d {} #", "$"])
def test_literal_names(text: str) -> None:
    """matplotlib draws a name literally, without formulas."""
    drawn = Text(text=plain(text))
    cleaned, is_formula = drawn._preprocess_math(drawn.get_text())  # type: ignore[attr-defined]
    assert (cleaned, is_formula) == (text, False)


@pytest.mark.parametrize(
    ("text", "drawn"), [("木", "\\u6728"), ("a\nb", "a\\nb"), ("\ud800", "\\ud800"), ("\x00", "\\x00")]
)
def test_characters_without_glyph(text: str, drawn: str) -> None:
    """Characters that the font lacks are escaped."""
    assert plain(text) == drawn


def test_long_names() -> None:
    """A long name keeps both ends."""
    assert plain("background_1_2022", 9) == "back…2022"
    assert len(plain("a" * 100, 30)) == 30
    assert plain("abc", 3) == "abc"


def test_distinct_names() -> None:
    """Names that would have one text when they are shortened show the part in which they differ."""
    names = [f"sig_ggHH_kl_{kl}_kt_1p00_hbbhtt" for kl in (0, 1, "2p45")]
    texts = distinct([*names, "ttbar"], 24)
    assert texts["ttbar"] == "ttbar"
    for name, part in zip(names, ("kl_0_kt", "kl_1_kt", "kl_2p45_kt"), strict=True):
        assert part in texts[name]
        assert len(texts[name]) <= 24


@pytest.mark.parametrize(
    "names",
    [
        ["a" * 40 + "1" + "b" * 40 + end for end in ("x", "y")] + ["a" * 40 + "2" + "b" * 40 + "x"],
        ["a" * 50, "a" * 60, "a" * 70],
        ["begin" + "木" * 40, "begin" + "\\u6728" * 40],
    ],
    ids=["two places", "lengths", "without glyph"],
)
def test_any_names_are_distinct(names: list[str]) -> None:
    """Different names have different texts, wherever they differ."""
    assert len(set(distinct(names, 24).values())) == len(names)


@pytest.mark.slow
def test_labels() -> None:
    """A label stands for its process, a formula is one, and a label of two processes has their names behind it."""
    labels = {"hh": "HH (SM)", "tt": r"$t\bar{t}$", "vv": "Other", "vvv": "Other", "zz": "zz", "bad": "$x_{"}
    assert process_texts(labels, 24) == {
        "hh": "HH (SM)",
        "tt": r"$t\bar{t}$",
        "vv": "Other (vv)",
        "vvv": "Other (vvv)",
        "zz": "zz",
        "bad": r"\$x_{",
    }


@pytest.mark.slow
def test_formulas() -> None:
    """The label of an axis may be a formula."""
    assert formula("$p_T$ [GeV]") == "$p_T$ [GeV]"


@pytest.mark.parametrize("label", ["$p_T", "$p_{T$", r"$\nothing$"])
def test_broken_formulas(label: str) -> None:
    """A label that cannot be parsed as a formula is drawn literally."""
    assert formula(label) == plain(label)


def test_listing() -> None:
    """Names are listed as far as there is room, with the number of the remaining ones."""
    assert listing([], 10) == ""
    assert listing(["a", "b"], 10) == "a, b"
    assert listing(["aaaa", "bbbb", "cccc"], 10) == "aaaa, bbbb and 1 more"
    assert listing(["a" * 50, "b"], 9) == "aaaa…aaaa and 1 more"


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
