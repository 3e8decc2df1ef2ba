"""Histograms of several variables as bins of one axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hist
import numpy as np
import pytest

from datacard_core import Analysis, Category, DatacardError, Systematics, Unroll
from tests.support import grids, outputs
from tests.support.cases import case
from tests.support.coffea_files import save

if TYPE_CHECKING:
    from pathlib import Path

YEAR = "2022"


def test_slices_in_a_row() -> None:
    """The bins of the last axis stand side by side, in the order that is declared and not that of the histogram."""
    made = grids.by_score()
    assert outputs.template(outputs.card(made, unroll=["score", "mass"]), "signal_2022") == [7, 8, 9, 12, 13, 14]
    card = outputs.card(made, unroll=["mass", "score"])
    assert outputs.template(card, "signal_2022") == [7, 12, 8, 13, 9, 14]
    assert outputs.variance(card, "ttbar_2022") == [14, 24, 16, 26, 18, 28]


def test_bins_of_axes_and_slices() -> None:
    """Axes have bins of their own, and slices too; the flow of a new range is outside."""
    unroll = Unroll(["score", "mass"], edges={"score": [0, 1]}, slices=[[10, 20, 40]])
    assert outputs.template(outputs.card(grids.by_score(), unroll=unroll), "signal_2022") == [8 + 13, 9 + 14]
    unroll = Unroll(["score", "mass"], slices=[[0, 20, 40], 3])
    card = outputs.card(grids.by_score(), unroll=unroll)
    assert outputs.template(card, "signal_2022") == [7 + 8, 9, 12 + 13 + 14]
    assert [part.axis.edges.tolist() for part in card.channel.axis.slices] == [[0, 20, 40], [0, 40]]
    assert [part.title for part in card.channel.axis.slices] == ["score: 0 to 0.5", "score: 0.5 to 1"]


def test_flow_of_slices() -> None:
    """Folded content goes to the outer bins of its slice; the corners to those of both axes. All content is kept."""
    folded = outputs.card(grids.by_score(), unroll=["score", "mass"], flow="fold")
    expected = [1 + 2 + 6 + 7, 3 + 8, 4 + 5 + 9 + 10, 11 + 12 + 16 + 17, 13 + 18, 14 + 15 + 19 + 20]
    assert outputs.template(folded, "signal_2022") == expected
    assert sum(expected) == 210
    assert "flow-folded" in outputs.codes(folded)
    dropped = outputs.card(grids.by_score(), unroll=["score", "mass"])
    assert "0 in underflow and 147 in overflow are not in the card" in outputs.found(dropped, "flow-lost")[0]
    assert "flow='error' refuses" in outputs.problems(grids.by_score(), unroll=["score", "mass"], flow="error")[0]


def test_three_axes_with_labels() -> None:
    """Of three axes the first is the slowest, and labels are kept in the slices."""
    made = grids.output(
        grids.REGION, hist.axis.Regular(2, 0, 1, name="score", flow=False), hist.axis.Regular(1, 0, 1, name="x")
    )
    # Cells with flow, x last: low has 1 to 6, high has 7 to 12; of the three cells of x the second is inside.
    card = outputs.card(made, unroll=["score", "x", "region"])
    assert outputs.template(card, "signal_2022") == [2, 8, 5, 11]
    assert [part.axis.categories for part in card.channel.axis.slices] == [("low", "high")] * 2
    assert outputs.card(made, unroll=["region", "score", "x"]).channel.axis.slices[0].title == (
        "region: low, score: 0 to 0.5"
    )


def test_blind_bins_of_slices() -> None:
    """A function gets the axis with its slices, and counts of the bins that it chooses are not read."""
    made = grids.by_score()
    counts = np.full((4, 5), 7.0)
    counts[2] = 77777
    data: Any = hist.Hist(
        hist.axis.StrCategory(["SR"], name="cat"),
        hist.axis.Regular(2, 0, 1, name="score"),
        grids.MASS,
        storage=hist.storage.Weight(),
    )
    data.view(flow=True)["value"][0] = data.view(flow=True)["variance"][0] = counts
    made.add("Muon", YEAR, data)

    def last_slice(axis: Any) -> Any:
        return np.arange(axis.bins) >= axis.slices[0].axis.bins

    options: dict[str, Any] = {"unroll": ["score", "mass"], "data_processes": outputs.observation("Muon")}
    card = outputs.card(made, blind=last_slice, **options)
    assert card.channel.data.values.tolist() == [[7, 7, 7, 24, 26, 28]]
    assert "77777" not in card.content() + str(card.findings)


def test_equal_cards_of_all_ways(tmp_path: Path) -> None:
    """A loaded output, and files with parts of one dataset, give the same templates."""
    made = grids.by_score()
    analysis = Analysis(
        years=[YEAR],
        mc_processes=outputs.two_processes(),
        systematics=Systematics(),
        categories={"SR": Category("m", unroll=Unroll(["mass", "score"], edges={"mass": [0, 20, 40]}), flow="fold")},
        plugins=outputs.PLUGINS,
    )
    whole = analysis.build(made.loaded, verbose=False)["SR"]
    paths = [save(tmp_path / f"{number}.coffea", made.loaded) for number in range(2)]
    twice = analysis.build(paths, parts=True, jobs=2, verbose=False)["SR"]
    assert outputs.template(whole, "signal_2022") == [1 + 2 + 3 + 6 + 7 + 8, 11 + 12 + 13 + 16 + 17 + 18, 28, 68]
    assert (twice.channel.nominal.values == 2 * whole.channel.nominal.values).all()
    assert [part.title for part in twice.channel.axis.slices] == ["m: 0 to 20", "m: 20 to 40"]


def test_declarations_that_do_not_fit() -> None:
    """An order, edges or slices that the histograms have not are refused with what they have."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "2 variable axes (score, mass)"),
        ({"unroll": ["score", "mas"]}, "the histograms have no axis 'mas' (did you mean 'mass'?)"),
        ({"unroll": ["score", "score"]}, "expected the names of two or three axes, each once"),
        ({"unroll": "mass"}, "expected the names of two or three axes"),
        ({"unroll": ["score", "mass"], "bins_edges": 2}, "bins_edges and unroll are both given"),
        ({"unroll": Unroll(["score", "mass"], edges={"mass": [0, 15]})}, "15 is not an edge of axis 'mass'"),
        ({"unroll": Unroll(["score", "mass"], slices=[None])}, "slices has bins of 1 slices, and there are 2"),
        ({"unroll": ["score", "mass", "x"]}, "the histograms have no axis 'x'"),
    ]
    for options, expected in cases:
        with case(options, expected):
            with pytest.raises(DatacardError) as raised:
                outputs.card(grids.by_score(), **options)
            assert expected in str(raised.value)


def test_unrolling_of_one_variable() -> None:
    """Histograms of one variable are not unrolled."""
    (problem,) = outputs.problems(outputs.signal_and_ttbar(nominal=[1, 2, 3]), unroll=["m", "n"])
    assert "the histograms have one variable axis, 'events.m'" in problem
