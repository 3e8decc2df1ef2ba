"""Variances of histograms whose storage keeps none."""

from __future__ import annotations

from math import inf, nan

import numpy as np

from datacard_core.templates.rows import Request
from datacard_core.templates.variances import are_counts, variance_problem
from tests.support.cases import case


def test_counts() -> None:
    """Whole numbers from 0 on are counts; contents that are not finite are told elsewhere."""
    cases: list[tuple[list[float], bool]] = [
        ([0, 3], True),
        ([0.5, 3], False),
        ([-1, 3], False),
        ([nan, 3, inf], True),
        ([nan, 3.5], False),
        ([], True),
    ]
    for values, expected in cases:
        with case(values, expected):
            assert are_counts(np.array(values)) is expected


def test_problem_names_the_kind() -> None:
    """The problem names the kind that needs variances, and for autoMCStats the argument that leaves it out."""
    assert "which gamma needs: fill with" in variance_problem(Request(column="a", samples=(), variances_for="gamma"))
    assert variance_problem(Request(column="a", samples=(), variances_for="autoMCStats")).endswith(
        "; or pass mcstat=False"
    )
    assert not variance_problem(Request(column="a", samples=()))


def test_weights_of_data() -> None:
    """Data are counts: weights without variances are a problem, although no kind needs them."""
    assert variance_problem(Request(column="data_obs", samples=(), is_data=True)).startswith(
        "its contents are not counts"
    )
