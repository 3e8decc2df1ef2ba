"""Blocks: histograms without the axes of samples, years and selected labels."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
import pytest

from datacard_core import HistogramConventions, InputError
from datacard_core.inputs.foreign.blocks import Block, blocks
from datacard_core.inputs.histograms import decoded
from tests.support.cases import case
from tests.support.foreign import filled

ERAS = filled(
    ("era", "cat", "variation"),
    {("C", "SR", "nominal"): [1, 2], ("D", "SR", "nominal"): [10, 20], ("D", "CR", "nominal"): [5, 5]},
)


def block(histogram: object, **conventions: Any) -> Block:
    ((*_, only),) = blocks(decoded(histogram), HistogramConventions(**conventions), {}, "h")
    return only


@pytest.mark.parametrize(("labels", "values"), [("C", [1, 2]), (["C", "D"], [11, 22])], ids=str)
def test_selected_labels(labels: Any, values: list[float]) -> None:
    """The contents of selected labels are summed, and those of other labels are left out."""
    found = block(ERAS, select={"era": labels})
    sr = found.contents[found.categories.index("SR"), 0, 1:-1]
    # 1 * 1 and 2 * 2, and with D also 10 * 10 and 20 * 20, are the squared weights.
    squares = {"C": [1, 4]}.get(str(labels), [101, 404])
    np.testing.assert_array_equal(sr, np.array(values) + 1j * np.array(squares))


def test_samples_and_years() -> None:
    """Each sample and year of their axes is a block."""
    histogram = filled(("year", "process", "cat"), {("18", "tt", "SR"): [1, 2], ("17", "tt", "SR"): [3, 4]})
    conventions = HistogramConventions(sample_axis="process", year_axis="year", years={"18": "2018", "17": "2017"})
    found = {(sample, year): one for sample, year, one in blocks(decoded(histogram), conventions, {}, "h")}
    assert list(found) == [("tt", "18"), ("tt", "17")]
    np.testing.assert_array_equal(found["tt", "17"].contents[0, 0, 1:-1].real, [3, 4])


def test_axes_of_numbers() -> None:
    """Whole numbers, and True and False, are labels of axes in a role, without the bins outside."""
    histogram: hist.Hist[Any] = hist.Hist(
        hist.axis.Boolean(name="isolated"),
        hist.axis.Integer(2017, 2019, name="year"),
        hist.axis.IntCategory([4, 2], name="cat"),
        hist.axis.Regular(2, 0, 2, name="mass"),
        storage=hist.storage.Weight(),
    )
    for isolated, year, mass in ((True, 2018, 0.5), (True, 2016, 1.5), (False, 2018, 1.5)):
        histogram.fill(isolated=isolated, year=year, cat=2, mass=mass)
    for label in (True, "True"):
        conventions = HistogramConventions(year_axis="year", select={"isolated": label})
        found = {year: one for _, year, one in blocks(decoded(histogram), conventions, {}, "h")}
        assert list(found) == ["2017", "2018"]
        assert found["2018"].categories == ("4", "2")
        np.testing.assert_array_equal(found["2018"].contents[:, 0, 1:-1].real, [[0, 0], [1, 0]])
        assert not found["2017"].contents.any()


def test_category_of_name() -> None:
    """A category in the name stands in place of the axis, and without both it is inclusive."""
    plain = filled((), {(): [1, 2]})
    ((*_, named),) = blocks(decoded(plain), HistogramConventions(), {"category": "SR", "variation": "jesUp"}, "h")
    assert (named.categories, named.variations) == (("SR",), ("jesUp",))
    assert block(plain, category_axis=None).categories == ("inclusive",)


def test_other_conventions() -> None:
    """An axis or a label that is missing, or left over, is told with the closest one."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "h has further axes of names, 'era': choose labels with select={'era': 'C'}"),
        ({"select": {"eras": "C"}}, "h has further axes of names, 'era'"),
        ({"select": {"era": "E"}}, "h: its axis 'era' has no label 'E' (known: C, D)"),
        ({"select": {"era": "C"}, "nominal": "central"}, "has no label 'central', the nominal (known: nominal)"),
        ({"select": {"era": "C", "mass": "1"}}, "h: its axis 'mass' has the type Regular, expected one of names"),
        ({"select": {"era": "C"}, "category_axis": "channel"}, "h has no axis 'channel', which category_axis names"),
    ]
    for conventions, problem in cases:
        with case(conventions, problem):
            with pytest.raises(InputError) as raised:
                block(ERAS, **conventions)
            assert problem in str(raised.value)


def test_labels_of_one_variation() -> None:
    """Two labels that become one variation are refused."""
    histogram = filled(("cat", "variation"), {("SR", "nominal"): [1], ("SR", "jesUp"): [1], ("SR", "jes_up"): [1]})
    with pytest.raises(InputError, match=r"'jesUp', 'jes_up' are both the variation 'jesUp'"):
        block(histogram, up="_up", down="_down")


def test_never_filled() -> None:
    """A histogram that was never filled, whose axes have no labels, has no blocks."""
    assert (
        list(blocks(decoded(filled(("process", "cat"), {})), HistogramConventions(sample_axis="process"), {}, "h"))
        == []
    )


def test_squares() -> None:
    """Squared weights are variances, by label and not by place; other bins and names are refused."""
    values = filled(("cat", "variation"), {("SR", "nominal"): [2], ("CR", "nominal"): [3]}, storage="double")
    squares = filled(("cat", "variation"), {("CR", "nominal"): [9], ("SR", "nominal"): [4]}, storage="double")
    both = block(values).with_squares(block(squares))
    np.testing.assert_array_equal(both.contents[:, 0, 1], [2 + 4j, 3 + 9j])
    infinite = filled(("cat", "variation"), {("SR", "nominal"): [np.inf], ("CR", "nominal"): [9]}, storage="double")
    assert block(values).with_squares(block(infinite)).contents[0, 0, 1].real == 2
    assert both.has_variances
    other = hist.Hist(*squares.axes[:2], hist.axis.Regular(2, 0, 3, name="mass"), storage=hist.storage.Double())
    with pytest.raises(InputError, match=r"have different bins: 0, 1, 2 and 0, 1\.5, 3"):
        block(values).with_squares(block(other))
    with pytest.raises(InputError, match="have different categories: SR, CR and SR"):
        block(values).with_squares(block(filled(("cat", "variation"), {("SR", "nominal"): [4]})))
