"""Conventions: the first pattern that takes a name decides."""

from __future__ import annotations

from datacard_core import Convention, NamePattern

OURS = Convention("ours", (NamePattern("a.c", "exact"), NamePattern("a.*", "all", "All of them", "abc")))


def test_order_of_patterns() -> None:
    """Of several patterns that take a name, the first one counts; a pattern is for the whole name."""
    assert [getattr(OURS.pattern_of(name), "of", None) for name in ("abc", "abd", "xabc")] == ["exact", "all", None]


def test_name_with_special_characters() -> None:
    """A name that is written as it is takes itself, whatever it means as an expression."""
    assert NamePattern("a.b+", "x").takes("a.b+")


def test_similar_examples() -> None:
    """The most similar example is a hint for a name that no pattern takes."""
    assert OURS.examples_like("abe") == ["abc"]
    assert OURS.examples_like("lumi") == []
