"""Infinite edges are refused when a card is built, or replaced by an edge of the script."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.outputs import Output, bins, card, codes, found, problems, simulated, template

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core.templates.binning import Binning


def output(*edges: float) -> Output:
    """Return an output with 1, 2, 3, … events of signal, and ten times as many of ttbar, in the bins of these edges."""
    made = Output()
    for sample, factor in (("Signal", 1), ("TTbar", 10)):
        values = [factor * number for number in range(1, len(edges))]
        made.add(sample, "2022", simulated({"SR": {"nominal": values}}, bins(*edges)))
    return made


@pytest.mark.parametrize("binning", [None, [0, 100, inf], [100, inf], 1, 3], ids=repr)
def test_infinite_edge_is_refused(binning: Binning) -> None:
    """A card whose last bin reaches to infinity is refused when it is built, with channel and way out."""
    (problem,) = problems(output(0, 100, 200, inf), bins_edges=binning)
    assert problem == (
        "error [infinite-edge] SR_2022: the last edge of axis 'events.m' is inf, which a histogram of ROOT cannot "
        "have: in bins_edges, write a finite number in its place, such as 300"
    )


def test_both_edges_are_told() -> None:
    """Infinite first and last edges are told together."""
    first, last = problems(output(-inf, 0, 50, inf))
    assert "the first edge of axis 'events.m' is -inf" in first
    assert "such as -50" in first
    assert "the last edge of axis 'events.m' is inf" in last
    assert "such as 100" in last


@pytest.mark.slow
def test_finite_edge_in_its_place(tmp_path: Path) -> None:
    """A finite edge beyond the others stands for the infinite one, keeps its content, and is told."""
    made = card(output(0, 100, 200, inf), bins_edges=[0, 200, 500])
    assert template(made, "ttbar_2022") == [10 + 20, 30]
    values, _, edges = by_hand.written(made, tmp_path)["ttbar_2022_nominal"]
    assert values.tolist() == [30, 30]
    assert edges.tolist() == [0, 200, 500]
    (told,) = found(made, "infinite-edge")
    assert "the last bin reaches to inf in the histograms, and to 500 of bins_edges here" in told


def test_finite_first_edge() -> None:
    """A finite edge stands for an infinite first edge too."""
    made = card(output(-inf, 0, 50, inf), bins_edges=[-20, 0, 50, 80])
    assert template(made, "ttbar_2022") == [10, 20, 30]
    assert made.histogram.axes[2].edges.tolist() == [-20, 0, 50, 80]
    assert codes(made) == ["infinite-edge"] * 2


@pytest.mark.slow
def test_bin_that_is_left_out() -> None:
    """Edges that leave the infinite bin out make its content overflow."""
    made = card(output(0, 100, 200, inf), bins_edges=[0, 100, 200])
    assert template(made, "ttbar_2022") == [10, 20]
    assert set(codes(made)) == {"flow-lost"}
    folded = card(output(0, 100, 200, inf), bins_edges=[0, 100, 200], flow="fold")
    assert template(folded, "ttbar_2022") == [10, 20 + 30]


def test_other_edges_stay_refused() -> None:
    """Beside an infinite edge, other edges must be those of the axis."""
    cases: list[tuple[Any, Binning, str]] = [
        ((0, 100, 200, inf), [0, 150, 500], "150 is not an edge"),
        ((0, 100, 200, inf), [-5, 100, 500], "-5 is not an edge"),
        ((0, inf), [5, 10], "5 is not an edge"),
        ((-inf, 0, inf), [-3, 1, 3], "1 is not an edge"),
        ((0, 100, 200), [0, 100, inf], "inf is not an edge"),
    ]
    for edges, binning, strange in cases:
        with case(edges, binning, strange):
            (problem,) = problems(output(*edges), bins_edges=binning)
            assert strange in problem
