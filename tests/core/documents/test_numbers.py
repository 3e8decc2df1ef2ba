"""Rounding by the uncertainty."""

from __future__ import annotations

import pytest

from datacard_core.documents.numbers import Quantity, counted, decimals, rounded


@pytest.mark.parametrize(
    ("uncertainty", "places"),
    # The examples of the Particle Data Group: 0.827 ± 0.119, 0.827 ± 0.367, and 0.95 that becomes 1.0.
    [(0.119, 2), (0.354, 2), (0.355, 1), (0.367, 1), (0.949, 1), (0.95, 1), (0.9996, 1), (1234, -2), (5000, -3)],
)
def test_decimals(uncertainty: float, places: int) -> None:
    """Up to 354 of the three leading digits two digits stay, up to 949 one, and above two of the next power."""
    assert decimals(uncertainty) == places


@pytest.mark.parametrize(
    ("quantity", "text", "latex"),
    [
        (Quantity(0.827, 0.119, 0.119, 0.119), "0.83 ± 0.12 ± 0.12", r"$0.83 \pm 0.12 \pm 0.12$"),
        (Quantity(12345.6, 12.3, 1234, 1234), "12300 ± 12 ± 1200", r"$12300 \pm 12 \pm 1200$"),
        (Quantity(100, 5, 17.2, 21.7), "100 ± 5 +17/-22", r"$100 \pm 5 {}^{+17}_{-22}$"),
        (Quantity(10, 0, 1.01, 2.0), "10.0 ± 0.0 +1.0/-2.0", r"$10.0 \pm 0.0 {}^{+1.0}_{-2.0}$"),
        (Quantity(-0.04, 0.2, 0.2, 0.2), "-0.04 ± 0.20 ± 0.20", r"$-0.04 \pm 0.20 \pm 0.20$"),
        (Quantity(-0.004, 0.2, 0.2, 0.2), "0.00 ± 0.20 ± 0.20", r"$0.00 \pm 0.20 \pm 0.20$"),
        (Quantity(7.0, 0, 0, 0), "7.00", "$7.00$"),
        (Quantity(7.0, None, 1.5, 1.5), "7.0 ± 1.5", r"$7.0 \pm 1.5$"),
    ],
)
def test_quantity(quantity: Quantity, text: str, latex: str) -> None:
    """All numbers have the place of the larger total uncertainty; a statistical one that is not 0 is not shown as 0."""
    assert (str(quantity), quantity.latex) == (text, latex)


def test_numbers_without_uncertainty() -> None:
    """They have two decimals, or two digits; counts have none if they are whole."""
    assert [rounded(0.00123), rounded(0.5), rounded(0.0999), rounded(0.0)] == ["0.0012", "0.50", "0.1", "0.00"]
    assert [counted(12.0), counted(12.5)] == ["12", "12.50"]
