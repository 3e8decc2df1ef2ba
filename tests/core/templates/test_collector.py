"""Collecting: datasets are summed by name to the rows of a card, and every fault of a histogram is told."""

from __future__ import annotations

from typing import Any

import hist
import pytest

from datacard_core import Analysis, Category, MCProcesses, Severity, Systematics
from tests.support import outputs as by_hand
from tests.support.cases import case
from tests.support.outputs import (
    PLUGINS,
    Output,
    bins,
    card,
    codes,
    found,
    observation,
    observed,
    problems,
    process,
    shape,
    signal_and_ttbar,
    simulated,
    template,
    two_processes,
    variance,
)


class TestSums:
    """Which histograms a column is the sum of."""

    def test_datasets_and_samples(self) -> None:
        """Datasets and samples of a process are summed year by year."""
        output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("Signal", "2023", nominal=[1, 1])
        output.mc("TTbar", "2022", "SemiLep", nominal=[10, 20]).mc("TTbar", "2022", "DiLep", nominal=[1, 2])
        output.mc("TTbar", "2023", nominal=[100, 200]).mc("SingleTop", "2022", nominal=[5, 7])
        top = process("top", "TTbar", "SingleTop", years=["2022", "2023"])
        signal = process("signal", "Signal", years=["2022", "2023"], is_signal=True)
        made = card(output, mc_processes=MCProcesses([signal, top]))
        assert template(made, "top_2022") == [10 + 1 + 5, 20 + 2 + 7]
        assert template(made, "top_2023") == [100, 200]

    def test_variances(self) -> None:
        """Variances are summed as yields are."""
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        for part, squares in (("SemiLep", [4.0, 9.0]), ("DiLep", [0.5, 0.25])):
            variances = {"SR": {"nominal": squares}}
            output.add("TTbar", "2022", simulated({"SR": {"nominal": [10, 20]}}, variances=variances), part=part)
        assert variance(card(output), "ttbar_2022") == [4.5, 9.25]

    def test_category(self) -> None:
        """Only the category of the card counts."""
        contents = {"CR": {"nominal": [500, 600]}, "SR": {"nominal": [5, 6]}, "VR": {"nominal": [50, 60]}}
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", simulated(contents))
        assert template(card(output), "ttbar_2022") == [5, 6]

    def test_flow_of_category_axis(self) -> None:
        """The flow bin of the category axis is never read."""
        filled: Any = simulated({"SR": {"nominal": [5, 6]}})
        filled.fill(["unknown"] * 40, ["nominal"] * 40, [0.5] * 40)
        assert filled.sum(flow=True).value == 5 + 6 + 40
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", filled)
        made = card(output)
        assert template(made, "ttbar_2022") == [5, 6]
        assert codes(made) == []

    def test_order_of_labels(self) -> None:
        """Variations and categories may stand in any order."""
        one = simulated(
            {"SR": {"nominal": [10, 20], "JESUp": [11, 21], "JESDown": [9, 19]}, "CR": {"nominal": [1, 1]}},
            labels=["JESUp", "nominal", "JESDown", "other"],
            categories=["SR", "CR"],
        )
        other = simulated(
            {"SR": {"nominal": [100, 200], "JESUp": [110, 210], "JESDown": [90, 190]}},
            labels=["nominal", "JESDown", "more", "JESUp"],
            categories=["CR", "VR", "SR"],
        )
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.add("TTbar", "2022", one, part="a").add("TTbar", "2022", other, part="b")
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022") == [110, 220]
        assert template(made, "ttbar_2022", "JESUp") == [121, 231]
        assert template(made, "ttbar_2022", "JESDown") == [99, 209]

    def test_different_flow_bins(self) -> None:
        """Datasets with and without flow bins are summed bin by bin."""
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        for part, options, values in (
            ("a", {}, [1, 10, 20, 2]),
            ("b", {"underflow": False}, [100, 200, 4]),
            ("c", {"overflow": False}, [8, 1000, 2000]),
        ):
            output.add("TTbar", "2022", simulated({"SR": {"nominal": values}}, bins(0, 1, 2, **options)), part=part)
        made = card(output)
        assert template(made, "ttbar_2022") == [1110, 2220]
        (lost,) = found(made, "flow-lost")
        assert "9 in underflow and 6 in overflow" in lost


class TestEmptyDatasets:
    """Datasets without events or without histograms."""

    @pytest.mark.parametrize("presel", [{"nominal": 0, "JESUp": 0}, {}, 0], ids=["dict", "nothing", "number"])
    def test_without_events(self, presel: Any) -> None:
        """A dataset without events is skipped with a notice."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ", presel=presel)
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 20, 30]
        (finding,) = made.findings
        assert (finding.severity, finding.code) == (Severity.NOTICE, "empty-dataset")
        assert "TTbar_ZZ_2022" in finding.message

    def test_not_in_preselection(self) -> None:
        """A dataset that is not in the preselection's cutflow is skipped too."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ")
        del output.cutflow["presel"]["TTbar_ZZ_2022"]
        assert codes(card(output)) == ["empty-dataset"]

    def test_events_of_variation(self) -> None:
        """Events under a variation alone are events."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("TTbar", "2022", None, part="ZZ", presel={"nominal": 0, "JESUp": 1})
        (problem,) = problems(output)
        assert "TTbar_ZZ_2022" in problem
        assert "no histogram" in problem

    @pytest.mark.parametrize("presel", [{"nominal": 12}, 12], ids=["dict", "number"])
    def test_events_without_histogram(self, presel: Any) -> None:
        """A dataset with events and no histogram is an error."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ", presel=presel)
        (problem,) = problems(output)
        assert "'TTbar'" in problem
        assert "'TTbar_ZZ_2022'" in problem

    def test_empty_histogram(self) -> None:
        """A dataset whose nominal is empty while the cutflow counts its events is told with their number."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add(
            "TTbar", "2022", simulated({"SR": {"nominal": [0, 0, 0]}}), part="ZZ", counts={"SR": {"nominal": 512}}
        )
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 20, 30]
        (message,) = found(made, "empty-histogram")
        assert message.startswith("warning [empty-histogram] SR_2022, ttbar_2022: dataset 'TTbar_ZZ_2022'")
        assert "has 512 events in the cutflow of category 'SR'" in message

    def test_empty_histogram_of_data(self) -> None:
        """Empty data are told as simulation is, also where the cutflow has a single count."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [0, 0, 0])
        output.cutflow["SR"]["Muon_2022"] = {"Muon": 500}
        (message,) = found(card(output, data_processes=observation("Muon")), "empty-histogram")
        assert "SR_2022, data_obs: dataset 'Muon_2022' of sample 'Muon' has 500 events" in message

    @pytest.mark.parametrize("counts", [{"SR": {"nominal": 0}}, {"SR": {}}], ids=["zero", "unknown"])
    def test_empty_histogram_without_events(self, counts: Any) -> None:
        """An empty histogram is right where the cutflow counts no event."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [0, 0, 0]}}), part="ZZ", counts=counts)
        assert codes(card(output)) == []

    def test_histogram_without_events(self) -> None:
        """A filled histogram without preselected events is an error."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.cutflow["presel"]["TTbar_2022"] = {"nominal": 0}
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "cutflow" in problem


class TestMissingVariations:
    """The nominal of a dataset stands in for a variation that it lacks."""

    def test_dataset(self) -> None:
        """A dataset without a variation adds its nominal to it, with a notice."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.mc("TTbar", "2022", "has", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        output.mc("TTbar", "2022", "lacks", nominal=[100, 200])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [13 + 100, 24 + 200]
        assert template(made, "ttbar_2022", "JESDown") == [8 + 100, 15 + 200]
        assert variance(made, "ttbar_2022", "JESUp") == [13 + 100, 24 + 200]
        (told,) = found(made, "fallback")
        assert told.startswith("notice")
        assert "TTbar_lacks_2022" in told

    @pytest.mark.slow
    def test_subsample(self) -> None:
        """A variation of one subsample leaves the other one at its nominal."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.mc("Vjets__hf", "2022", nominal=[10, 20], sf_hfUp=[15, 30], sf_hfDown=[5, 10])
        output.mc("Vjets__lf", "2022", nominal=[100, 200])
        processes = MCProcesses(
            [
                process("signal", "Signal", is_signal=True),
                process("vjets", "Vjets__hf", "Vjets__lf"),
            ]
        )
        made = card(output, shape("sf_hf", ["vjets"]), mc_processes=processes)
        assert template(made, "vjets_2022", "sf_hfUp") == [115, 230]
        assert template(made, "vjets_2022", "sf_hfDown") == [105, 210]


class TestVariationsNotComputed:
    """PocketCoffea leaves a shape variation that another category asked for on the axis, with zeros."""

    CONTENTS = {  # noqa: RUF012 - not changed
        "CR": {"nominal": [10, 20], "metUp": [0, 0], "metDown": [0, 0]},
        "SR": {"nominal": [1, 2], "metUp": [2, 2], "metDown": [1, 1]},
    }

    def output(self, counts: Any) -> by_hand.Output:
        signal = simulated({"CR": {"nominal": [1, 1]}, "SR": {"nominal": [1, 1]}})
        return (
            Output()
            .add("Signal", "2022", signal)
            .add("TTbar", "2022", simulated(self.CONTENTS), counts={"CR": counts, "SR": counts})
        )

    def test_not_computed(self) -> None:
        """Events in the cutflow and none in the histogram count as a missing variation."""
        output = self.output({"nominal": 30, "metUp": 29, "metDown": 31})
        made = card(output, shape("met"), category="CR")
        assert template(made, "ttbar_2022", "metUp") == [10, 20]
        assert variance(made, "ttbar_2022", "metDown") == [10, 20]
        (warning,) = found(made, "no-variation")
        assert "'metUp', 'metDown' are on the axis but were not computed in category 'CR'" in warning

    def test_computed(self) -> None:
        """The category that asked for the variation has it."""
        made = card(self.output({"nominal": 3, "metUp": 4, "metDown": 2}), shape("met"), category="SR")
        assert template(made, "ttbar_2022", "metUp") == [2, 2]
        assert codes(made) == []

    def test_really_empty(self) -> None:
        """A variation without events in the cutflow is empty, and left out."""
        made = card(self.output({"nominal": 30, "metUp": 0, "metDown": 0}), shape("met"), category="CR")
        assert made.shape_variations == ["nominal"]  # Combine refuses the empty one: left out
        assert "met" not in by_hand.rows(made.content())
        (left_out,) = found(made, "empty-variation")
        assert "ttbar_2022" in left_out
        assert "met" in left_out

    @pytest.mark.slow
    def test_one_direction_really_empty(self) -> None:
        """One direction may be empty in one of two datasets."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        few = simulated({"SR": {"nominal": [1, 0], "JESUp": [0, 0], "JESDown": [2, 0]}})
        output.add("TTbar", "2022", few, part="few", counts={"SR": {"nominal": 1, "JESUp": 0, "JESDown": 2}})
        output.mc("TTbar", "2022", "many", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [13, 24]
        assert template(made, "ttbar_2022", "JESDown") == [10, 15]
        assert codes(made) == []

    def test_one_of_two_datasets(self) -> None:
        """A variation that one of two datasets lacks falls back there alone."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        zeros = simulated({"SR": {"nominal": [1, 5], "JESUp": [0, 0], "JESDown": [0, 0]}})
        output.add("TTbar", "2022", zeros, part="few", counts={"SR": {"nominal": 6, "JESUp": 6, "JESDown": 6}})
        output.mc("TTbar", "2022", "many", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [14, 29]
        assert codes(made) == ["fallback"]

    def test_absent_and_not_computed(self) -> None:
        """A variation that is absent in one dataset and not computed in the other has no closest match."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        zeros = simulated({"SR": {"nominal": [1, 5], "JESUp": [0, 0], "JESDown": [0, 0]}})
        output.add("TTbar", "2022", zeros, part="a", counts={"SR": {"nominal": 6, "JESUp": 6, "JESDown": 6}})
        output.mc("TTbar", "2022", "b", nominal=[10, 20])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [11, 25]
        (warning,) = found(made, "no-variation")
        assert "did you mean" not in warning

    def test_old_cutflow(self) -> None:
        """In the cutflow before PocketCoffea 0.9.11, zeros count as a missing variation."""
        output = self.output({"nominal": 30})
        for category in ("CR", "SR"):
            output.cutflow[category]["TTbar_2022"] = {"TTbar": 30}
        output.cutflow["presel"] = dict.fromkeys(output.cutflow["presel"], 33)
        made = card(output, shape("met"), category="CR")
        assert template(made, "ttbar_2022", "metUp") == [10, 20]
        (warning,) = found(made, "no-variation")
        assert "'CR'" in warning
        assert "cutflow" in warning

    @pytest.mark.slow
    def test_empty_nominal(self) -> None:
        """A dataset whose nominal is empty needs no fallback."""
        output = signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 21, 31], JESDown=[9, 19, 29])
        nothing = simulated({"SR": {"nominal": [0, 0, 0], "JESUp": [0, 0, 0], "JESDown": [0, 0, 0]}})
        output.add("TTbar", "2022", nothing, part="none", counts={"SR": {"nominal": 0}})
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [11, 21, 31]
        assert codes(made) == []

    @pytest.mark.slow
    def test_content_in_flow(self) -> None:
        """Content in the flow bins alone is content."""
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 1]}}))
        values = {"nominal": [0, 4, 4, 0], "JESUp": [0, 0, 0, 9], "JESDown": [0, 4, 3, 0]}
        output.add(
            "TTbar",
            "2022",
            simulated({"SR": values}, bins(0, 1, 2)),
            counts={"SR": {"nominal": 8, "JESUp": 9, "JESDown": 7}},
        )
        made = card(output, shape("JES"))
        assert codes(made) == ["empty-variation"]


class TestBins:
    """All histograms of a channel have the same bins."""

    def test_labels(self) -> None:
        """Labels in another order are different bins."""
        output = Output()
        for sample, labels in (("Signal", ["ee", "mumu"]), ("TTbar", ["mumu", "ee"])):
            axis = hist.axis.StrCategory(labels, name="events.channel")
            output.add(sample, "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        (problem,) = problems(output)
        assert "TTbar_2022" in problem
        assert "mumu, ee" in problem

    @pytest.mark.parametrize(
        "axis", [bins(0, 1, 2, 4), bins(0, 1, 2), bins(0, 1, 2.001, 3)], ids=["last", "fewer", "middle"]
    )
    def test_edges(self, axis: Any) -> None:
        """Different edges are an error with the dataset and both sets of edges."""
        output = Output().mc("Signal", "2022", nominal=[1, 2, 3])
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [1] * axis.size}}, axis))
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "0, 1, 2, 3" in problem
        assert ", ".join(f"{edge:g}" for edge in axis.edges) in problem

    def test_edges_of_data(self) -> None:
        """Different edges of data are an error too."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        output.add("Data", "2022", by_hand.observed({"SR": [1, 2, 3]}, bins(0, 1, 2, 4)))
        (problem,) = problems(output, data_processes=by_hand.observation("Data"))
        assert "'Data_2022'" in problem

    def test_rounding(self) -> None:
        """Edges that differ by rounding are equal."""
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, bins(0, 0.1, 0.2, 0.3)))
        axis = bins(0, 0.1, 0.2, 0.1 + 0.2)
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        assert template(card(output), "ttbar_2022") == [1, 2, 3]


class TestBrokenContents:
    """Content that no card can be made of."""

    def test_not_finite(self) -> None:
        """Content that is not finite is told with dataset, category, variation and bin."""
        every_bad: list[float] = [float("nan"), float("inf"), float("-inf")]
        every_label: list[str] = ["nominal", "JESUp"]
        for bad in every_bad:
            for label in every_label:
                with case(bad, label):
                    values = {"nominal": [1.0, 2.0, 3.0], "JESUp": [1.0, 2.0, 3.0], "JESDown": [1.0, 2.0, 3.0]}
                    values[label][1] = bad
                    (problem,) = problems(signal_and_ttbar(**values), shape("JES"))
                    for text in ("'TTbar'", "'TTbar_2022'", "'SR'", repr(label), "bin 2"):
                        assert text in problem

    def test_both_infinities(self) -> None:
        """Infinities of both signs are one error."""
        (problem,) = problems(signal_and_ttbar(nominal=[float("inf"), float("-inf"), 1]))
        assert "'TTbar_2022'" in problem
        assert "bin 1" in problem

    def test_not_finite_in_flow(self) -> None:
        """Content of a flow bin that is not finite is told as such."""
        ttbar = simulated({"SR": {"nominal": [0, 1, 2, float("nan")]}}, bins(0, 1, 2))
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "overflow" in problem

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0], ids=str)
    def test_variances(self, bad: float) -> None:
        """A variance that is below 0 or not finite is an error."""
        ttbar = simulated({"SR": {"nominal": [1, 2]}}, variances={"SR": {"nominal": [bad, 2]}})
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        for text in ("'TTbar_2022'", "variance", "bin 1"):
            assert text in problem

    def test_unread_content(self) -> None:
        """Content of other categories and variations is not checked."""
        nan = float("nan")
        contents: by_hand.Contents = {
            "CR": {"nominal": [nan, nan]},
            "SR": {"nominal": [1, 2], "badUp": [nan, nan]},
        }
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", simulated(contents))
        assert template(card(output), "ttbar_2022") == [1, 2]

    def test_all_datasets_at_once(self) -> None:
        """Every broken dataset is named at once."""
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.mc("TTbar", "2022", "a", nominal=[1, float("nan")])
        output.mc("TTbar", "2022", "b", nominal=[1, 1])
        output.mc("TTbar", "2022", "c", nominal=[float("nan"), 1])
        output.add("TTbar", "2022", None, part="d")
        told = "\n".join(problems(output))
        assert [name for name in "abcd" if f"dataset 'TTbar_{name}_2022'" in told] == ["a", "c", "d"]

    @pytest.mark.parametrize("storage", [hist.storage.Double(), hist.storage.Int64()], ids=["Double", "Int64"])
    def test_simulation_without_variances(self, storage: Any) -> None:
        """Weights without variances are refused with the ways out."""
        ttbar = simulated({"SR": {"nominal": [-1 if storage == hist.storage.Int64() else 0.5, 2]}}, storage=storage)
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "'TTbar_2022'" in problem
        assert "keeps no variances, which autoMCStats needs" in problem
        assert "storage=hist.storage.Weight()" in problem
        assert "mcstat=False" in problem

    @pytest.mark.slow
    @pytest.mark.parametrize("mcstat", [False, {"threshold": -1}], ids=["none", "threshold"])
    def test_nothing_needs_variances(self, mcstat: Any) -> None:
        """Weights without variances are accepted where nothing needs them, with variances of 0 and a notice."""
        values: dict[str, list[float]] = {"nominal": [0.5, -2], "JESUp": [1, 2], "JESDown": [1, 2]}
        ttbar = simulated({"SR": values}, storage=hist.storage.Double())
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        output.mc("TTbar", "2022", "b", nominal=[10, 20], JESUp=[10, 20], JESDown=[10, 20])
        made = card(output, shape("JES"), mcstat=mcstat)
        assert template(made, "ttbar_2022") == [10.5, 18]
        assert variance(made, "ttbar_2022") == [10, 20]
        assert variance(made, "ttbar_2022", "JESUp") == [10, 20]
        (message,) = found(made, "no-variances")
        assert "notice [no-variances] SR_2022, ttbar_2022: the storage of dataset 'TTbar_2022'" in message
        assert "set to 0" in message

    @pytest.mark.parametrize("storage", [hist.storage.Double(), hist.storage.Int64()], ids=["Double", "Int64"])
    def test_whole_counts(self, storage: Any) -> None:
        """Whole contents without variances are counts, whose variances are equal to them, with a notice."""
        ttbar = simulated({"SR": {"nominal": [3, 4]}}, storage=storage)
        made = card(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert variance(made, "ttbar_2022") == [3, 4]
        (message,) = found(made, "no-variances")
        assert "taken as counts" in message

    def test_counts_of_data_as_background(self) -> None:
        """Counts of data as a background have their variance without a notice."""
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.add("TTbar", "2022", observed({"SR": [3, 4]}, storage=hist.storage.Int64()))
        made = card(output)
        assert variance(made, "ttbar_2022") == [3, 4]
        assert codes(made) == []

    def test_categories_have_their_own_variances(self) -> None:
        """Weights in one category do not change the variances of another that is built with it."""
        contents: by_hand.Contents = {"SR": {"nominal": [3, 4]}, "CR": {"nominal": [0.5, 4]}}
        output = Output().add("Signal", "2022", simulated({name: {"nominal": [1, 1]} for name in contents}))
        output.add("TTbar", "2022", simulated(contents, storage=hist.storage.Double()))
        cards = Analysis(
            years=["2022"],
            mc_processes=two_processes(),
            systematics=Systematics(),
            categories={name: Category("m") for name in contents},
            mcstat=False,
            plugins=PLUGINS,
        ).build(output.loaded)
        assert variance(cards["SR"], "ttbar_2022") == [3, 4]
        assert variance(cards["CR"], "ttbar_2022") == [0, 0]

    def test_without_nominal(self) -> None:
        """A variation axis without the nominal is an error with its variations."""
        output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("TTbar", "2022", JESUp=[1, 1])
        (problem,) = problems(output)
        assert "'nominal'" in problem
        assert "JESUp" in problem

    def test_misspelt_category(self) -> None:
        """A misspelt category is told once, with the closest match."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        for part in "abcdef":
            output.mc("TTbar", "2022", part, nominal=[1, 2])
        found_problems = problems(output, category="SRR")
        assert "'SRR' (did you mean 'SR'?)" in found_problems[0]
        assert len(found_problems) == 1


class TestData:
    """Histograms of data."""

    @pytest.mark.parametrize("storage", [hist.storage.Int64(), hist.storage.Double()], ids=["Int64", "Double"])
    def test_counts(self, storage: Any) -> None:
        """Counts need no variances."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", by_hand.observed({"SR": [3, 0, 4]}, storage=storage))
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 7
        assert made.data_obs["data_obs", :].variances().tolist() == [3, 0, 4]

    def test_not_finite(self) -> None:
        """Content that is not finite is told with dataset and bin."""
        bad_values: list[float] = [float("nan"), float("inf")]
        storages: list[Any] = [hist.storage.Weight(), hist.storage.Double()]
        for bad in bad_values:
            for storage in storages:
                with case(bad, storage):
                    output = signal_and_ttbar(nominal=[10, 20, 30])
                    output.add("Muon", "2022", by_hand.observed({"SR": [3, bad, 4]}, storage=storage))
                    (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
                    for text in ("'Muon_2022'", str(bad), "bin 2"):
                        assert text in problem

    def test_weights_without_variances(self) -> None:
        """Weights without variances are refused, without a word about autoMCStats."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", by_hand.observed({"SR": [3, 0.5, 4]}, storage=hist.storage.Double()))
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert "'Muon_2022'" in problem
        assert "autoMCStats" not in problem  # which data have nothing to do with

    def test_variation_axis(self) -> None:
        """A histogram of data with a variation axis gives its nominal."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.mc("Pseudo", "2022", nominal=[3, 0, 4], JESUp=[9, 9, 9])
        assert card(output, data_processes=by_hand.observation("Pseudo")).observation == 7
