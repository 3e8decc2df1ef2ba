"""Systematics by process, and nuisances by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import Cards, FreeParameter, Nuisance, read_card, systematics_table, years_table
from tests.support.channels import Gamma, channel, factors, shape, shifted

if TYPE_CHECKING:
    from pathlib import Path

MADE = channel(
    factors("lumi", [0, 1, 2, 3], [1.016] * 4),
    factors("xs", [1, 2], [1.2, 1.1], [0.9, 0.95]),
    factors("turned", [3], [0.98], [1.02]),
    shifted("jes", [1, 3], [[3, -3], [1, 0]], [[-3, 6], [-1, 0]]),
    Nuisance("g", (Gamma(np.array([1])),)),
    directives=[FreeParameter("SF", np.array([1, 2]), 1.0, None)],
)


def test_changes_in_per_cent() -> None:
    """Equal sizes are one number, others a pair at -1 and +1, and several columns a range."""
    table = systematics_table(MADE)
    assert table.heads == ("nuisance", "kind", "signal", "top", "vjets")
    assert table.lines == [
        ("lumi", "lnN", "1.6", "1.6", "1.6"),
        ("xs", "lnN", "-", "10.0 to 20.0", "-"),
        # 2 % less at +1
        ("turned", "lnN", "-", "-", "-2.0"),
        # top of 30: +0 at +1, +3 at -1; vjets of 10: 1
        ("jes", "shape", "-", "+10.0/0", "10.0"),
        ("g", "gmN 7", "-", "(0.1)", "-"),
    ]


def test_records() -> None:
    """A record has the factors on the yield of one column, None where they are not known."""
    records = {(one["nuisance"], one["process"], one["year"]): one for one in systematics_table(MADE).records}
    assert (records["xs", "top", "2023"]["down"], records["xs", "top", "2023"]["up"]) == pytest.approx((0.95, 1.1))
    assert records["jes", "top", "2022"]["down"] == pytest.approx(1.1)
    assert (records["g", "top", "2022"]["value"], records["g", "top", "2022"]["up"]) == ("0.1", None)


def test_scaled_templates() -> None:
    """The scale of a row counts: half of the templates' change."""
    made = channel(Nuisance("jes", (shape([3], [[1, 1]], [[-1, -1]], [0.5]),)))
    assert systematics_table(made).lines == [("jes", "shape", "-", "-", "10.0")]


def test_processes_without_yield() -> None:
    """A change of nothing is no number: the value in the card stands for it."""
    made = channel(factors("lumi", [0], [1.02]), values=[[0.0, 0], [1, 1], [1, 1], [1, 1]])
    assert systematics_table(made).lines == [("lumi", "lnN", "(1.02)", "-", "-")]


def test_years() -> None:
    """A nuisance has the processes that it acts on in each year; free parameters are there too."""
    table = years_table(MADE)
    assert table.heads == ("nuisance", "kind", "2022", "2023")
    assert table.lines == [
        ("lumi", "lnN", "all", "all"),
        ("xs", "lnN", "top", "all"),
        ("turned", "lnN", "vjets", "-"),
        ("jes", "shape", "top, vjets", "-"),
        ("g", "gmN 7", "top", "-"),
        ("SF", "rateParam", "top", "all"),
    ]


@pytest.mark.slow
def test_read_card(demo_cards: Cards, tmp_path: Path) -> None:
    """A card that was read has the tables of the card that was written."""
    card = demo_cards["SR"]
    card.dump(tmp_path)
    read = read_card(tmp_path / "datacard.txt")
    assert systematics_table(read).lines == systematics_table(card).lines
    assert years_table(read).markdown() == years_table(card).markdown()
