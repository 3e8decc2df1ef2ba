"""Frames of small plots: the labels of their ticks."""

from __future__ import annotations

from datacard_plots.pages.frames import numbered


def labels(low: float, high: float) -> list[str]:
    return [label for _, label in numbered(low, high, 5)]


def test_tiny_numbers() -> None:
    """Ticks of a variable in very small units have their numbers, and not 0."""
    assert labels(0, 5e-13) == ["0", "1e−13", "2e−13", "3e−13", "4e−13", "5e−13"]  # noqa: RUF001 - minus sign


def test_close_numbers() -> None:
    """Large numbers that are close together have as many digits as tell them apart."""
    assert labels(1234560, 1234570) == ["1234560", "1234562", "1234564", "1234566", "1234568", "1234570"]
    assert labels(1000000, 1000010)[:2] == ["1000000", "1000002"]


def test_rounding_of_sums() -> None:
    """Steps that binary numbers cannot hold have round labels, and 0 is 0."""
    assert labels(-0.3, 0.2) == ["−0.3", "−0.2", "−0.1", "0", "0.1", "0.2"]  # noqa: RUF001 - minus sign
    assert labels(0, 1e7)[:2] == ["0", "2e6"]
