"""Sums that can be added: in any grouping and order the same bytes, each rounded once."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import InputError
from tests.support.cases import case
from tests.support.internals import Layout, collected, data_request, layout, request
from tests.support.outputs import Output, bins, simulated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import hist

    from datacard_core.templates.sums import Sums

COLUMN = layout(request("ttbar_2022", ("TTbar", "2022")))


BINS = 3


MOST = 8


RANGE = 40


LARGEST = 65
"""Exponent of the largest contents, which are below 1e20."""


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
    lowest = draw(st.integers(-900, LARGEST - spread))
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


@functools.lru_cache(maxsize=100)
def filled(values: tuple[float, ...]) -> hist.Hist[Any]:
    """Return the histogram of a dataset, which is made once for all orders of the datasets."""
    return simulated({"SR": {"nominal": values}})


def summed(datasets: Sequence[Sequence[float]], places: Sequence[int], *, alone: bool = False) -> Sums:
    """The sums of some datasets, which are read in this order."""
    output = Output()
    for number, place in enumerate(places):
        # Datasets are read in the order of their names; one place may be there several times.
        output.add("TTbar", "2022", filled(tuple(datasets[place])), part=f"{number:03}{place}")
    return collected(output, COLUMN, alone=alone)["SR"]


def in_any_order(datasets: Sequence[Sequence[float]], groups: Sequence[Sequence[int]]) -> tuple[Sums, Sums]:
    """All that is in several files, added from the left and as a tree from the right."""
    parts = [summed(datasets, group) for group in groups]
    from_the_left = functools.reduce(operator.add, parts)
    while len(parts) > 1:
        last = parts.pop()
        parts[-1] = parts[-1] + last
    return from_the_left, parts[0]


class TestExactness:
    """Sums are exact, and rounded once."""

    @pytest.mark.slow
    @given(drawn=in_groups(RANGE))
    def test_eight_doubles(self, drawn: tuple[list[list[float]], list[list[int]]]) -> None:
        """Eight doubles within forty powers of two give the exact sum, rounded once."""
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

    @pytest.mark.slow
    @given(drawn=in_groups(RANGE))
    def test_grouping_and_order(self, drawn: tuple[list[list[float]], list[list[int]]]) -> None:
        """Every grouping and order gives the same bytes."""
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

    @pytest.mark.slow
    @given(drawn=in_groups(900))
    def test_doubles_of_any_size(self, drawn: tuple[list[list[float]], list[list[int]]]) -> None:
        """Doubles of any size give the sum to twice their precision."""
        datasets, groups = drawn
        for sums in in_any_order(datasets, groups):
            found = sums.complete().values[0, 1:-1].tolist()
            for column, value in zip(zip(*datasets, strict=True), found, strict=True):
                exact = sum(map(Fraction, column), Fraction(0))
                size = sum((abs(Fraction(number)) for number in column), Fraction(0))
                rounding = Fraction(math.ulp(float(exact))) / 2
                assert abs(Fraction(value) - exact) <= rounding + size * Fraction(1, 2**98)

    @pytest.mark.slow
    def test_cancellation(self) -> None:
        """A small content survives two large ones that cancel."""
        datasets = [[1e16, 0, 0], [1.0, 0, 0], [-1e16, 0, 0]]
        # Not `sum`, which makes up for lost digits in newer versions of Python.
        assert datasets[0][0] + datasets[1][0] + datasets[2][0] == 0
        for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
            assert summed(datasets, order).complete().values[0, 1] == 1
            assert summed(datasets, order, alone=True).complete().values[0, 1] == 1

    @pytest.mark.slow
    def test_hundred_tenths(self) -> None:
        """A hundred tenths are the exact sum, rounded once."""
        parts = [[0.1, 0, 0]] * 100
        hundred = summed(parts, range(100))
        assert hundred.complete().values[0, 1] == math.fsum([0.1] * 100)

    def test_content_beyond_any_yield(self) -> None:
        """Contents whose sum may overflow, or depend on its order, are an error."""
        contents: list[float] = [1e308, -1e100, 1.1e20]
        both_ways: list[bool] = [True, False]
        for content in contents:
            for alone in both_ways:
                with case(content, alone):
                    sums = summed([[1.0, content, 0], [content, 0, 0]], range(2), alone=alone)
                    with pytest.raises(InputError, match=rf"has a content of {re.escape(str(content))} in bin 2"):
                        sums.complete()

    @pytest.mark.slow
    def test_largest_content(self) -> None:
        """The largest contents keep a millionth of an event to 1e-12 events, in every order."""
        datasets = [[1e20, 0, 0], [1e4, 0, 0], [1e-6, 0, 0], [-1e20, 0, 0], [-1e4, 0, 0]]
        for order in itertools.permutations(range(5)):
            assert summed(datasets, order).complete().values[0, 1] == pytest.approx(1e-6, abs=1e-12)


LABELS = ("nominal", "JESUp", "JESDown")
ROWS = layout(request("ttbar_2022", ("TTbar", "2022"), labels=LABELS), data_request())


def sums(
    datasets: Iterable[str], rows: Layout = ROWS, *, edges: tuple[float, ...] = (0, 1, 2), read_from: str = "here"
) -> Sums:
    """The sums of ttbar, with one dataset for each letter; dataset c has no variations."""
    return collected(by_letter(datasets, edges), rows, read_from=read_from)["SR"]


def by_letter(datasets: Iterable[str], edges: tuple[float, ...]) -> Output:
    output = Output()
    for number, part in enumerate("abcd", start=1):
        if part not in datasets:
            continue
        values: dict[str, list[float]] = {"nominal": [0.1 * number, number, 2 * number, 0.7]}
        if part != "c":
            values |= {"JESUp": [0.3, 1.5 * number, 2.5 * number, 0.2], "JESDown": [0, 0, number, 0]}
        output.add("TTbar", "2022", simulated({"SR": values}, bins(*edges)), part=part)
    return output


class TestAddition:
    """Sums of several sources, added."""

    def test_parts(self) -> None:
        """The sum of parts has the bytes and the record of all datasets read at once."""
        cases: list[tuple[str, ...]] = [("ab", "cd"), ("a", "bcd"), ("c", "abd"), ("a", "b", "c", "d")]
        for groups in cases:
            with case(groups):
                everything = sums("abcd").complete()
                first, *rest = map(sums, groups)
                total = functools.reduce(operator.add, rest, first).complete()
                # To the last bit: a file at a time, in any grouping, must give the same bytes.
                np.testing.assert_array_equal(total.values, everything.values)
                np.testing.assert_array_equal(total.variances, everything.variances)
                assert total.present.tolist() == everything.present.tolist() == [4, 3, 3, 0]
                assert total.datasets.tolist() == everything.datasets.tolist() == [4, 0]
                assert total.variations == everything.variations
                assert set(total.fallbacks) == set(everything.fallbacks)
                assert set(total.findings) == set(everything.findings)

    def test_parts_stay_as_they_were(self) -> None:
        """Adding changes neither part."""
        one, other = sums("ab"), sums("cd")
        before = [part.complete().values.copy() for part in (one, other)]
        _ = one + other
        np.testing.assert_array_equal(one.complete().values, before[0])
        np.testing.assert_array_equal(other.complete().values, before[1])

    @pytest.mark.slow
    def test_different_layouts_or_bins(self) -> None:
        """Sums of different layouts or bins are not added."""
        other = layout(*ROWS.requests, request("vv_2022"))
        with pytest.raises(ValueError, match="one layout"):
            _ = sums("ab") + sums("cd", other)
        with pytest.raises(InputError, match="same edges"):
            _ = sums("ab") + sums("cd", edges=(0, 1, 3))

    def test_dataset_in_both(self) -> None:
        """A dataset that is added twice is an error that names both files."""
        with pytest.raises(InputError, match=r"'TTbar_b_2022'.*: in one and in other"):
            _ = sums("ab", read_from="one") + sums("bc", read_from="other")
