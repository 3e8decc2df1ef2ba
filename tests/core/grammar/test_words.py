"""The words of a card."""

from __future__ import annotations

from datacard_core import grammar


def test_keywords_have_one_place() -> None:
    """A keyword is that of a row, of a parameter, or of a line without effect on the yields."""
    rows, parameters, inert = grammar.ROW_KEYWORDS, grammar.PARAMETER_KEYWORDS, grammar.INERT_KEYWORDS
    assert not rows & parameters
    assert not inert & (rows | parameters)
    assert parameters >= grammar.CONSTRAINED_KEYWORDS


def test_arguments_of_rows() -> None:
    """Arguments, pairs and signs are those of rows."""
    assert set(grammar.ROW_ARGUMENTS) <= grammar.ROW_KEYWORDS
    assert grammar.ROW_KEYWORDS >= grammar.PAIRED_KEYWORDS | grammar.SIGNED_KEYWORDS | grammar.ABOVE_0_KEYWORDS
