"""Colours and text of the plots."""

from __future__ import annotations

import pytest
from datacard_plots.style import colour, formula, hatch, listing, plain
from matplotlib.text import Text


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
