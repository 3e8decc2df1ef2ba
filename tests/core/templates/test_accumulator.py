"""Memory that is used again while datasets are added: nothing of one dataset is in another template."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core.templates.accumulator import Accumulator, Scratch, gather
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.internals import collected, histogram_set, layout, request

if TYPE_CHECKING:
    from collections.abc import Sequence

    import hist
    from numpy.typing import NDArray

COLUMN = layout(request("ttbar_2022", ("TTbar", "2022")))


@st.composite
def dealings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Datasets of two columns that differ in flow bins, labels, and categories and their order."""
    dataset = st.fixed_dictionaries(
        {
            "sample": st.sampled_from(["Signal", "TTbar"]),
            "underflow": st.booleans(),
            "overflow": st.booleans(),
            "labels": st.permutations(["JESDown", "JESUp", "other"]).flatmap(
                lambda labels: st.integers(0, 3).map(lambda number: ["nominal", *labels[:number]])
            ),
            "categories": st.permutations(["A", "B", "C", "D"]).flatmap(
                lambda names: st.integers(1, 4).map(lambda number: list(names[:number]))
            ),
            "seed": st.integers(0, 2**32 - 1),
        }
    )
    return draw(st.lists(dataset, min_size=1, max_size=6))


def filled(dealt: dict[str, Any]) -> hist.Hist[Any]:
    """The histogram of such a dataset, whose bins and flow bins are whole numbers above 0."""
    axis = by_hand.bins(0, 1, 2, 3, underflow=dealt["underflow"], overflow=dealt["overflow"])
    histogram = by_hand.simulated({}, axis, labels=dealt["labels"], categories=dealt["categories"])
    view: Any = histogram.view(flow=True)
    for field in ("value", "variance"):
        view[field] = np.random.default_rng(dealt["seed"]).integers(1, 1000, view.shape)
    return histogram


def by_the_book(dealt: Sequence[dict[str, Any]], sample: str, category: str, label: str) -> NDArray[np.float64]:
    """The sum over datasets of a template with both flow bins, one after the other with `hist`."""
    total = np.zeros(5)
    for one in dealt:
        if one["sample"] == sample and category in one["categories"]:
            template: Any = filled(one)[category, label if label in one["labels"] else "nominal", :]
            total[1 - one["underflow"] : 4 + one["overflow"]] += template.values(flow=True)
    return total


@pytest.mark.slow
@given(dealt=dealings(), wanted=st.permutations(["A", "B", "C"]), alone=st.booleans())
def test_templates_of_many_datasets(dealt: list[dict[str, Any]], wanted: list[str], *, alone: bool) -> None:
    """The templates of datasets of many forms are those that hist sums one after the other."""
    output = by_hand.Output()
    for number, one in enumerate(dealt):
        output.add(one["sample"], "2022", filled(one), part=str(number))
    requests = (
        request("ttbar_2022", ("TTbar", "2022"), labels=("nominal", "JESUp")),
        request("signal_2022", ("Signal", "2022"), labels=("nominal", "JESDown", "JESUp")),
    )
    made = collected(output, layout(*requests), wanted, alone=alone)
    assert list(made) == wanted
    for category, sums in made.items():
        if sums.contents is None:
            continue
        row = 0
        for wanted_column in requests:
            for label in wanted_column.labels:
                expected = by_the_book(dealt, wanted_column.samples[0][0], category, label)
                np.testing.assert_array_equal(sums.contents.rounded[row].real, expected)
                np.testing.assert_array_equal(sums.contents.rounded[row].imag, expected)
                row += 1


def test_dataset_with_other_bins() -> None:
    """A dataset with other bins is a problem and is not added."""
    output = by_hand.Output()
    output.mc("TTbar", "2022", "a", nominal=[1, 2, 3])
    output.mc("TTbar", "2022", "b", nominal=[50, 60])
    output.mc("TTbar", "2022", "c", nominal=[10, 20, 30])
    sums = collected(output, COLUMN)["SR"]
    assert len(sums.problems) == 1
    assert "TTbar_b_2022" in sums.problems[0][0]
    assert sums.contents is not None
    assert sums.contents.rounded[0].real.tolist() == [0, 11, 22, 33, 0]


def test_histograms_stay_as_they_were() -> None:
    """The histograms are not changed."""
    output = by_hand.Output()
    output.mc("TTbar", "2022", "a", nominal=[1, 2, 3], JESUp=[0, 0, 0])
    output.mc("TTbar", "2022", "b", nominal=[4, 5, 6])
    before = [histogram.copy() for histogram in output.histograms["TTbar"].values()]
    rows = layout(request("ttbar_2022", ("TTbar", "2022"), labels=("nominal", "JESUp")))
    for _ in range(2):
        collected(output, rows)
    assert list(output.histograms["TTbar"].values()) == before


def test_sums_do_not_change() -> None:
    """Sums that were given out do not change with later ones."""
    output = by_hand.Output().mc("TTbar", "2022", "a", nominal=[1, 2, 3]).mc("TTbar", "2022", "b", nominal=[4, 5, 6])
    first = collected(output, COLUMN)["SR"]
    before = first.complete().values.tobytes()
    output = by_hand.Output().mc("TTbar", "2022", "a", nominal=[7, 8, 9]).mc("TTbar", "2022", "b", nominal=[1, 1, 1])
    _ = collected(output, COLUMN)
    assert first.complete().values.tobytes() == before


def test_gathering() -> None:
    """Gathering takes the wanted labels and categories, independent of earlier ones."""
    cases: list[list[int]] = [[0], [2], [0, 1, 2], [1, 2, 3], [3, 1], [2, 0, 3], [0, 1, 2, 3, 4]]
    for categories in cases:
        with case(categories):
            scratch = Scratch()
            for shape in ((9, 7, 5), (3, 4, 5), (6, 9, 5)):
                cells: Any = np.arange(math.prod(shape)).reshape(shape) * (1 + 0.5j)
                labels = np.array([2, 0, 0, 3], dtype=np.intp)
                taken = gather(cells, labels, categories, scratch)
                np.testing.assert_array_equal(taken, cells[:, labels][:, :, categories])
                taken[...] = np.nan


def test_column_of_more_labels() -> None:
    """A column of more labels than the one before holds only its datasets."""
    from_one = layout(request("a"), request("b", labels=("nominal", "Up", "Down")))
    accumulator = Accumulator(from_one, 1, exact=True)
    axis = by_hand.simulated({"SR": {"nominal": [0, 0, 0]}})
    seen = histogram_set(by_hand.Output().mc("TTbar", "2022", "a", nominal=[0, 0, 0])).histogram(
        "TTbar", "TTbar_a_2022"
    )
    assert seen is not None
    assert axis.axes[2].size == seen.axis.bins
    here = np.array([0], dtype=np.intp)
    for _ in range(2):
        accumulator.add(0, np.full((5, 1, 1), 1e16 + 1j), (1, 1), here)
        accumulator.add(0, np.full((5, 1, 1), 1 + 0j), (1, 1), here)
    accumulator.finish_column(0, seen.axis)
    for _ in range(2):
        accumulator.add(1, np.full((3, 3, 1), 2 + 2j), (0, 0), here)
    accumulator.finish_column(1, seen.axis)
    cells = accumulator.contents(0, seen.axis)
    assert cells is not None
    np.testing.assert_array_equal(cells.rounded[0], np.full(5, 2e16 + 2 + 2j))
    np.testing.assert_array_equal(cells.rounded[1:], [[0, 4 + 4j, 4 + 4j, 4 + 4j, 0]] * 3)
