"""Contents that cannot be yields, and variances of histograms whose storage keeps none."""

from __future__ import annotations

from math import inf, nan

import attrs
import numpy as np

from datacard_core.inputs.histograms import HistogramArray
from datacard_core.model.arrays import Axis
from datacard_core.templates.contents import are_counts, content_problems, variance_problem
from datacard_core.templates.rows import Request
from tests.support.cases import case

LOOK = "look for a bad weight in this dataset"


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


def test_first_bad_bin_of_each_category() -> None:
    """A content that is not finite or beyond 1e20, or a variance below 0, is told once per category."""
    values = np.full((4, 2, 3), 10.0)
    variances = np.full((4, 2, 3), 4.0)
    values[1, 1, 2] = nan
    values[2, 0, 1] = values[2, 1, 1] = -2e20
    # The content of the category is told, and not the variance besides.
    variances[2, 0, 0] = -1.0
    variances[3, 1, 0] = -0.5
    names = ("SR", "CR1", "CR2", "CR3")
    axis = Axis(np.arange(4.0))
    histogram = HistogramArray.of(values, variances, axis=axis, categories=names, variations=["nominal", "jesUp"])
    assert list(content_problems(histogram, histogram.contents, ["nominal", "jesUp"])) == [
        (1, f"variation 'jesUp' has a content of nan in bin 3 (1 such in all): {LOOK}"),
        (2, f"variation 'nominal' has a content of -2e+20 in bin 2 (2 such in all): {LOOK}"),
        (3, f"variation 'jesUp' has a variance of -0.5 in bin 1 (1 such in all): {LOOK}"),
    ]


def test_contents_in_place_of_variances() -> None:
    """Values that stand in the place of variances, as a storage keeps none, may be below 0."""
    axis = Axis(np.arange(2.0))
    histogram = HistogramArray.of([[-3.0]], [[-3.0]], axis=axis, categories=["SR"])
    assert [index for index, _ in content_problems(histogram, histogram.contents, ["nominal"])] == [0]
    without = attrs.evolve(histogram, has_variances=False)
    assert list(content_problems(without, without.contents, ["nominal"])) == []


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
