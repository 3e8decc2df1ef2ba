"""Lines of a card: their text, their words, and the places of words."""

from __future__ import annotations

import pytest
from datacard_combine.syntax.lines import joined, split
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.slow
@given(st.text())
def test_text_is_kept(text: str) -> None:
    """The joined lines are the text, whatever it is."""
    assert joined(split(text)) == text


def test_ends_of_lines() -> None:
    """A line ends where Python's text files have it end, and at no other character."""
    cases: list[tuple[str, int]] = [("a\nb", 2), ("a\r\nb\r\n", 2), ("a\rb", 2), ("a\x0bb\x85c", 1), ("", 0)]
    for text, lines in cases:
        assert len(split(text)) == lines, text


def test_places_of_words() -> None:
    """The column of a word counts from 1; a word that is missing is behind the last."""
    (line,) = split("  lumi\tlnN  1.02  ")
    assert [line.column(word) for word in range(4)] == [3, 8, 13, 17]


def test_replaced_words() -> None:
    """Other words stand where the old ones stood, with the blanks between words as they were."""
    (line,) = split("  lumi\tlnN  1.02 # x\r\n")
    assert line.replacing({0: "lumi_2022", 2: "1.03"}).text == "  lumi_2022\tlnN  1.03 # x"
