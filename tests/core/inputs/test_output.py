"""Histograms of one variable of an output, and the names in the output."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import hist
import numpy as np
import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.histograms import HistogramArray
from datacard_core.inputs.output import HistogramSet, Inventory
from datacard_core.inputs.structure import check_arguments
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.hostile_values import Failing, FailingDict


def histogram_set(output: by_hand.Output) -> HistogramSet:
    return HistogramSet(histograms=output.histograms, datasets_metadata=output.metadata, cutflow=output.cutflow)


def two_years() -> by_hand.Output:
    """Signal and ttbar in 2022, with ttbar in two datasets, and data in 2023."""
    output = by_hand.Output().mc("Signal", "2022", nominal=[1, 2])
    for part in "ba":
        output.mc("TTbar", "2022", part, nominal=[10, 20])
    return output.data("Muon", "2023", [3, 4])


class TestInventory:
    """Names of samples, years and datasets."""

    def test_names_are_sorted(self) -> None:
        """Samples, years and datasets are sorted by name."""
        inventory = histogram_set(two_years()).inventory
        assert inventory.samples == ("Muon", "Signal", "TTbar")
        assert inventory.years == ("2022", "2023")
        assert inventory.datasets["TTbar", "2022"] == ("TTbar_a_2022", "TTbar_b_2022")

    def test_sum_has_the_names_of_both(self) -> None:
        """The sum of the inventories of two outputs is that of the merged output, in any order."""
        one = by_hand.Output().mc("TTbar", "2022", "a", nominal=[1, 2]).data("Muon", "2023", [3, 4])
        other = by_hand.Output().mc("Signal", "2022", nominal=[1, 2]).mc("TTbar", "2022", "b", nominal=[1, 2])
        added = [histogram_set(one).inventory + histogram_set(other).inventory]
        added.append(histogram_set(other).inventory + histogram_set(one).inventory)
        assert added == [histogram_set(two_years()).inventory] * 2

    def test_dataset_in_two_periods_is_told(self) -> None:
        """A dataset in two data-taking periods is told with both."""
        inventory = Inventory({("A", "2023"): ("a", "b"), ("A", "2022"): ("a",)}, frozenset(["2022", "2023"]), {})
        told = ["dataset 'a' of sample 'A' is listed in 2022 and 2023: it would count twice"]
        assert list(inventory.in_two_periods("A")) == told
        assert not list(inventory.in_two_periods("B"))

    def test_orphans_have_no_period(self) -> None:
        """Orphans are the datasets with a histogram and without a period, sorted."""
        output = two_years()
        output.histograms["TTbar"] |= {"z": output.histograms["TTbar"]["TTbar_a_2022"], "y": None}
        inventory = histogram_set(output).inventory
        assert inventory.orphans("TTbar") == ("y", "z")
        assert inventory.orphans("Signal") == ()


class TestHistogramSet:
    """Histograms as arrays, with the counts of their datasets."""

    def test_array_is_made_once(self) -> None:
        """The array of a histogram is made once."""
        histograms = histogram_set(two_years())
        found = histograms.histogram("Signal", "Signal_2022")
        assert isinstance(found, HistogramArray)
        assert found.categories == ("SR",)
        assert histograms.histogram("Signal", "Signal_2022") is found

    def test_missing_names_insert_no_key(self) -> None:
        """Missing samples and datasets have no histogram, and are not inserted."""
        output = two_years()
        histograms = histogram_set(output)
        assert histograms.histogram("Wjets", "Wjets_2022") is None
        assert histograms.histogram("Signal", "Signal_2023") is None
        assert histograms.datasets("Signal", "2023") == ()
        assert isinstance(output.histograms, defaultdict)
        assert list(output.histograms) == ["Signal", "TTbar", "Muon"]

    def test_other_axes_are_refused(self) -> None:
        """A histogram without axis of categories is an error with its axes."""
        output = two_years()
        output.histograms["Signal"]["Signal_2022"] = output.histograms["Signal"]["Signal_2022"]["SR", ...]
        with pytest.raises(InputError, match=r"its axes are variation, events\.m: there is no category axis, 'cat'"):
            histogram_set(output).histogram("Signal", "Signal_2022")

    def test_categories_of_the_first_histogram(self) -> None:
        """Categories are those of the first histogram; without histograms there are none."""
        assert histogram_set(two_years()).categories == ("SR",)
        assert histogram_set(by_hand.Output()).categories == ()

    def test_categories_of_an_empty_axis(self) -> None:
        """A histogram whose growing axis of categories was never filled does not stand for all."""
        axes = [hist.axis.StrCategory([], name=name, growth=True) for name in ("cat", "variation")]
        empty: hist.Hist[Any] = hist.Hist(*axes, by_hand.bins(0, 1, 2), storage=hist.storage.Weight())
        output = two_years().add("A", "2022", empty)
        assert histogram_set(output).categories == ("SR",)

    def test_nominal_events(self) -> None:
        """The number of nominal events is that under the nominal, or the single count of older outputs."""
        output = by_hand.Output().add("A", "2022", None, presel={"nominal": 12, "JESUp": 13})
        output.cutflow["SR"] = {"A_2022": {"A": {"nominal": 3}, "B": 4, "C": {}}}
        histograms = histogram_set(output)
        assert [histograms.events("SR", "A_2022", sample) for sample in "ABCD"] == [3, 4, None, None]
        assert histograms.passed("A_2022") == 12
        assert histograms.passed("B_2022") == 0

    def test_count_that_is_no_number(self) -> None:
        """A count that is not a number of events is an error with its place and value."""
        cases: list[Any] = [["12"], "12", math.nan, math.inf, -1, Failing(), FailingDict(nominal=1)]
        for count in cases:
            with case(count):
                histograms = histogram_set(by_hand.Output().add("A", "2022", None, presel=count))
                message = (
                    r"cutflow\['presel'\]\['A_2022'\] has type .*expected a number of events|FailingDict in the output"
                )
                with pytest.raises(InputError, match=message):
                    histograms.is_empty("A_2022")

    @pytest.mark.parametrize("count", [np.int64(3), np.array(3), np.float32(3)], ids=["integer", "array", "float"])
    def test_counts_of_numpy(self, count: Any) -> None:
        """A count of numpy is a number."""
        assert histogram_set(by_hand.Output().add("A", "2022", None, presel=count)).passed("A_2022") == 3

    def test_mapping_that_fails(self) -> None:
        """A mapping of the script's own that fails is told, wherever it is read."""
        output = by_hand.Output().add("A", "2022", None)
        for broken in ({"metadata": FailingDict()}, {"cutflow": FailingDict()}, {"histograms": FailingDict()}):
            parts = {"histograms": output.histograms, "metadata": output.metadata, "cutflow": output.cutflow} | broken
            with pytest.raises(InputError, match="FailureError: a method of the script fails"):
                check_arguments(*parts.values())
        with pytest.raises(InputError, match=r"SR\['A_2022'\]\['A'\] of the output cannot be read"):
            HistogramSet(histograms=output.histograms, datasets_metadata=output.metadata, cutflow=FailingDict()).events(
                "SR", "A_2022", "A"
            )

    def test_empty_dataset(self) -> None:
        """A dataset is empty if no variation has an event after the preselection."""
        cases: list[tuple[Any, bool]] = [
            (0, True),
            (3, False),
            ({"nominal": 0, "JESUp": 0}, True),
            ({"nominal": 0, "JESUp": 1}, False),
            ({}, True),
        ]
        for presel, is_empty in cases:
            with case(presel, is_empty):
                output = by_hand.Output().add("A", "2022", None, presel=presel)
                assert histogram_set(output).is_empty("A_2022") is is_empty

    def test_dataset_without_count_is_empty(self) -> None:
        """A dataset that never reached the preselection is empty."""
        assert histogram_set(by_hand.Output()).is_empty("A_2022")

    def test_selected_events_by_variation(self) -> None:
        """The number of selected events is that of the shape variation, or None if the cutflow lacks it."""
        histogram = by_hand.simulated({"SR": {"nominal": [1, 2], "JESUp": [1, 2]}})
        counts = {"SR": {"nominal": 10, "JESUp": 12}}
        histograms = histogram_set(by_hand.Output().add("A", "2022", histogram, counts=counts))
        assert histograms.selected("SR", "A_2022", "A", "JESUp") == 12
        assert histograms.selected("SR", "A_2022", "A", "btagUp") is None
        assert histograms.selected("CR", "A_2022", "A", "JESUp") is None
        assert histograms.counts_by_variation("SR", "A_2022", "A")
        assert not histograms.counts_by_variation("CR", "A_2022", "A")
        assert not histograms.counts_by_variation("presel", "A_2022", "A")
