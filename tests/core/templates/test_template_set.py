"""Templates: what a card holds of what an output has, with every number worked out by hand."""

from __future__ import annotations

import functools
import operator
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import hist
import numpy as np
import pytest

from datacard_core import DeclarationError, InputError, MCProcesses, Severity, SystematicUncertainty
from datacard_core.inputs.output import HistogramSet
from datacard_core.templates.collector import collect
from datacard_core.templates.rows import Layout, Request
from tests.support import outputs as by_hand
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from datacard_core.templates.binning import Binning
    from datacard_core.templates.sums import Sums


card, found, process, shape = by_hand.card, by_hand.found, by_hand.process, by_hand.shape
bins, codes, simulated, template, variance = (
    by_hand.bins,
    by_hand.codes,
    by_hand.simulated,
    by_hand.template,
    by_hand.variance,
)
Output, signal_and_ttbar = by_hand.Output, by_hand.signal_and_ttbar


def problems(output: by_hand.Output, *systematics: Any, **options: Any) -> tuple[str, ...]:
    """Why no card can be made."""
    with pytest.raises((InputError, DeclarationError)) as raised:
        card(output, *systematics, **options)
    return raised.value.problems


class TestSums:
    def test_datasets_and_samples_of_a_process_are_summed_year_by_year(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("Signal", "2023", nominal=[1, 1])
        output.mc("TTbar", "2022", "SemiLep", nominal=[10, 20]).mc("TTbar", "2022", "DiLep", nominal=[1, 2])
        output.mc("TTbar", "2023", nominal=[100, 200]).mc("SingleTop", "2022", nominal=[5, 7])
        top = process("top", "TTbar", "SingleTop", years=["2022", "2023"])
        signal = process("signal", "Signal", years=["2022", "2023"], is_signal=True)
        made = card(output, mc_processes=MCProcesses([signal, top]))
        assert template(made, "top_2022") == [10 + 1 + 5, 20 + 2 + 7]
        assert template(made, "top_2023") == [100, 200]

    def test_variances_are_summed_as_yields_are(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        for part, squares in (("SemiLep", [4.0, 9.0]), ("DiLep", [0.5, 0.25])):
            variances = {"SR": {"nominal": squares}}
            output.add("TTbar", "2022", simulated({"SR": {"nominal": [10, 20]}}, variances=variances), part=part)
        assert variance(card(output), "ttbar_2022") == [4.5, 9.25]

    def test_only_the_category_of_the_card_counts(self) -> None:
        contents = {"CR": {"nominal": [500, 600]}, "SR": {"nominal": [5, 6]}, "VR": {"nominal": [50, 60]}}
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", simulated(contents))
        assert template(card(output), "ttbar_2022") == [5, 6]

    def test_the_flow_bin_of_the_category_axis_is_never_read(self) -> None:
        filled: Any = simulated({"SR": {"nominal": [5, 6]}})
        filled.fill(["unknown"] * 40, ["nominal"] * 40, [0.5] * 40)
        assert filled.sum(flow=True).value == 5 + 6 + 40
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", filled)
        made = card(output)
        assert template(made, "ttbar_2022") == [5, 6]
        assert codes(made) == []

    def test_labels_and_categories_may_stand_in_any_order(self) -> None:
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

    def test_axes_may_stand_in_any_order(self) -> None:
        turned: Any = hist.Hist(
            bins(0, 1, 2, 3),
            hist.axis.StrCategory(["nominal", "JESUp", "JESDown"], name="variation"),
            hist.axis.StrCategory(["CR", "SR"], name="cat"),
            storage=hist.storage.Weight(),
        )
        turned.view()["value"][:, :, 1] = np.array([[10, 20, 30], [11, 21, 31], [9, 19, 29]]).T
        output = Output().mc("Signal", "2022", nominal=[1, 2, 3]).add("TTbar", "2022", turned)
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022") == [10, 20, 30]
        assert template(made, "ttbar_2022", "JESUp") == [11, 21, 31]

    def test_a_process_whose_years_are_more_gives_the_columns_of_the_card(self) -> None:
        output = Output()
        for year, factor in (("2022", 1), ("2023", 10), ("2024", 100)):
            output.mc("Signal", year, nominal=[factor, factor]).mc("TTbar", year, nominal=[factor, factor])
        every = by_hand.two_processes(["2022", "2023", "2024"])
        made = card(output, years=["2024", "2022"], mc_processes=every)
        assert list(made.process_id) == ["signal_2022", "signal_2024", "ttbar_2022", "ttbar_2024"]
        assert made.rate("ttbar_2024") == 200


class TestSkippedDatasets:
    @pytest.mark.parametrize("presel", [{"nominal": 0, "JESUp": 0}, {}, 0], ids=["dict", "nothing", "number"])
    def test_a_dataset_without_events_is_skipped_with_a_notice(self, presel: Any) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ", presel=presel)
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 20, 30]
        (finding,) = made.findings
        assert (finding.severity, finding.code) == (Severity.NOTICE, "empty-dataset")
        assert "TTbar_ZZ_2022" in finding.message

    def test_a_dataset_that_never_reached_the_preselection_is_skipped_too(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ")
        del output.cutflow["presel"]["TTbar_ZZ_2022"]
        assert codes(card(output)) == ["empty-dataset"]

    def test_events_only_under_a_variation_are_events(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("TTbar", "2022", None, part="ZZ", presel={"nominal": 0, "JESUp": 1})
        (problem,) = problems(output)
        assert "TTbar_ZZ_2022" in problem
        assert "no histogram" in problem

    @pytest.mark.parametrize("presel", [{"nominal": 12}, 12], ids=["dict", "number"])
    def test_a_dataset_with_events_and_no_histogram_is_an_error(self, presel: Any) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("TTbar", "2022", None, part="ZZ", presel=presel)
        (problem,) = problems(output)
        assert "'TTbar'" in problem
        assert "'TTbar_ZZ_2022'" in problem

    def test_a_filled_histogram_without_preselected_events_is_an_error(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.cutflow["presel"]["TTbar_2022"] = {"nominal": 0}
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "cutflow" in problem

    def test_a_column_without_any_event_has_rate_0_and_a_warning(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).add("VV", "2022", None, presel=0)
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, shape("JES", ["vv"]), mc_processes=processes)
        assert made.rate("vv_2022") == 0
        (empty,) = found(made, "empty-column")
        assert "vv_2022" in empty
        assert "JES" not in by_hand.rows(made.content())

    def test_a_sample_without_dataset_in_a_year_is_a_warning(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).mc("VV", "2022", nominal=[1, 1, 1])
        output.mc("Signal", "2023", nominal=[1, 1, 1]).mc("TTbar", "2023", nominal=[1, 1, 1])
        processes = by_hand.two_processes(["2022", "2023"])
        processes["vv"] = process("vv", "VV", years=["2022", "2023"])
        (missing,) = found(card(output, mc_processes=processes), "no-dataset")
        assert "'VV'" in missing
        assert "2023" in missing

    def test_datasets_that_no_period_lists_are_named(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.histograms["TTbar"]["TTbar_2099"] = simulated({"SR": {"nominal": [1, 1, 1]}})
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 20, 30]
        (orphan,) = found(made, "orphan-dataset")
        assert "'TTbar_2099'" in orphan

    def test_datasets_of_data_that_no_period_lists_are_named(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Egamma", "2022", [1, 2, 3])
        output.histograms["Egamma"]["Egamma_2099"] = by_hand.observed({"SR": [5, 5, 5]})
        made = card(output, data_processes=by_hand.observation("Egamma"))
        assert made.observation == 6
        (orphan,) = found(made, "orphan-dataset")
        assert "'Egamma_2099'" in orphan


class TestFallback:
    def test_a_dataset_without_a_variation_adds_its_nominal_to_it(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.mc("TTbar", "2022", "has", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        output.mc("TTbar", "2022", "lacks", nominal=[100, 200])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [13 + 100, 24 + 200]
        assert template(made, "ttbar_2022", "JESDown") == [8 + 100, 15 + 200]
        assert variance(made, "ttbar_2022", "JESUp") == [13 + 100, 24 + 200]
        (finding,) = made.findings
        assert (finding.severity, finding.code) == (Severity.NOTICE, "fallback")
        assert "TTbar_lacks_2022" in finding.message

    def test_one_direction_may_be_missing(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.mc("TTbar", "2022", "both", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        output.mc("TTbar", "2022", "up", nominal=[100, 200], JESUp=[150, 250])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [163, 274]
        assert template(made, "ttbar_2022", "JESDown") == [108, 215]
        (warning,) = found(made, "partial-variation")
        assert (
            "dataset 'TTbar_up_2022' of sample 'TTbar' has no JESDown, but has others that the nuisance is made of"
            in warning
        )

    def test_a_direction_that_no_dataset_has_makes_the_nuisance_too_small(self) -> None:
        made = card(signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 22, 33]), shape("JES"))
        (warning,) = found(made, "no-variation")
        assert "'JESDown'" in warning
        assert "'JESUp'," not in warning
        assert "is too small here" in warning

    def test_a_variation_that_no_dataset_has_is_a_warning_with_the_closest_label(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30], JES_AbsoluteUp=[11, 21, 31], JES_AbsoluteDown=[9, 9, 9])
        made = card(output, shape("JES_Absolut"))
        assert template(made, "ttbar_2022", "JES_AbsolutUp") == [10, 20, 30]
        (warning,) = found(made, "no-variation")
        assert "'JES_AbsolutUp', 'JES_AbsolutDown' (did you mean 'JES_AbsoluteUp'?)" in warning
        assert "does nothing here" in warning
        assert "ttbar_2022" in warning
        assert all(finding.severity is Severity.WARNING for finding in made.findings if finding.code == "no-variation")

    def test_it_is_a_notice_where_another_column_lacks_nothing_and_a_warning_for_the_one_that_does(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2]).mc("Signal", "2023", nominal=[1, 2])
        output.mc("TTbar", "2022", nominal=[10, 20], JESUp=[11, 21], JESDown=[9, 19])
        output.mc("TTbar", "2023", nominal=[100, 200])
        made = card(output, shape("JES", years=["2022", "2023"]))
        assert template(made, "ttbar_2022", "JESUp") == [11, 21]
        assert template(made, "ttbar_2023", "JESUp") == [100, 200]
        (warning,) = found(made, "no-variation")
        assert "ttbar_2023" in warning
        assert "ttbar_2022" not in warning

    def test_a_variation_of_one_subsample_leaves_the_other_at_its_nominal(self) -> None:
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

    def test_an_alias_for_each_process_reads_what_each_of_them_has(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2], groupAUp=[2, 3], groupADown=[1, 1])
        output.mc("TTbar", "2022", nominal=[10, 20], groupBUp=[12, 25], groupBDown=[9, 14])
        alias = {"signal": "groupA", "ttbar": "groupB"}
        made = card(output, shape("btag", ["signal", "ttbar"], coffea_name_alias=alias))
        assert template(made, "signal_2022", "btagUp") == [2, 3]
        assert template(made, "ttbar_2022", "btagUp") == [12, 25]
        assert template(made, "ttbar_2022", "btagDown") == [9, 14]
        assert codes(made) == []

    def test_nuisances_of_one_year_each_may_read_one_variation(self) -> None:
        output = Output()
        for year, factor in (("2022", 1), ("2023", 10)):
            contents = {"nominal": [2, 4], "pileupUp": [3, 5], "pileupDown": [2, 3], "JESUp": [3, 6]}
            output.mc("Signal", year, nominal=[1, 1])
            output.mc("TTbar", year, **{name: [factor * v for v in vs] for name, vs in contents.items()})
        by_year = [shape(f"pileup_{year}", years=[year], coffea_name_alias="pileup") for year in ("2022", "2023")]
        both = shape("pileup", years=["2022", "2023"])
        made = card(output, *by_year, both)
        assert template(made, "ttbar_2022", "pileup_2022Up") == [3, 5]
        assert template(made, "ttbar_2023", "pileup_2022Up") == [20, 40]  # its nominal: not covered
        assert template(made, "ttbar_2023", "pileup_2023Up") == [30, 50]
        assert template(made, "ttbar_2023", "pileupDown") == [20, 30]
        rows = by_hand.rows(made.content())
        assert rows["pileup_2022"] == ["pileup_2022", "shape", "-", "-", "1.0", "-"]
        assert rows["pileup_2023"] == ["pileup_2023", "shape", "-", "-", "-", "1.0"]
        assert rows["pileup"] == ["pileup", "shape", "-", "-", "1.0", "1.0"]
        assert {name for name in made.channel.templates().names if "pileup" in name} == {
            "ttbar_2022_pileup_2022Up",
            "ttbar_2022_pileup_2022Down",
            "ttbar_2023_pileup_2023Up",
            "ttbar_2023_pileup_2023Down",
            "ttbar_2022_pileupUp",
            "ttbar_2022_pileupDown",
            "ttbar_2023_pileupUp",
            "ttbar_2023_pileupDown",
        }

    def test_aliases_that_cross_are_read_as_declared(self) -> None:
        output = signal_and_ttbar(
            nominal=[10, 20, 30], aUp=[11, 20, 30], aDown=[9, 20, 30], bUp=[10, 22, 30], bDown=[10, 18, 30]
        )
        made = card(output, shape("a", coffea_name_alias="b"), shape("b", coffea_name_alias="a"))
        assert template(made, "ttbar_2022", "aUp") == [10, 22, 30]
        assert template(made, "ttbar_2022", "bUp") == [11, 20, 30]


class TestVariationsThatWereNotComputed:
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

    def test_events_in_the_cutflow_and_none_in_the_histogram_count_as_missing(self) -> None:
        output = self.output({"nominal": 30, "metUp": 29, "metDown": 31})
        made = card(output, shape("met"), category="CR")
        assert template(made, "ttbar_2022", "metUp") == [10, 20]
        assert variance(made, "ttbar_2022", "metDown") == [10, 20]
        (warning,) = found(made, "no-variation")
        assert "'metUp', 'metDown' are on the axis but were not computed in category 'CR'" in warning

    def test_the_category_that_asked_for_it_has_it(self) -> None:
        made = card(self.output({"nominal": 3, "metUp": 4, "metDown": 2}), shape("met"), category="SR")
        assert template(made, "ttbar_2022", "metUp") == [2, 2]
        assert codes(made) == []

    def test_no_events_in_the_cutflow_either_is_really_empty(self) -> None:
        made = card(self.output({"nominal": 30, "metUp": 0, "metDown": 0}), shape("met"), category="CR")
        assert made.shape_variations == ["nominal"]  # Combine refuses the empty one: left out
        assert "met" not in by_hand.rows(made.content())
        (left_out,) = found(made, "empty-variation")
        assert "ttbar_2022" in left_out
        assert "met" in left_out

    def test_one_direction_can_be_really_empty_in_one_of_two_datasets(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        few = simulated({"SR": {"nominal": [1, 0], "JESUp": [0, 0], "JESDown": [2, 0]}})
        output.add("TTbar", "2022", few, part="few", counts={"SR": {"nominal": 1, "JESUp": 0, "JESDown": 2}})
        output.mc("TTbar", "2022", "many", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [13, 24]
        assert template(made, "ttbar_2022", "JESDown") == [10, 15]
        assert codes(made) == []

    def test_not_computed_in_one_of_two_datasets_falls_back_there_alone(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        zeros = simulated({"SR": {"nominal": [1, 5], "JESUp": [0, 0], "JESDown": [0, 0]}})
        output.add("TTbar", "2022", zeros, part="few", counts={"SR": {"nominal": 6, "JESUp": 6, "JESDown": 6}})
        output.mc("TTbar", "2022", "many", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [14, 29]
        assert codes(made) == ["fallback"]

    def test_absent_in_one_dataset_and_not_computed_in_the_other_says_so(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        zeros = simulated({"SR": {"nominal": [1, 5], "JESUp": [0, 0], "JESDown": [0, 0]}})
        output.add("TTbar", "2022", zeros, part="a", counts={"SR": {"nominal": 6, "JESUp": 6, "JESDown": 6}})
        output.mc("TTbar", "2022", "b", nominal=[10, 20])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [11, 25]
        (warning,) = found(made, "no-variation")
        assert "did you mean" not in warning

    def test_the_cutflow_before_0_9_11_counts_numbers_and_zeros_count_as_missing(self) -> None:
        output = self.output({"nominal": 30})
        for category in ("CR", "SR"):
            output.cutflow[category]["TTbar_2022"] = {"TTbar": 30}
        output.cutflow["presel"] = dict.fromkeys(output.cutflow["presel"], 33)
        made = card(output, shape("met"), category="CR")
        assert template(made, "ttbar_2022", "metUp") == [10, 20]
        (warning,) = found(made, "no-variation")
        assert "'CR'" in warning
        assert "cutflow" in warning

    def test_a_nominal_that_is_empty_too_needs_no_fallback(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 21, 31], JESDown=[9, 19, 29])
        nothing = simulated({"SR": {"nominal": [0, 0, 0], "JESUp": [0, 0, 0], "JESDown": [0, 0, 0]}})
        output.add("TTbar", "2022", nothing, part="none")
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [11, 21, 31]
        assert codes(made) == []

    def test_content_in_the_flow_alone_is_content(self) -> None:
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


class TestClipping:
    def test_bins_below_0_are_0_with_their_variance_and_the_yield_before_and_after_is_told(self) -> None:
        output = signal_and_ttbar(nominal=[10, -4, 30])
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 0, 30]
        assert variance(made, "ttbar_2022") == [10, 0, 30]
        assert made.rate("ttbar_2022") == 40
        (clipped,) = found(made, "clipped")
        assert "ttbar_2022" in clipped
        assert "36 -> 40 (+11.1 %)" in clipped  # 4 of 36
        assert "bin 2" in clipped

    def test_variations_are_clipped_by_themselves(self) -> None:
        output = signal_and_ttbar(nominal=[10, 2, 30], JESUp=[12, -1, 31], JESDown=[9, 3, -8])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [12, 0, 31]
        assert template(made, "ttbar_2022", "JESDown") == [9, 3, 0]
        assert made.rate("ttbar_2022", "JESDown") == 12
        assert ["JESUp" in text for text in found(made, "clipped")].count(True) == 1

    def test_datasets_are_summed_before_anything_is_clipped(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.mc("TTbar", "2022", "a", nominal=[-3, 5]).mc("TTbar", "2022", "b", nominal=[4, 5])
        made = card(output)
        assert template(made, "ttbar_2022") == [1, 10]
        assert codes(made) == []

    def test_bins_are_joined_before_anything_is_clipped(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1, 1, 1])
        output.mc("TTbar", "2022", nominal=[-3, 5, 7, -1], JESUp=[-9, 2, 9, 9], JESDown=[1, 1, 1, 1])
        made = card(output, shape("JES"), bins_edges=[0, 2, 4])
        assert template(made, "ttbar_2022") == [2, 6]
        assert template(made, "ttbar_2022", "JESUp") == [0, 18]
        (clipped,) = found(made, "clipped")
        assert "JESUp" in clipped
        assert "11 -> 18" in clipped

    def test_a_column_that_is_below_0_everywhere_ends_with_rate_0(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).mc("VV", "2022", nominal=[-1, -2, 0])
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, mc_processes=processes)
        assert made.rate("vv_2022") == 0
        assert codes(made) == ["clipped", "empty-column"]


class TestFlow:
    def test_what_is_outside_the_axis_is_lost_and_told_in_per_cent(self) -> None:
        ttbar = simulated({"SR": {"nominal": [10, 30, 40, 20]}}, bins(0, 1, 2))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        made = card(output)
        assert template(made, "ttbar_2022") == [30, 40]
        (lost,) = made.findings
        assert (lost.code, lost.severity, lost.column) == ("flow-lost", Severity.WARNING, "ttbar_2022")
        assert "10 in underflow and 20 in overflow" in lost.message
        assert "30 % of 100" in lost.message

    def test_a_loss_of_one_per_cent_or_less_is_a_notice(self) -> None:
        ttbar = simulated({"SR": {"nominal": [0, 49, 50, 1]}}, bins(0, 1, 2))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        (lost,) = card(output).findings
        assert lost.severity is Severity.NOTICE

    def test_losses_of_data_are_told(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Data", "2022", by_hand.observed({"SR": [0, 1, 2, 3, 4]}, bins(0, 1, 2, 3)))
        made = card(output, data_processes=by_hand.observation("Data"))
        assert made.observation == 6
        (lost,) = found(made, "flow-lost")
        assert "data_obs" in lost
        assert "40 %" in lost  # 4 of 10

    def test_losses_that_cancel_are_told(self) -> None:
        ttbar = simulated({"SR": {"nominal": [-20, 30, 40, 20]}}, bins(0, 1, 2))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        (lost,) = card(output).findings
        assert lost.code == "flow-lost"
        assert lost.severity is Severity.WARNING  # 40 of 110 events are not in the card, whatever their signs

    @pytest.mark.parametrize(
        ("options", "values"),
        [
            ({"underflow": False, "overflow": False}, [30, 40]),
            ({"underflow": False}, [30, 40, 5]),
            ({"overflow": False}, [5, 30, 40]),
        ],
        ids=["none", "only-overflow", "only-underflow"],
    )
    def test_an_axis_may_lack_flow_bins(self, options: dict[str, bool], values: Sequence[float]) -> None:
        ttbar = simulated({"SR": {"nominal": values}}, bins(0, 1, 2, **options))
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar)
        assert template(card(output), "ttbar_2022") == [30, 40]

    def test_datasets_with_and_without_flow_bins_are_summed_bin_by_bin(self) -> None:
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


class TestRebinning:
    def output(self, axis: Any = None) -> by_hand.Output:
        values = {
            "nominal": [1, 2, 4, 8, 16, 32, 64, 128],
            "JESUp": [0, 3, 5, 9, 17, 33, 65, 129],
            "JESDown": [2, 1, 3, 7, 15, 31, 63, 127],
        }
        axis = axis or bins(0, 1, 2, 3, 4, 5, 6)
        signal = simulated({"SR": {"nominal": [0, 1, 1, 1, 1, 1, 1, 0]}}, axis)
        return Output().add("Signal", "2022", signal).add("TTbar", "2022", simulated({"SR": values}, axis))

    BINNINGS = {  # noqa: RUF012 - not changed
        "as-it-is": (None, [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "all-edges": ([0, 1, 2, 3, 4, 5, 6], [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "some-edges": ([0, 2, 3, 6], [6, 8, 112], [8, 9, 115]),
        "one-bin": ([0, 6], [126], [132]),
        "one-bin-inside": ([1, 3], [12], [14]),
        "last-bin": ([5, 6], [64], [65]),
        "tuple": ((0, 1, 5), [2, 60], [3, 64]),
        "rounded": ([0.0, 3.0000001, 6.0], [14, 112], [17, 115]),
        "by-2": (2, [6, 24, 96], [8, 26, 98]),
        "by-3": (3, [14, 112], [17, 115]),
        "by-all": (6, [126], [132]),
        "by-1": (1, [2, 4, 8, 16, 32, 64], [3, 5, 9, 17, 33, 65]),
        "by-a-numpy-number": (np.int64(3), [14, 112], [17, 115]),
        "array": (np.array([0, 2, 6]), [6, 120], [8, 124]),
        "linspace": (np.linspace(0, 6, 3), [14, 112], [17, 115]),
        "range": (range(0, 7, 2), [6, 24, 96], [8, 26, 98]),
    }

    @pytest.mark.parametrize(("binning", "nominal", "up"), BINNINGS.values(), ids=list(BINNINGS))
    def test_bins_are_joined(self, binning: Binning, nominal: list[float], up: list[float]) -> None:
        made = card(self.output(), shape("JES"), bins_edges=binning)
        assert template(made, "ttbar_2022") == nominal
        assert template(made, "ttbar_2022", "JESUp") == up
        assert variance(made, "ttbar_2022", "JESUp") == up
        assert made.rate("ttbar_2022") == sum(nominal)

    def test_edges_give_what_the_bins_filled_that_way_give(self) -> None:
        made = card(self.output(), shape("JES"), bins_edges=[1, 3, 5])
        by_itself = simulated(  # underflow 1 + 2, 4 + 8, 16 + 32, overflow 64 + 128; and so on
            {"SR": {"nominal": [3, 12, 48, 192], "JESUp": [3, 14, 50, 194], "JESDown": [3, 10, 46, 190]}},
            bins(1, 3, 5),
        )
        signal = simulated({"SR": {"nominal": [1, 2, 2, 1]}}, bins(1, 3, 5))
        wide = Output().add("Signal", "2022", signal).add("TTbar", "2022", by_itself)
        expected = card(wide, shape("JES"))
        assert made.content() == expected.content()
        assert made.histogram == expected.histogram
        assert made.findings == expected.findings

    def test_a_part_of_the_range_moves_the_rest_to_the_flow(self) -> None:
        made = card(self.output(), bins_edges=[1, 3])
        (lost,) = [finding for finding in made.findings if finding.column == "ttbar_2022"]
        assert "3 in underflow and 240 in overflow" in lost.message  # 1 + 2 and 16 + 32 + 64 + 128

    def test_rebinned_edges_are_those_of_the_axis(self) -> None:
        axis = hist.axis.Regular(6, 0, 0.6, name="events.m")
        made = card(self.output(axis), bins_edges=[0.1, 0.3, 0.6])
        assert made.histogram.axes[2].edges.tolist() == [axis.edges[1], axis.edges[3], axis.edges[6]]

    REFUSED = {  # noqa: RUF012 - not changed
        "between": ([0, 1.5, 6], ["1.5 is no edge", "its edges are 0, 1, 2, 3, 4, 5, 6"]),
        "outside": ([-1, 3, 7], ["-1, 7 are no edges", "its edges are 0, 1, 2, 3, 4, 5, 6"]),
        "nan": ([0, float("nan"), 6], ["rising"]),
        "infinite": ([0, 1, float("inf")], ["inf is no edge", "its edges are"]),
        "one-edge": ([3], ["at least two edges"]),
        "no-edge": ([], ["at least two edges"]),
        "twice": ([0, 3, 3, 6], ["rising"]),
        "falling": ([6, 3, 0], ["rising"]),
        "nested": ([[0, 3], [3, 6]], ["edges"]),
        "text": ("fine", ["'fine'", "numbers"]),
        "text-in-list": ([0, "x"], ["numbers"]),
        "by-4": (4, ["6 bins", "1, 2, 3, 6"]),
        "by-7": (7, ["1, 2, 3, 6"]),
        "by-0": (0, ["1, 2, 3, 6"]),
        "by-less": (-2, ["1, 2, 3, 6"]),
        "true": (True, ["True"]),
        "by-2.0": (2.0, ["2.0"]),
    }

    @pytest.mark.parametrize(("binning", "said"), REFUSED.values(), ids=list(REFUSED))
    def test_what_is_no_binning_of_the_axis_is_refused_with_those_that_are(self, binning: Any, said: list[str]) -> None:
        with pytest.raises(DeclarationError) as raised:
            card(self.output(), bins_edges=binning)
        for text in said:
            assert text in str(raised.value)

    def test_the_axis_of_the_variable_is_named(self) -> None:
        with pytest.raises(DeclarationError, match=r"events\.m"):
            card(self.output(), bins_edges=[0, 1.5, 6])


class TestAxes:
    @pytest.mark.parametrize(
        ("axis", "edges"),
        [
            (hist.axis.Regular(2, 0, 10, name="events.m"), [0, 5, 10]),
            (hist.axis.Variable([-1, 0, 10], name="events.m"), [-1, 0, 10]),
            (hist.axis.Integer(4, 6, name="events.m"), [4, 5, 6]),
            (hist.axis.Integer(4, 6, name="events.m", underflow=False, overflow=False), [4, 5, 6]),
            (hist.axis.Boolean(name="events.m"), [0, 1, 2]),
            (hist.axis.IntCategory([7, 3], name="events.m"), [0, 1, 2]),
            (hist.axis.StrCategory(["ee", "mumu"], name="events.m"), [0, 1, 2]),
            (hist.axis.Regular(2, 1, 100, name="events.m", transform=hist.axis.transform.log), [1, 10, 100]),
            (hist.axis.Regular(2, 0, 16, name="events.m", transform=hist.axis.transform.sqrt), [0, 4, 16]),
            (hist.axis.Regular(2, 0, 2, name="events.m", circular=True), [0, 1, 2]),
            (hist.axis.Regular(2, 0, 2, name="events.m", growth=True), [0, 1, 2]),
        ],
        ids=[
            *("regular", "variable", "integer", "no-flow", "boolean", "int-category", "str-category"),
            *("log", "sqrt", "circular", "growing"),
        ],
    )
    def test_every_axis_of_one_dimension_becomes_bins_with_its_edges(
        self, axis: Any, edges: list[float], tmp_path: Path
    ) -> None:
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        values = {"nominal": [10, 20], "JESUp": [11, 22], "JESDown": [9, 18]}
        output.add("TTbar", "2022", simulated({"SR": values}, axis))
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [11, 22]
        file = by_hand.written(made, tmp_path)
        assert file["ttbar_2022_JESUp"][0].tolist() == [11, 22]
        assert file["ttbar_2022_JESUp"][2].tolist() == pytest.approx(edges)
        assert codes(made) == []

    def test_a_transformed_axis_is_rebinned_at_its_own_edges(self) -> None:
        axis = hist.axis.Regular(3, 1, 1000, name="events.m", transform=hist.axis.transform.log)
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [10, 20, 40]}}, axis))
        assert template(card(output, bins_edges=[1, 100, 1000]), "ttbar_2022") == [30, 40]

    def test_the_last_bin_may_reach_to_infinity(self) -> None:
        axis = bins(0, 1, float("inf"))
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [10, 20]}}, axis))
        assert template(card(output), "ttbar_2022") == [10, 20]

    def test_labels_become_bins_in_their_order_and_the_rest_is_flow(self) -> None:
        axis = hist.axis.StrCategory(["ee", "mumu"], name="events.channel")
        ttbar = simulated({"SR": {"nominal": [10, 20]}}, axis)
        ttbar.fill(["SR"] * 3, ["nominal"] * 3, ["emu"] * 3)
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        made = card(output.add("TTbar", "2022", ttbar))
        assert list(made.histogram.axes[2]) == ["ee", "mumu"]
        assert template(made, "ttbar_2022") == [10, 20]
        (lost,) = found(made, "flow-lost")
        assert "3 in overflow" in lost

    def test_labels_in_another_order_are_no_equal_bins(self) -> None:
        output = Output()
        for sample, labels in (("Signal", ["ee", "mumu"]), ("TTbar", ["mumu", "ee"])):
            axis = hist.axis.StrCategory(labels, name="events.channel")
            output.add(sample, "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        (problem,) = problems(output)
        assert "TTbar_2022" in problem
        assert "mumu, ee" in problem

    def test_labels_cannot_be_rebinned(self) -> None:
        axis = hist.axis.IntCategory([7, 3], name="events.m")
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [1, 2]}}, axis))
        with pytest.raises(DeclarationError, match="labels"):
            card(output, bins_edges=[3, 7])

    @pytest.mark.parametrize(
        "axis", [bins(0, 1, 2, 4), bins(0, 1, 2), bins(0, 1, 2.001, 3)], ids=["last", "fewer", "middle"]
    )
    def test_other_edges_in_one_channel_are_an_error_that_names_the_dataset_and_both(self, axis: Any) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2, 3])
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [1] * axis.size}}, axis))
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "0, 1, 2, 3" in problem
        assert ", ".join(f"{edge:g}" for edge in axis.edges) in problem

    def test_other_edges_of_data_are_an_error_too(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3])
        output.add("Data", "2022", by_hand.observed({"SR": [1, 2, 3]}, bins(0, 1, 2, 4)))
        (problem,) = problems(output, data_processes=by_hand.observation("Data"))
        assert "'Data_2022'" in problem

    def test_edges_that_differ_by_rounding_are_equal(self) -> None:
        output = Output().add("Signal", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, bins(0, 0.1, 0.2, 0.3)))
        axis = bins(0, 0.1, 0.2, 0.1 + 0.2)
        output.add("TTbar", "2022", simulated({"SR": {"nominal": [1, 2, 3]}}, axis))
        assert template(card(output), "ttbar_2022") == [1, 2, 3]

    def test_two_variables_in_one_histogram_are_refused(self) -> None:
        plane: hist.Hist[Any] = hist.Hist(
            hist.axis.StrCategory(["SR"], name="cat"),
            hist.axis.StrCategory(["nominal"], name="variation"),
            hist.axis.Regular(2, 0, 2, name="events.x"),
            hist.axis.Regular(2, 0, 2, name="events.y"),
            storage=hist.storage.Weight(),
        )
        output = Output().mc("Signal", "2022", nominal=[1, 2]).add("TTbar", "2022", plane)
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "events.x, events.y" in problem


class TestBrokenContents:
    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")], ids=str)
    @pytest.mark.parametrize("label", ["nominal", "JESUp"])
    def test_content_that_is_not_finite_names_dataset_variation_and_bin(self, label: str, bad: float) -> None:
        values = {"nominal": [1.0, 2.0, 3.0], "JESUp": [1.0, 2.0, 3.0], "JESDown": [1.0, 2.0, 3.0]}
        values[label][1] = bad
        (problem,) = problems(signal_and_ttbar(**values), shape("JES"))
        for text in ("'TTbar'", "'TTbar_2022'", "'SR'", repr(label), "bin 2"):
            assert text in problem

    def test_infinities_of_both_signs_are_one_readable_error(self) -> None:
        (problem,) = problems(signal_and_ttbar(nominal=[float("inf"), float("-inf"), 1]))
        assert "'TTbar_2022'" in problem
        assert "bin 1" in problem

    def test_content_of_the_flow_that_is_not_finite_is_named_as_such(self) -> None:
        ttbar = simulated({"SR": {"nominal": [0, 1, 2, float("nan")]}}, bins(0, 1, 2))
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "overflow" in problem

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0], ids=str)
    def test_a_variance_that_is_none_is_an_error(self, bad: float) -> None:
        ttbar = simulated({"SR": {"nominal": [1, 2]}}, variances={"SR": {"nominal": [bad, 2]}})
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        for text in ("'TTbar_2022'", "variance", "bin 1"):
            assert text in problem

    def test_another_category_or_a_variation_that_nobody_reads_may_hold_anything(self) -> None:
        nan = float("nan")
        contents: by_hand.Contents = {
            "CR": {"nominal": [nan, nan]},
            "SR": {"nominal": [1, 2], "badUp": [nan, nan]},
        }
        output = Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", simulated(contents))
        assert template(card(output), "ttbar_2022") == [1, 2]

    def test_every_broken_dataset_is_named_at_once(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.mc("TTbar", "2022", "a", nominal=[1, float("nan")])
        output.mc("TTbar", "2022", "b", nominal=[1, 1])
        output.mc("TTbar", "2022", "c", nominal=[float("nan"), 1])
        output.add("TTbar", "2022", None, part="d")
        told = "\n".join(problems(output))
        assert [name for name in "abcd" if f"dataset 'TTbar_{name}_2022'" in told] == ["a", "c", "d"]

    @pytest.mark.parametrize("storage", [hist.storage.Double(), hist.storage.Int64()], ids=["Double", "Int64"])
    def test_simulation_without_variances_is_refused_with_how_to_fill_it(self, storage: Any) -> None:
        ttbar = simulated({"SR": {"nominal": [1, 2]}}, storage=storage)
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "'TTbar_2022'" in problem
        assert "storage=hist.storage.Weight()" in problem

    def test_means_are_no_yields(self) -> None:
        axes = [hist.axis.StrCategory([name], name=axis) for name, axis in (("SR", "cat"), ("nominal", "variation"))]
        ttbar: hist.Hist[Any] = hist.Hist(*axes, bins(0, 1, 2), storage=hist.storage.Mean())
        (problem,) = problems(Output().mc("Signal", "2022", nominal=[1, 1]).add("TTbar", "2022", ttbar))
        assert "Mean" in problem

    def test_an_axis_without_nominal_is_an_error(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1]).mc("TTbar", "2022", JESUp=[1, 1])
        (problem,) = problems(output)
        assert "'nominal'" in problem
        assert "JESUp" in problem

    def test_what_is_no_histogram_is_refused(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3])
        output.histograms["TTbar"]["TTbar_2022"] = np.array([1, 2, 3])
        (problem,) = problems(output)
        assert "'TTbar_2022'" in problem
        assert "ndarray" in problem


class TestData:
    def output(self) -> by_hand.Output:
        output = Output()
        for year in ("2022", "2023"):
            output.mc("Signal", year, nominal=[1, 1]).mc("TTbar", year, nominal=[10, 20])
        return output

    def test_samples_datasets_and_years_are_summed_to_one_observation(self) -> None:
        output = self.output().data("Egamma", "2022", [1, 2], "C").data("Egamma", "2022", [10, 20], "D")
        output.data("Muon", "2022", [100, 200]).data("Muon", "2023", [1000, 2000]).data("Egamma", "2023", [3, 4])
        made = card(output, data_processes=by_hand.observation("Egamma", "Muon", years=["2022", "2023"]))
        assert made.data_obs["data_obs", :].values().tolist() == [1114, 2226]
        assert made.data_obs["data_obs", :].variances().tolist() == [1114, 2226]
        assert made.observation == 3340
        assert codes(made) == []

    @pytest.mark.parametrize("name", ["data_obs", "data", "DATA"])
    def test_it_is_called_data_obs_whatever_the_process_is_called(self, name: str, tmp_path: Path) -> None:
        output = self.output().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        made = card(output, data_processes=by_hand.observation("Muon", years=["2022", "2023"], name=name))
        file = by_hand.written(made, tmp_path)
        assert file["data_obs_nominal"][0].tolist() == [8, 10]
        assert "observation 18.0" in made.content()

    def test_years_that_the_card_has_not_are_left_out(self) -> None:
        output = self.output().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        observation = by_hand.observation("Muon", years=["2022", "2023"])
        assert card(output, years=["2023"], data_processes=observation).observation == 11

    def test_a_year_that_the_data_have_not_is_a_warning(self) -> None:
        output = self.output().data("Muon", "2022", [3, 4])
        made = card(output, data_processes=by_hand.observation("Muon"))
        (missing,) = found(made, "no-data")
        assert "2023" in missing

    def test_a_sample_that_lacks_a_year_which_others_have_is_a_warning(self) -> None:
        output = self.output().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        output.data("Egamma", "2022", [1, 1])
        made = card(output, data_processes=by_hand.observation("Muon", "Egamma", years=["2022", "2023"]))
        told = [str(finding) for finding in made.findings if finding.severity is Severity.WARNING]
        assert len(told) == 1
        assert "'Egamma'" in told[0]
        assert "2023" in told[0]

    @pytest.mark.parametrize("storage", [hist.storage.Int64(), hist.storage.Double()], ids=["Int64", "Double"])
    def test_counts_need_no_variances(self, storage: Any) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", by_hand.observed({"SR": [3, 0, 4]}, storage=storage))
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 7
        assert made.data_obs["data_obs", :].variances().tolist() == [3, 0, 4]

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")], ids=str)
    @pytest.mark.parametrize("storage", [hist.storage.Weight(), hist.storage.Double()], ids=["Weight", "Double"])
    def test_content_that_is_not_finite_names_dataset_and_bin(self, storage: Any, bad: float) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", by_hand.observed({"SR": [3, bad, 4]}, storage=storage))
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        for text in ("'Muon_2022'", str(bad), "bin 2"):
            assert text in problem

    def test_weights_without_variances_are_refused_for_what_they_are(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.add("Muon", "2022", by_hand.observed({"SR": [3, 0.5, 4]}, storage=hist.storage.Double()))
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert "'Muon_2022'" in problem
        assert "autoMCStats" not in problem  # which data have nothing to do with

    def test_a_histogram_with_a_variation_axis_gives_its_nominal(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.mc("Pseudo", "2022", nominal=[3, 0, 4], JESUp=[9, 9, 9])
        assert card(output, data_processes=by_hand.observation("Pseudo")).observation == 7

    def test_weighted_data_are_taken_with_a_warning(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 0.5, 4])
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 7.5
        assert codes(made) == ["weighted-data"]

    def test_a_bin_below_0_is_an_error(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, -1, 4])
        (problem,) = problems(output, data_processes=by_hand.observation("Muon"))
        assert "data_obs" in problem
        assert "-1" in problem

    def test_data_are_rebinned_with_the_simulation(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 5, 7])
        made = card(output, data_processes=by_hand.observation("Muon"), bins_edges=[0, 1, 3])
        assert made.data_obs["data_obs", :].values().tolist() == [3, 12]

    def test_without_data_the_asimov_template_is_the_sum_of_the_written_backgrounds(self) -> None:
        output = signal_and_ttbar(nominal=[10, -4, 30]).mc("VV", "2022", nominal=[1, 2, 3])
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "VV")
        made = card(output, mc_processes=processes)
        assert made.observation == -1
        assert not made.has_data
        assert made.data_obs["data_obs", :].values().tolist() == [11, 2, 33]  # clipped first: 0 + 2

    def test_data_that_are_empty_in_the_category_are_an_observation_of_0(self) -> None:
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [0, 0, 0])
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert made.observation == 0
        assert "observation 0.0" in made.content()


class TestNamesThatAreNotThere:
    def test_a_misspelt_sample_is_named_with_the_closest(self) -> None:
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", "TTbra")
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
        assert "'TTbra' (did you mean 'TTbar'?)" in problem

    def test_a_misspelt_sample_of_data_is_named_with_the_closest(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3]).data("DATA_Muon", "2022", [1, 2, 3])
        (problem,) = problems(output, data_processes=by_hand.observation("DATA_Moun"))
        assert "'DATA_Moun' (did you mean 'DATA_Muon'?)" in problem

    def test_a_misspelt_year_is_named_with_the_closest(self) -> None:
        output = Output().mc("Signal", "2022_preEE", nominal=[1, 2]).mc("TTbar", "2022_preEE", nominal=[1, 2])
        found_problems = problems(output, years=["2022_preE"])
        assert all("'2022_preE'" in problem for problem in found_problems)
        assert any("did you mean '2022_preEE'?" in problem for problem in found_problems)

    def test_a_year_of_the_card_that_no_process_has_is_named_with_the_closest(self) -> None:
        processes = by_hand.two_processes(["2022"])
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), years=["2022", "2002"], mc_processes=processes)
        assert "'2002' (did you mean '2022'?)" in problem

    def test_a_misspelt_category_is_named_once_with_the_closest(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        for part in "abcdef":
            output.mc("TTbar", "2022", part, nominal=[1, 2])
        found_problems = problems(output, category="SRR")
        assert "'SRR' (did you mean 'SR'?)" in found_problems[0]
        assert len(found_problems) == 1

    def test_a_sample_in_two_processes_is_an_error_that_names_both(self) -> None:
        processes = by_hand.two_processes()
        processes["top"] = process("top", "TTbar")
        (problem,) = problems(signal_and_ttbar(nominal=[1, 2, 3]), mc_processes=processes)
        for text in ("'TTbar'", "'ttbar'", "'top'"):
            assert text in problem

    def test_a_sample_in_two_processes_of_different_years_is_fine(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[4, 5, 6])
        processes = by_hand.two_processes(["2022"])
        processes["top"] = process("top", "TTbar", years=["2023"])
        made = card(output, mc_processes=processes)
        assert template(made, "top_2023") == [4, 5, 6]
        assert list(made.process_id) == ["signal_2022", "ttbar_2022", "top_2023"]

    def test_a_card_whose_years_leave_no_signal_has_a_warning(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("Signal", "2023", nominal=[1, 1, 1])
        processes = MCProcesses(
            [process("signal", "Signal", years=["2023"], is_signal=True), process("ttbar", "TTbar")]
        )
        made = card(output, years=["2022"], mc_processes=processes)
        assert made.process_id == {"ttbar_2022": 1}
        assert codes(made) == ["no-signal"]  # alone Combine refuses it, with others it can be joined

    def test_a_card_whose_years_leave_no_background_is_refused(self) -> None:
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("TTbar", "2023", nominal=[1, 1, 1])
        processes = MCProcesses(
            [process("signal", "Signal", is_signal=True), process("ttbar", "TTbar", years=["2023"])]
        )
        assert "background" in problems(output, years=["2022"], mc_processes=processes)[0]


class TestEmptyVariations:
    """Combine stops at a varied template without positive integral: "Bogus norm"."""

    def output(self) -> by_hand.Output:
        output = Output()
        counts = {"SR": {"nominal": 3, "JESUp": 0, "JESDown": 3}}
        for year in ("2022", "2023"):
            output.mc("Signal", year, nominal=[1, 1])
        nothing = simulated({"SR": {"nominal": [1, 2], "JESUp": [0, 0], "JESDown": [1, 2]}})
        output.add("TTbar", "2022", nothing, counts=counts)
        return output.mc("TTbar", "2023", nominal=[10, 20], JESUp=[11, 21], JESDown=[9, 19])

    def test_the_column_is_left_out_of_the_row_and_of_the_file_with_a_warning(self, tmp_path: Path) -> None:
        made = card(self.output(), shape("JES", years=["2022", "2023"]))
        assert by_hand.rows(made.content())["JES"] == ["JES", "shape", "-", "-", "-", "1.0"]
        file = by_hand.written(made, tmp_path)
        assert {name for name in file if "JES" in name} == {"ttbar_2023_JESUp", "ttbar_2023_JESDown"}
        (left_out,) = [finding for finding in made.findings if finding.code == "empty-variation"]
        assert (left_out.severity, left_out.column, left_out.systematic) == (
            Severity.WARNING,
            "ttbar_2022",
            "JES",
        )

    def test_a_row_without_any_column_is_no_row(self) -> None:
        made = card(self.output(), shape("JES", years=["2022"]))
        assert "JES" not in by_hand.rows(made.content())
        assert made.kmax == 0
        assert made.shape_variations == ["nominal"]

    def test_a_variation_that_clipping_empties_or_saves_is_judged_by_what_is_written(self) -> None:
        output = Output().mc("Signal", "2022", nominal=[1, 1])
        output.mc("TTbar", "2022", nominal=[10, 20], aUp=[5, -9], aDown=[9, 18], bUp=[-5, 0], bDown=[9, 18])
        made = card(output, shape("a"), shape("b"))
        assert template(made, "ttbar_2022", "aUp") == [5, 0]  # -4 before, 5 after
        assert "b" not in by_hand.rows(made.content())

    def test_nothing_that_combine_would_refuse_is_in_the_file(self, tmp_path: Path) -> None:
        made = card(self.output(), shape("JES", years=["2022", "2023"]))
        for name, (values, variances, _) in by_hand.written(made, tmp_path).items():
            assert values.sum() > 0, name
            assert (values >= 0).all(), name
            assert (variances >= 0).all(), name


class TestShapeOnly:
    """Templates of processes with a free parameter, scaled to keep the totals over categories and years."""

    def output(self) -> by_hand.Output:
        output = Output()
        contents = {  # with underflow and overflow
            "2022": {
                "SR": {"nominal": [1, 10, 20, 9], "JESUp": [2, 12, 24, 12], "JESDown": [0, 8, 16, 6]},
                "CR": {"nominal": [0, 30, 30, 0], "JESUp": [0, 35, 35, 5], "JESDown": [0, 25, 25, 0]},
            },
            "2023": {
                "SR": {"nominal": [0, 40, 60, 0], "JESUp": [0, 50, 75, 0], "JESDown": [0, 30, 50, 0]},
                "CR": {"nominal": [0, 70, 30, 0], "JESUp": [0, 90, 35, 0], "JESDown": [0, 60, 20, 0]},
            },
        }
        for year, by_category in contents.items():
            for sample in ("Signal", "TTbar", "VV"):
                output.add(sample, year, simulated(by_category, bins(0, 1, 2)))
        return output

    def processes(self) -> MCProcesses:
        years = ["2022", "2023"]
        processes = by_hand.two_processes(years, has_rateParam=True)
        processes["vv"] = process("vv", "VV", years=years)
        return processes

    # Over SR and CR with flow, by year: nominal 40 + 60 and 100 + 100, Up 50 + 75 and 125 + 125, Down 30 + 50 and
    # 80 + 80: over both years 300, 375 and 240.
    UP, DOWN = 300 / 375, 300 / 240

    def test_each_direction_is_scaled_by_its_own_total_over_categories_years_and_flow(self) -> None:
        systematic = shape("JES", ["signal", "ttbar", "vv"], ["2022", "2023"])
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * self.UP, 24 * self.UP])
        assert template(made, "ttbar_2023", "JESUp") == pytest.approx([50 * self.UP, 75 * self.UP])
        assert template(made, "ttbar_2023", "JESDown") == pytest.approx([30 * self.DOWN, 50 * self.DOWN])
        assert variance(made, "ttbar_2023", "JESDown") == pytest.approx([30 * self.DOWN**2, 50 * self.DOWN**2])
        assert template(made, "ttbar_2022") == [10, 20]

    def test_processes_without_a_free_parameter_keep_their_normalisation(self) -> None:
        systematic = shape("JES", ["signal", "ttbar", "vv"], ["2022", "2023"])
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "vv_2022", "JESUp") == [12, 24]
        assert template(made, "signal_2023", "JESDown") == [30, 50]

    def test_a_nuisance_of_one_year_keeps_the_total_of_that_year(self) -> None:
        systematic = shape("JES_2023", years=["2023"], coffea_name_alias="JES")
        made = card(self.output(), systematic, mc_processes=self.processes(), shape_only_for_rateparam=True)
        assert template(made, "ttbar_2023", "JES_2023Up") == pytest.approx([50 * 200 / 250, 75 * 200 / 250])

    def test_the_categories_to_keep_totals_over_can_be_chosen(self) -> None:
        made = card(
            self.output(),
            shape("JES", years=["2022", "2023"]),
            mc_processes=self.processes(),
            shape_only_for_rateparam=True,
            rateparam_norm_categories=["CR"],
        )
        # CR alone: nominal 60 + 100, Up 75 + 125
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * 160 / 200, 24 * 160 / 200])

    def test_one_category_as_a_string_is_not_taken_for_letters(self) -> None:
        options: dict[str, Any] = {"mc_processes": self.processes(), "shape_only_for_rateparam": True}
        systematic = shape("JES", years=["2022", "2023"])
        one, other = (
            card(self.output(), systematic, rateparam_norm_categories=categories, **options)
            for categories in ("CR", ["CR"])
        )
        assert one.histogram == other.histogram

    def test_each_category_may_have_histograms_of_its_own(self) -> None:
        output = self.output()
        njets = Output()
        for year, up in (("2022", [0, 5, 5, 0]), ("2023", [0, 10, 20, 0])):
            values = {"nominal": [0, 5, 5, 0], "JESUp": up}
            njets.add("TTbar", year, simulated({"CR": values}, bins(4, 5, 6)))
        made = card(
            output,
            shape("JES", years=["2022", "2023"]),
            mc_processes=self.processes(),
            shape_only_for_rateparam=True,
            rateparam_norm_categories={"SR": output.histograms, "CR": njets.histograms},
        )
        # SR: nominal 40 + 100, Up 50 + 125; CR of the other variable: nominal 10 + 10, Up 10 + 30
        factor = (140 + 20) / (175 + 40)
        assert template(made, "ttbar_2022", "JESUp") == pytest.approx([12 * factor, 24 * factor])

    def test_the_total_of_all_cards_stays_nominal(self) -> None:
        axis = bins(0, 1, 2, underflow=False, overflow=False)
        output = Output()
        for sample in ("Signal", "TTbar"):
            contents = {
                "SR": {"nominal": [10, 20], "JESUp": [20, 30], "JESDown": [5, 5]},
                "CR": {"nominal": [30, 40], "JESUp": [40, 60], "JESDown": [30, 20]},
            }
            output.add(sample, "2022", simulated(contents, axis))
        processes = by_hand.two_processes(has_rateParam=True)
        made = [
            card(
                output,
                shape("JES"),
                mc_processes=processes,
                category=category,
                shape_only_for_rateparam=True,
            )
            for category in ("SR", "CR")
        ]
        for direction in ("Up", "Down"):
            assert sum(one.rate("ttbar_2022", f"JES{direction}") for one in made) == pytest.approx(100)
        assert made[0].rate("ttbar_2022", "JESUp") == pytest.approx(50 * 100 / 150)  # migration stays

    def test_bins_are_joined_and_clipped_after_the_totals_are_taken(self) -> None:
        output = Output()
        values = {"nominal": [10, 10, 10], "JESUp": [30, 40, -10], "JESDown": [10, 10, 10]}
        for sample in ("Signal", "TTbar"):
            output.add(sample, "2022", simulated({"SR": values}))
        made = card(
            output,
            shape("JES"),
            mc_processes=by_hand.two_processes(has_rateParam=True),
            shape_only_for_rateparam=True,
            bins_edges=[0, 2, 3],
        )
        # the total is 30 over 60: [70, -10] / 2, then clipped
        assert template(made, "ttbar_2022", "JESUp") == [35, 0]
        assert made.rate("ttbar_2022", "JESUp") == 35

    def test_a_variation_without_total_keeps_its_normalisation_with_a_warning(self) -> None:
        output = Output()
        values = {"nominal": [10, 10], "JESUp": [20, -30], "JESDown": [10, 30]}
        for sample in ("Signal", "TTbar"):
            output.add(sample, "2022", simulated({"SR": values}))
        made = card(
            output,
            shape("JES"),
            mc_processes=by_hand.two_processes(has_rateParam=True),
            shape_only_for_rateparam=True,
        )
        assert template(made, "ttbar_2022", "JESUp") == [20, 0]
        assert template(made, "ttbar_2022", "JESDown") == [5, 15]  # 20 over 40
        (kept,) = found(made, "not-shape-only")
        assert "JESUp" in kept
        assert "ttbar" in kept

    def test_a_nominal_below_0_turns_no_template_upside_down(self) -> None:
        output = Output()
        contents = {
            "CR": {"nominal": [-90, 0], "JESUp": [-20, 0], "JESDown": [10, 0]},
            "SR": {"nominal": [10, 20], "JESUp": [20, 30], "JESDown": [5, 5]},
        }
        for sample in ("Signal", "TTbar"):
            output.add(sample, "2022", simulated(contents))
        made = card(
            output,
            shape("JES"),
            mc_processes=by_hand.two_processes(has_rateParam=True),
            shape_only_for_rateparam=True,
        )
        # nominal 30 - 90 = -60 over Up 50 - 20 = 30 would be a factor of -2
        assert template(made, "ttbar_2022", "JESUp") == [20, 30]
        assert len(found(made, "not-shape-only")) == 2

    def test_without_a_free_parameter_it_changes_nothing(self) -> None:
        systematic = shape("JES", ["ttbar"], ["2022", "2023"])
        plain, scaled = (card(self.output(), systematic, shape_only_for_rateparam=chosen) for chosen in (False, True))
        assert plain.content() == scaled.content()
        assert plain.histogram == scaled.histogram

    def test_a_category_that_is_not_there_is_an_error_that_names_it(self) -> None:
        text = "\n".join(
            problems(
                self.output(),
                shape("JES", years=["2022", "2023"]),
                mc_processes=self.processes(),
                shape_only_for_rateparam=True,
                rateparam_norm_categories=["SR", "CRR"],
            )
        )
        assert "'CRR'" in text
        assert "did you mean 'CR'?" in text


class TestTemplateSets:
    LABELS = ("nominal", "JESUp", "JESDown")

    def sums(
        self, datasets: str, layout: Layout, *, edges: tuple[float, ...] = (0, 1, 2), origin: str = "here"
    ) -> Sums:
        return collect(self.source(datasets, edges, origin), layout, ["SR"])["SR"]

    def source(self, datasets: Iterable[str], edges: tuple[float, ...], origin: str) -> HistogramSet:
        """Of ttbar, with one dataset for each letter."""
        output = Output()
        for number, part in enumerate("abcd", start=1):
            if part not in datasets:
                continue
            values: dict[str, list[float]] = {"nominal": [0.1 * number, number, 2 * number, 0.7]}
            if part != "c":
                values |= {"JESUp": [0.3, 1.5 * number, 2.5 * number, 0.2], "JESDown": [0, 0, number, 0]}
            output.add("TTbar", "2022", simulated({"SR": values}, bins(*edges)), part=part)
        return HistogramSet(output.histograms, output.metadata, output.cutflow, origin)

    def layout(self) -> Layout:
        parts = (("TTbar", "2022"),)
        return Layout((Request("ttbar_2022", parts, self.LABELS), Request("data_obs", (), is_data=True)))

    @pytest.mark.parametrize("groups", [("ab", "cd"), ("a", "bcd"), ("c", "abd"), ("a", "b", "c", "d")], ids=" + ".join)
    def test_the_sum_of_parts_is_everything_at_once(self, groups: tuple[str, ...]) -> None:
        layout = self.layout()
        everything = self.sums("abcd", layout).complete()
        first, *rest = (self.sums(group, layout) for group in groups)
        total = functools.reduce(operator.add, rest, first).complete()
        # To the last bit: a file at a time, in any grouping, must give the same bytes.
        np.testing.assert_array_equal(total.values, everything.values)
        np.testing.assert_array_equal(total.variances, everything.variances)
        assert total.present.tolist() == everything.present.tolist() == [4, 3, 3, 0]
        assert total.datasets.tolist() == everything.datasets.tolist() == [4, 0]
        assert total.variations == everything.variations
        assert set(total.fallbacks) == set(everything.fallbacks)
        assert set(total.findings) == set(everything.findings)

    def test_adding_changes_neither_part(self) -> None:
        layout = self.layout()
        one, other = (self.sums(group, layout) for group in ("ab", "cd"))
        before = [part.complete().values.copy() for part in (one, other)]
        _ = one + other
        np.testing.assert_array_equal(one.complete().values, before[0])
        np.testing.assert_array_equal(other.complete().values, before[1])

    def test_what_is_outside_the_new_range_goes_to_the_flow_bins(self) -> None:
        rebinned = self.sums("abcd", self.layout()).complete().rebinned([1, 2])
        # nominal: underflow (1 + 2 + 3 + 4) (0.1 + 1), one bin with 2 (1 + 2 + 3 + 4), overflow 4 times 0.7
        np.testing.assert_allclose(rebinned.values[0], [11, 20, 2.8], rtol=1e-14)

    def test_rebinning_keeps_totals(self) -> None:
        templates = self.sums("abcd", self.layout()).complete()
        np.testing.assert_allclose(templates.rebinned([0, 1]).totals, templates.totals, rtol=1e-14)
        np.testing.assert_allclose(templates.rebinned(2).totals, templates.totals, rtol=1e-14)

    def test_rebinning_to_nothing_new_changes_nothing(self) -> None:
        templates = self.sums("abcd", self.layout()).complete()
        assert templates.rebinned(None) is templates
        np.testing.assert_array_equal(templates.rebinned([0, 1, 2]).values, templates.values)

    def test_sums_of_different_layouts_or_bins_are_not_added(self) -> None:
        layout = self.layout()
        sums = self.sums("ab", layout)
        other = Layout((*layout.requests, Request("vv_2022", ())))
        with pytest.raises(ValueError, match="one layout"):
            _ = sums + self.sums("cd", other)
        with pytest.raises(InputError, match="same edges"):
            _ = sums + self.sums("cd", layout, edges=(0, 1, 3))

    def test_a_dataset_that_is_added_twice_is_an_error_that_names_both_origins(self) -> None:
        layout = self.layout()
        with pytest.raises(InputError, match=r"'TTbar_b_2022'.*: in one and in other"):
            _ = self.sums("ab", layout, origin="one") + self.sums("bc", layout, origin="other")

    def test_an_axis_is_the_same_to_a_millionth_of_its_narrowest_bin(self) -> None:
        axis = self.sums("a", self.layout()).complete().axis
        assert axis.same_binning(attrs.evolve(axis, edges=np.array([0, 1, 2 + 1e-7])))
        assert not axis.same_binning(attrs.evolve(axis, edges=np.array([0, 1, 2 + 1e-5])))


HASHING = """
import sys
import tests.support.outputs as by_hand

output = by_hand.Output()
for year in ("2022", "2023"):
    output.mc("Signal", year, nominal=[0.1, 0.7])
    for part in "zxcv":
        output.add("TTbar", year, None, part=part, presel=0)
    for number, part in enumerate("qwertyuiopasdf"):
        output.mc("TTbar", year, part, nominal=[0.1 * number, 1e-9], JESUp=[0.3, number / 7])
        output.data("Muon", year, [number, 1], part)
systematics = [by_hand.shape("JES", {"signal", "ttbar"}, {"2022", "2023"}), by_hand.shape("JER")]
made = by_hand.card(output, *systematics, data_processes=by_hand.observation("Muon", years=["2022", "2023"]))
made.dump(sys.argv[1])
print("\\n".join(map(str, made.findings)))
"""


def test_no_byte_and_no_finding_depends_on_the_order_of_hashes(tmp_path: Path) -> None:
    results = []
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", HASHING, tmp_path / seed],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        files = {path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()}
        results.append((done.stdout, files))
    assert results[0][0].count("[empty-dataset]") == 8
    assert results[0] == results[1] == results[2]


def test_a_histogram_without_categories_is_an_error_with_the_axes_that_it_has() -> None:
    output = signal_and_ttbar(nominal=[10, 20, 30])
    histogram = hist.Hist(
        hist.axis.StrCategory(["nominal"], name="variation"),
        hist.axis.Regular(3, 0, 3, name="x"),
        storage=hist.storage.Weight(),
    )
    output.add("TTbar", "2022", histogram)
    with pytest.raises(InputError, match=r"'TTbar_2022'.*its axes are variation, x: there is no category axis, 'cat'"):
        card(output)


def test_a_free_rate_of_a_signal_is_a_warning_and_has_no_line() -> None:
    processes = MCProcesses(
        [process("signal", "Signal", is_signal=True, has_rateParam=True), process("ttbar", "TTbar")]
    )
    made = card(signal_and_ttbar(nominal=[10, 20, 30]), mc_processes=processes)
    (told,) = found(made, "rateparam-on-signal")
    assert told.startswith("warning [rateparam-on-signal] SR_2022, signal: ")
    assert " rateParam " not in made.content()


def test_a_nuisance_with_the_name_of_the_signal_strength_is_an_error_with_the_way_out() -> None:
    output = signal_and_ttbar(nominal=[10, 20, 30])
    with pytest.raises(DeclarationError, match=r"card 'SR_2022': the nuisance 'r' .*another datacard_name"):
        card(output, SystematicUncertainty("r", "lnN", ["ttbar"], ["2022"], 1.05))
    renamed = SystematicUncertainty("r", "lnN", ["ttbar"], ["2022"], 1.05, datacard_name="resolution")
    assert by_hand.rows(card(output, renamed).content())["resolution"] == ["resolution", "lnN", "-", "1.05"]
