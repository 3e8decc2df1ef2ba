"""Text of the plots."""

from __future__ import annotations

import pytest
from datacard_plots.texts import distinct, formula, listing, plain, process_texts
from matplotlib.text import Text


def test_literal_names() -> None:
    """matplotlib draws a name literally, without formulas."""
    for text in ["a_b", "$x$", "a$", r"\$x\$", r"\alpha^2_{", "ü → é", "%d {} #", "$"]:
        drawn = Text(text=plain(text))
        cleaned, is_formula = drawn._preprocess_math(drawn.get_text())  # type: ignore[attr-defined]
        assert (cleaned, is_formula) == (text, False), text


def test_characters_without_glyph() -> None:
    """Characters that the font lacks are escaped."""
    for text, drawn in [("木", "\\u6728"), ("a\nb", "a\\nb"), ("\ud800", "\\ud800"), ("\x00", "\\x00")]:
        assert plain(text) == drawn, text


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


def test_broken_formulas() -> None:
    """A label that cannot be parsed as a formula is drawn literally."""
    broken = ["$p_T", "$p_{T$", r"$\nothing$"]
    assert list(map(formula, broken)) == list(map(plain, broken))


def test_listing() -> None:
    """Names are listed as far as there is room, with the number of the remaining ones."""
    assert listing([], 10) == ""
    assert listing(["a", "b"], 10) == "a, b"
    assert listing(["aaaa", "bbbb", "cccc"], 10) == "aaaa, bbbb and 1 more"
    assert listing(["a" * 50, "b"], 9) == "aaaa…aaaa and 1 more"
