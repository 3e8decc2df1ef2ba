"""Assembly of an output from the histograms of another framework."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import hist
import numpy as np
import pytest

from datacard_core import HistogramArray, HistogramConventions, InputError, output_of
from datacard_core.inputs.histograms import stored
from tests.support import outputs as by_hand
from tests.support.foreign import filled


def array(output: Mapping[str, Any], *place: str) -> HistogramArray:
    variable, sample, dataset = place
    return stored(output["variables"][variable][sample][dataset])


def named(weights: list[float]) -> Any:
    return filled((), {(): weights})


class TestAxes:
    CONVENTIONS = HistogramConventions(sample_axis="process", years=["17", "18"], data=["data*"])
    HISTOGRAM = filled(
        ("process", "cat", "variation"),
        {
            ("tt17", "SR", "nominal"): [1, 2],
            ("tt17", "SR", "jesUp"): [3, 4],
            ("tt17", "SR", "jesDown"): [1, 1],
            ("ttW_18", "SR", "nominal"): [5, 6],
            ("data_mu18", "SR", "nominal"): [7, 8],
        },
    )

    def test_datasets(self) -> None:
        """Samples, years and data are told apart by the names of samples."""
        output = output_of({"mass": self.HISTOGRAM}, self.CONVENTIONS)
        assert output["datasets_metadata"]["by_datataking_period"] == {
            "17": {"tt": ["tt_17"]},
            "18": {"ttW": ["ttW_18"], "data_mu": ["data_mu_18"]},
        }
        assert output["datasets_metadata"]["by_dataset"]["data_mu_18"]["isMC"] == "False"
        assert output["cutflow"]["presel"] == {"tt_17": 1, "ttW_18": 1, "data_mu_18": 1}

    def test_dataset_of_data_and_simulation(self) -> None:
        """A dataset of data and simulation is refused, as its metadata could say one of both only."""
        conventions = attrs.evolve(self.CONVENTIONS, years="18", key="{dataset}")
        with pytest.raises(InputError, match="dataset 'A' has sample 'tt17' of 18 and sample 'data_mu18' of 18"):
            output_of({"A": self.HISTOGRAM}, conventions)

    def test_labels_of_one_year(self) -> None:
        """Two labels of one year are two datasets of it."""
        conventions = HistogramConventions(sample_axis="process", years={"16": "2016", "16APV": "2016"})
        histogram = filled(("process", "cat"), {("tt16", "SR"): [1, 2], ("tt16APV", "SR"): [3, 4]})
        output = output_of({"mass": histogram, "pt": filled(("process", "cat"), {})}, conventions)
        assert output["datasets_metadata"]["by_datataking_period"] == {"2016": {"tt": ["tt_16", "tt_16APV"]}}
        assert output["variables"]["pt"] == {}

    def test_variations_of_samples(self) -> None:
        """A sample has the variations that it filled, and data have none."""
        output = output_of({"mass": self.HISTOGRAM}, self.CONVENTIONS)
        assert array(output, "mass", "tt", "tt_17").variations == ("nominal", "jesUp", "jesDown")
        assert array(output, "mass", "ttW", "ttW_18").variations == ("nominal",)
        data = array(output, "mass", "data_mu", "data_mu_18")
        assert data.variations is None
        np.testing.assert_array_equal(data.contents[1:-1, 0, 0].real, [7, 8])

    def test_sample_never_filled(self) -> None:
        """A sample of the axis that has no content is left out, and a year of it."""
        histogram = filled(("process", "cat"), {("tt17", "SR"): [1, 2], ("ttW17", "SR"): [0, 0]})
        output = output_of({"mass": histogram}, self.CONVENTIONS)
        assert output["datasets_metadata"]["by_datataking_period"] == {"17": {"tt": ["tt_17"]}}

    def test_variations_without_nominal(self) -> None:
        """A sample that has filled a variation, and not its nominal, is an error with both."""
        histogram = filled(
            ("process", "cat", "variation"), {("tt17", "SR", "jesUp"): [1, 2], ("ttW17", "SR", "nominal"): [1, 2]}
        )
        with pytest.raises(InputError, match="mass: sample 'tt17' has content in the variation 'jesUp' and no nominal"):
            output_of({"mass": histogram}, self.CONVENTIONS)

    def test_single_histogram(self) -> None:
        """A histogram alone is the variable that its axis names."""
        output = output_of(self.HISTOGRAM, self.CONVENTIONS, path="x.pkl")
        assert list(output["variables"]) == ["mass"]

    def test_sample_without_year(self) -> None:
        """A sample that ends with no year is an error which names the years."""
        histogram = filled(("process", "cat"), {("tt16", "SR"): [1]})
        with pytest.raises(InputError, match=r"x\.pkl: mass: sample 'tt16' does not end with one of the years 17, 18"):
            output_of({"mass": histogram}, self.CONVENTIONS, path="x.pkl")

    def test_no_sample(self) -> None:
        """A histogram whose sample stands nowhere is an error with the ways to name it."""
        with pytest.raises(InputError, match="mass has no sample: name its axis with sample_axis"):
            output_of({"mass": filled(("cat",), {("SR",): [1]})}, HistogramConventions())


class TestNames:
    CONVENTIONS = HistogramConventions(category_axis=None, key="{channel}/{process}_{systematic}{direction}")
    NAMES: Mapping[str, Any] = {
        "SR": {"tt": named([1, 2]), "tt_jesUp": named([3, 4]), "tt_jesDown": named([1, 1]), "data_obs": named([2, 2])},
        "CR": {"tt": filled((), {(): [5, 6]}, variable="pt")},
    }

    def test_channels_are_variables(self) -> None:
        """Channels of a pattern without a variable are variables, as their bins differ."""
        output = output_of(self.NAMES, self.CONVENTIONS)
        assert list(output["variables"]) == ["SR", "CR"]
        tt = array(output, "SR", "tt", "tt_all")
        assert (tt.categories, tt.variations) == (("SR",), ("nominal", "jesUp", "jesDown"))
        np.testing.assert_array_equal(tt.contents[1:-1, :, 0].real, [[1, 3, 1], [2, 4, 1]])
        assert array(output, "SR", "data_obs", "data_obs_all").variations is None

    def test_usual_names_of_data(self) -> None:
        """Samples of the usual names are observed data, and no simulation that may stand in a blind category."""
        for name in ("data", "Data", "data_obs"):
            output = output_of({"SR": {"tt": named([1, 2]), name: named([2, 2])}}, self.CONVENTIONS)
            of = output["datasets_metadata"]["by_dataset"]
            assert {dataset: of[dataset]["isMC"] for dataset in of} == {"tt_all": "True", f"{name}_all": "False"}

    def test_only_needed_histograms(self) -> None:
        """Histograms of variables that are not needed are not asked for."""

        class Lazy(Mapping[str, Any]):
            asked: list[str] = []  # noqa: RUF012 - of this test

            def __getitem__(self, name: str) -> Any:
                self.asked.append(name)
                return named([1, 2])

            def __iter__(self) -> Iterator[str]:
                return iter(["SR/tt", "CR/tt"])

            def __len__(self) -> int:
                return 2

        output = output_of(Lazy(), self.CONVENTIONS, ["CR"])
        assert Lazy.asked == ["CR/tt"]
        assert {name: list(of) for name, of in output["variables"].items()} == {"SR": [], "CR": ["tt"]}

    def test_categories_of_a_variable(self) -> None:
        """Categories in names join to one histogram, in which a variation that one lacks is empty."""
        conventions = HistogramConventions(key="{variable}/{category}/{sample}_{systematic}{direction}")
        names = {"m/SR/tt": named([1, 2]), "m/SR/tt_jesUp": named([3, 4]), "m/CR/tt": named([5, 6])}
        tt = array(output_of(names, conventions), "m", "tt", "tt_all")
        assert tt.categories == ("SR", "CR")
        np.testing.assert_array_equal(tt.contents[1:-1, :, 1].real, [[5, 0], [6, 0]])

    def test_labels_in_names(self) -> None:
        """Whole labels of variations in names become the names of declarations."""
        conventions = HistogramConventions(key="{category}/{sample}/{variation}", nominal="central", up="_up")
        names = {"SR": {"tt": {"central": named([1, 2]), "jes_up": named([3, 4])}}}
        assert array(output_of(names, conventions), "SR", "tt", "tt_all").variations == ("nominal", "jesUp")

    def test_problems_together(self) -> None:
        """Problems of all histograms are told at once: other bins, and no nominal."""
        conventions = HistogramConventions(key="*{variable}/{category}/{sample}/{variation}")
        names = {
            "_m/SR/tt/nominal": named([1]),
            "_m/CR/tt/nominal": filled((), {(): [1]}, variable="x"),
            "_n/SR/tt/nominal": named([1]),
            "_n/CR/tt/nominal": hist.Hist(hist.axis.Regular(2, 0, 4, name="mass"), storage=hist.storage.Weight()),
            "_o/SR/tt/jesUp": named([1]),
            "_p/SR/tt/nominal": named([1]),
            "_p/CR/tt/jesUp": named([1]),
        }
        with pytest.raises(InputError) as raised:
            output_of(names, conventions)
        # The axis of x has the same bins, and names of axes are for plots alone.
        assert raised.value.problems == (
            "the bins are 0, 1, 2 in _n/SR/tt/nominal and 0, 2, 4 in _n/CR/tt/nominal",
            "_o/SR/tt/jesUp has no nominal histogram beside it (known: jesUp)",
            "_p/CR/tt/jesUp has no nominal histogram beside it in category 'CR'",
        )

    def test_missing_squares(self) -> None:
        """A histogram without that of its squared weights is an error which names both."""
        conventions = HistogramConventions(sample_axis="process", squares="{variable}_sumw2")
        histogram = filled(("process", "cat"), {("tt", "SR"): [1]}, storage="double")
        with pytest.raises(InputError, match="mass has no histogram mass_sumw2 of squared weights"):
            output_of({"mass": histogram}, conventions)

    def test_squares_of_variations(self) -> None:
        """Squared weights of variations are found by the labels that names have."""
        for key, names in (
            ("{sample}_{systematic}{direction}", ("tt", "tt_jes_up")),
            ("{sample}-{variation}", ("tt-nominal", "tt-jes_up")),
        ):
            conventions = HistogramConventions(category_axis=None, key=key, up="_up", down="_down", squares=f"w2/{key}")
            histograms = {
                f"{folder}{name}": filled((), {(): [weight**power]}, storage="double")
                for folder, power in (("", 1), ("w2/", 2))
                for name, weight in zip(names, (2, 3), strict=True)
            }
            tt = array(output_of(histograms, conventions), "mass", "tt", "tt_all")
            assert tt.variations == ("nominal", "jesUp")
            np.testing.assert_array_equal(tt.contents[1, :, 0], [2 + 4j, 3 + 9j])

    def test_names_of_dicts(self) -> None:
        """Keys that are tuples are names with slashes, and two histograms of one name are an error."""
        output = output_of(
            {("m", "tt"): named([1, 2])}, HistogramConventions(category_axis=None, key="{variable}/{sample}")
        )
        assert list(output["variables"]["m"]) == ["tt"]
        with pytest.raises(InputError, match="two histograms have the name m/tt"):
            output_of(
                {("m", "tt"): named([1]), "m": {"tt": named([1])}}, HistogramConventions(key="{variable}/{sample}")
            )


class TestOutputsOfPocketCoffea:
    OUTPUT = by_hand.Output().mc("TTbar", "2022", nominal=[1, 2]).data("Muon", "2022", [1, 2]).loaded
    # PocketCoffea fills eras for data alone.
    OUTPUT["variables"]["m"]["Muon"]["Muon_2022"] = filled(("cat", "era"), {("SR", "C"): [3, 4], ("SR", "D"): [5, 6]})

    def test_eras(self) -> None:
        """An era of data is selected, and simulation, which has no eras, stays as it is."""
        made = output_of(self.OUTPUT, HistogramConventions(select={"era": "C"}))
        assert made["datasets_metadata"] is self.OUTPUT["datasets_metadata"]
        for place, values in {("m", "TTbar", "TTbar_2022"): [1, 2], ("m", "Muon", "Muon_2022"): [3, 4]}.items():
            np.testing.assert_array_equal(array(made, *place).contents[1:-1, 0, 0].real, values)

    def test_axis_of_none(self) -> None:
        """An axis that no histogram has is an error with the closest one, for other histograms too."""
        muon = {"m": {"Muon": {"Muon_2022": self.OUTPUT["variables"]["m"]["TTbar"]["TTbar_2022"]}}}
        with pytest.raises(InputError, match=r"no histogram has the axis 'bat' of select \(did you mean 'cat'\?\)"):
            output_of({**self.OUTPUT, "variables": muon}, HistogramConventions(select={"bat": "C"}))
        with pytest.raises(InputError, match=r"no histogram has the axis 'aera' of select"):
            output_of(
                {"m/tt": filled(("cat",), {("SR",): [1]})}, HistogramConventions(key="*/{sample}", select={"aera": "C"})
            )
