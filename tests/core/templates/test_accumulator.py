"""Sums that can be added: in any grouping and order the same bytes, and nothing of one dataset in another."""

from __future__ import annotations

import functools
import math
import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacard_core.errors import InputError
from datacard_core.inputs.output import HistogramSet
from datacard_core.templates.accumulator import Accumulator, Scratch, gather
from datacard_core.templates.collector import collect
from datacard_core.templates.rows import Layout, Request
from tests.support import outputs as by_hand

if TYPE_CHECKING:
    from collections.abc import Sequence

    import hist
    from numpy.typing import NDArray

    from datacard_core.templates.sums import Sums


COLUMN = Layout((Request("ttbar_2022", (("TTbar", "2022"),)),))
BINS = 3
MOST = 8
RANGE = 40


def doubles(lowest: int, highest: int) -> st.SearchStrategy[float]:
    """Zeros, and doubles of either sign whose exponents are in a range; their last bits are anything."""
    mantissa = st.floats(1, 2, exclude_max=True)
    return st.one_of(
        st.just(0.0),
        st.builds(
            lambda sign, number, exponent: sign * math.ldexp(number, exponent),
            st.sampled_from([1, -1]),
            mantissa,
            st.integers(lowest, highest),
        ),
    )


@st.composite
def addends(draw: st.DrawFn, spread: int) -> list[list[float]]:
    """Up to eight datasets with some bins; all exponents are within a spread of each other."""
    lowest = draw(st.integers(-900, 900 - spread))
    one = st.lists(doubles(lowest, lowest + spread), min_size=BINS, max_size=BINS)
    return draw(st.lists(one, min_size=1, max_size=MOST))


@st.composite
def in_groups(draw: st.DrawFn, spread: int) -> tuple[list[list[float]], list[list[int]]]:
    """Datasets, and how they are dealt out to files, with the files in any order."""
    datasets = draw(addends(spread))
    files = draw(st.lists(st.integers(0, 3), min_size=len(datasets), max_size=len(datasets)))
    order = draw(st.permutations(range(len(datasets))))
    groups = [[place for place in order if files[place] == file] for file in draw(st.permutations(range(4)))]
    return datasets, [group for group in groups if group]


def source(datasets: dict[str, Sequence[float]]) -> HistogramSet:
    """TTbar with those datasets; the variances are the absolute values."""
    output = by_hand.Output()
    for part, values in datasets.items():
        output.mc("TTbar", "2022", part, nominal=values)
    return HistogramSet(output.histograms, output.metadata, output.cutflow)


def summed(datasets: Sequence[Sequence[float]], places: Sequence[int], *, alone: bool = False) -> Sums:
    """The sums of some datasets, which are read in this order."""
    names = {f"{number:02}": datasets[place] for number, place in enumerate(places)}
    # Each place has a name of its own, and they are read in the order of their names.
    named = {f"{name}{place}": values for (name, values), place in zip(names.items(), places, strict=True)}
    return collect(source(named), COLUMN, ["SR"], alone=alone)["SR"]


def in_any_order(datasets: Sequence[Sequence[float]], groups: Sequence[Sequence[int]]) -> tuple[Sums, Sums]:
    """All that is in several files, added from the left and as a tree from the right."""
    parts = [summed(datasets, group) for group in groups]
    from_the_left = functools.reduce(operator.add, parts)
    while len(parts) > 1:
        last = parts.pop()
        parts[-1] = parts[-1] + last
    return from_the_left, parts[0]


class TestExactness:
    @settings(max_examples=150, deadline=None)
    @given(drawn=in_groups(RANGE))
    def test_eight_doubles_within_forty_powers_of_two_give_the_exact_sum_rounded_once(
        self, drawn: tuple[list[list[float]], list[list[int]]]
    ) -> None:
        # What rounding takes is then a whole number of last bits that a double holds: 40 + 3 + 2 * 3 bits and less.
        datasets, groups = drawn
        values = [math.fsum(column) for column in zip(*datasets, strict=True)]
        variances = [math.fsum(map(abs, column)) for column in zip(*datasets, strict=True)]
        everything = range(len(datasets))
        for sums in (
            *in_any_order(datasets, groups),
            summed(datasets, everything),
            summed(datasets, everything, alone=True),
        ):
            complete = sums.complete()
            assert complete.values[0, 1:-1].tolist() == values
            assert complete.variances[0, 1:-1].tolist() == variances

    @settings(max_examples=100, deadline=None)
    @given(drawn=in_groups(RANGE))
    def test_any_grouping_and_order_gives_the_same_bytes(
        self, drawn: tuple[list[list[float]], list[list[int]]]
    ) -> None:
        datasets, groups = drawn
        everything = range(len(datasets))
        made = [
            *in_any_order(datasets, groups),
            *in_any_order(datasets, groups[::-1]),
            summed(datasets, everything),
            summed(datasets, everything, alone=True),
        ]
        complete = [sums.complete() for sums in made]
        assert len({one.values.tobytes() for one in complete}) == 1
        assert len({one.variances.tobytes() for one in complete}) == 1

    @settings(max_examples=100, deadline=None)
    @given(drawn=in_groups(1700))
    def test_doubles_of_any_size_give_the_sum_to_twice_their_precision(
        self, drawn: tuple[list[list[float]], list[list[int]]]
    ) -> None:
        datasets, groups = drawn
        for sums in in_any_order(datasets, groups):
            found = sums.complete().values[0, 1:-1].tolist()
            for column, value in zip(zip(*datasets, strict=True), found, strict=True):
                exact = sum(map(Fraction, column), Fraction(0))
                size = sum((abs(Fraction(number)) for number in column), Fraction(0))
                rounding = Fraction(math.ulp(float(exact))) / 2
                assert abs(Fraction(value) - exact) <= rounding + size * Fraction(1, 2**98)

    def test_what_cancels_leaves_what_is_small(self) -> None:
        datasets = [[1e16, 0, 0], [1.0, 0, 0], [-1e16, 0, 0]]
        assert sum(values[0] for values in datasets) == 0
        for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
            assert summed(datasets, order).complete().values[0, 1] == 1
            assert summed(datasets, order, alone=True).complete().values[0, 1] == 1

    def test_ten_thousand_tenths_are_a_thousand(self) -> None:
        parts = [[0.1, 0, 0]] * 100
        hundred = summed(parts, range(100))
        assert hundred.complete().values[0, 1] == math.fsum([0.1] * 100)

    @pytest.mark.parametrize("alone", [True, False])
    def test_a_sum_beyond_all_doubles_is_not_taken_for_a_number(self, *, alone: bool) -> None:
        # Each is finite, so nothing is wrong with any histogram.
        sums = summed([[1e308, 0, 0]] * 2, range(2), alone=alone)
        with pytest.raises(InputError, match="finite"):
            sums.complete()


# What is used again


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


class TestMemoryThatIsUsedAgain:
    @settings(max_examples=100, deadline=None)
    @given(dealt=dealings(), wanted=st.permutations(["A", "B", "C"]), alone=st.booleans())
    def test_nothing_of_a_dataset_is_in_another_template(
        self, dealt: list[dict[str, Any]], wanted: list[str], *, alone: bool
    ) -> None:
        output = by_hand.Output()
        for number, one in enumerate(dealt):
            output.add(one["sample"], "2022", filled(one), part=str(number))
        layout = Layout(
            (
                Request("ttbar_2022", (("TTbar", "2022"),), ("nominal", "JESUp")),
                Request("signal_2022", (("Signal", "2022"),), ("nominal", "JESDown", "JESUp")),
            )
        )
        made = collect(HistogramSet(output.histograms, output.metadata, output.cutflow), layout, wanted, alone=alone)
        assert list(made) == wanted
        for category, sums in made.items():
            if sums.contents is None:
                continue
            row = 0
            for request in layout.requests:
                for label in request.labels:
                    expected = by_the_book(dealt, request.samples[0][0], category, label)
                    np.testing.assert_array_equal(sums.contents.rounded[row].real, expected)
                    np.testing.assert_array_equal(sums.contents.rounded[row].imag, expected)
                    row += 1

    def test_a_dataset_with_other_bins_is_a_problem_and_adds_nothing(self) -> None:
        output = by_hand.Output()
        output.mc("TTbar", "2022", "a", nominal=[1, 2, 3])
        output.mc("TTbar", "2022", "b", nominal=[50, 60])
        output.mc("TTbar", "2022", "c", nominal=[10, 20, 30])
        sums = collect(HistogramSet(output.histograms, output.metadata, output.cutflow), COLUMN, ["SR"])["SR"]
        assert len(sums.problems) == 1
        assert "TTbar_b_2022" in sums.problems[0][0]
        assert sums.contents is not None
        assert sums.contents.rounded[0].real.tolist() == [0, 11, 22, 33, 0]

    def test_the_histograms_stay_as_they_were(self) -> None:
        output = by_hand.Output()
        output.mc("TTbar", "2022", "a", nominal=[1, 2, 3], JESUp=[0, 0, 0])
        output.mc("TTbar", "2022", "b", nominal=[4, 5, 6])
        before = [histogram.copy() for histogram in output.histograms["TTbar"].values()]
        layout = Layout((Request("ttbar_2022", (("TTbar", "2022"),), ("nominal", "JESUp")),))
        for _ in range(2):
            collect(HistogramSet(output.histograms, output.metadata, output.cutflow), layout, ["SR"])
        assert list(output.histograms["TTbar"].values()) == before

    def test_sums_that_were_given_out_do_not_change_with_what_is_summed_later(self) -> None:
        first = summed([[1, 2, 3], [4, 5, 6]], range(2))
        before = first.complete().values.tobytes()
        _ = summed([[7, 8, 9], [1, 1, 1]], range(2))
        assert first.complete().values.tobytes() == before

    @pytest.mark.parametrize("categories", [[0], [2], [0, 1, 2], [1, 2, 3], [3, 1], [2, 0, 3], [0, 1, 2, 3, 4]])
    def test_gathering_takes_what_is_asked_for_whatever_was_gathered_before(self, categories: list[int]) -> None:
        scratch = Scratch()
        for shape in ((9, 7, 5), (3, 4, 5), (6, 9, 5)):
            cells: Any = np.arange(math.prod(shape)).reshape(shape) * (1 + 0.5j)
            labels = np.array([2, 0, 0, 3], dtype=np.intp)
            taken = gather(cells, labels, categories, scratch)
            np.testing.assert_array_equal(taken, cells[:, labels][:, :, categories])
            taken[...] = np.nan

    def test_a_column_of_more_labels_after_one_of_fewer_holds_only_its_own(self) -> None:
        from_one = Layout((Request("a", (), ("nominal",)), Request("b", (), ("nominal", "Up", "Down"))))
        accumulator = Accumulator(from_one, 1, exact=True)
        axis = by_hand.simulated({"SR": {"nominal": [0, 0, 0]}})
        seen = source({"a": [0, 0, 0]}).histogram("TTbar", "TTbar_a_2022")
        assert seen is not None
        assert axis.axes[2].size == seen.axis.bins
        here = np.array([0], dtype=np.intp)
        for _ in range(2):
            accumulator.add(np.full((5, 1, 1), 1e16 + 1j), (1, 1), here)
            accumulator.add(np.full((5, 1, 1), 1 + 0j), (1, 1), here)
        accumulator.finish_column(0, seen.axis)
        for _ in range(2):
            accumulator.add(np.full((3, 3, 1), 2 + 2j), (0, 0), here)
        accumulator.finish_column(1, seen.axis)
        cells = accumulator.contents(0, seen.axis)
        assert cells is not None
        np.testing.assert_array_equal(cells.rounded[0], np.full(5, 2e16 + 2 + 2j))
        np.testing.assert_array_equal(cells.rounded[1:], [[0, 4 + 4j, 4 + 4j, 4 + 4j, 0]] * 3)
