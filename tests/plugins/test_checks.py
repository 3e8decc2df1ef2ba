"""The built-in checks: what Combine accepts, and somebody should look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import DEFAULT_PLUGINS, Severity, load_plugins
from tests.support import outputs as by_hand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core import Datacard, Finding


YEARS = ("2022", "2023")


def findings(made: Datacard, code: str) -> list[Finding]:
    return [finding for finding in made.findings if finding.code == code]


def varied(nominal: Sequence[float], up: Sequence[float], down: Sequence[float]) -> Datacard:
    return by_hand.card(by_hand.signal_and_ttbar(nominal=nominal, JESUp=up, JESDown=down), by_hand.shape("JES"))


class TestLargeVariations:
    @pytest.mark.parametrize(
        ("up", "large"),
        [(20, False), (20.001, True), (100, True), (5, False), (4.999, True), (0, True), (10, False)],
        ids=["twice", "more-than-twice", "ten-times", "half", "less-than-half", "nothing", "nominal"],
    )
    def test_more_than_100_per_cent_either_way_is_told(self, up: float, large: bool) -> None:
        made = varied([10, 20, 30], [up, 20, 30], [10, 20, 30])
        assert len(findings(made, "large-variation")) == large

    def test_it_names_column_nuisance_direction_and_the_worst_bin(self) -> None:
        made = varied([10, 20, 30], [21, 70, 30], [10, 20, 1])
        up, down = findings(made, "large-variation")
        assert (up.severity, up.column, up.systematic) == (Severity.WARNING, "ttbar_2022", "JESUp")
        assert "in 2 of 3 bins" in up.message
        assert "bin 2: 20 -> 70" in up.message
        assert down.systematic == "JESDown"
        assert "bin 3: 30 -> 1" in down.message

    def test_a_bin_that_is_empty_in_both_is_fine(self) -> None:
        made = varied([10, 0, 30], [11, 0, 31], [9, 0, 29])
        assert findings(made, "large-variation") == []

    def test_content_where_the_nominal_has_none_is_told(self) -> None:
        made = varied([10, 0, 30], [11, 0.5, 31], [9, 0, 29])
        (finding,) = findings(made, "large-variation")
        assert "bin 2: 0 -> 0.5" in finding.message

    def test_what_is_written_counts_not_what_was_clipped(self) -> None:
        made = varied([10, -5, 30], [11, -1, 31], [9, -20, 29])
        assert findings(made, "large-variation") == []

    def test_joined_bins_count_not_those_of_the_output(self) -> None:
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[25, 10, 30], JESDown=[10, 20, 30])
        made = by_hand.card(output, by_hand.shape("JES"), bins_edges=[0, 2, 3])
        assert findings(made, "large-variation") == []

    def test_every_column_is_looked_at_by_itself(self) -> None:
        output = by_hand.Output()
        for year, up in (("2022", [30, 10]), ("2023", [11, 10])):
            output.mc("Signal", year, nominal=[10, 10], JESUp=[10, 10], JESDown=[10, 10])
            output.mc("TTbar", year, nominal=[10, 10], JESUp=up, JESDown=[10, 10])
        made = by_hand.card(output, by_hand.shape("JES", ["signal", "ttbar"], YEARS))
        assert [finding.column for finding in findings(made, "large-variation")] == ["ttbar_2022"]


class TestEmptyBackground:
    def test_signal_where_no_background_is_names_the_bins(self) -> None:
        made = by_hand.card(by_hand.signal_and_ttbar(nominal=[0, 20, 0]))
        (finding,) = findings(made, "no-background-in-bin")
        assert finding.severity is Severity.WARNING
        assert "bins 1, 3 " in finding.message

    def test_data_where_no_background_is_names_the_bins(self) -> None:
        output = by_hand.Output().mc("Signal", "2022", nominal=[0, 1]).mc("TTbar", "2022", nominal=[0, 20])
        output.data("Muon", "2022", [1, 20])
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
        (finding,) = findings(made, "no-background-in-bin")
        assert "bins 1 " in finding.message

    def test_a_bin_with_nothing_at_all_is_fine(self) -> None:
        output = by_hand.Output().mc("Signal", "2022", nominal=[0, 1]).mc("TTbar", "2022", nominal=[0, 20])
        assert by_hand.codes(by_hand.card(output)) == []

    def test_one_background_of_several_is_enough(self) -> None:
        output = by_hand.signal_and_ttbar(nominal=[0, 20, 0]).mc("VV", "2022", nominal=[1, 0, 1])
        processes = by_hand.two_processes()
        processes["vv"] = by_hand.process("vv", "VV")
        assert by_hand.codes(by_hand.card(output, mc_processes=processes)) == []

    def test_a_background_that_was_clipped_away_is_none(self) -> None:
        made = by_hand.card(by_hand.signal_and_ttbar(nominal=[-3, 20, 30]))
        assert by_hand.codes(made) == ["clipped", "no-background-in-bin"]


class TestWeightedData:
    @pytest.mark.parametrize(
        ("values", "weighted"),
        [([3, 0, 4], False), ([3, 0.5, 4], True), ([1e6, 7, 0], False), ([3.0000000001, 1, 1], False)],
        ids=["counts", "weights", "many", "rounded"],
    )
    def test_what_is_no_count_is_told(self, values: Sequence[float], weighted: bool) -> None:
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", values)
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
        assert len(findings(made, "weighted-data")) == weighted

    def test_it_names_bin_and_content(self) -> None:
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 0.5, 4])
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
        (finding,) = findings(made, "weighted-data")
        assert (finding.column, finding.severity) == ("data_obs", Severity.WARNING)
        assert "bin 2 holds 0.5" in finding.message

    def test_the_asimov_template_may_be_anything(self) -> None:
        assert by_hand.codes(by_hand.card(by_hand.signal_and_ttbar(nominal=[10.5, 20.25, 30.125]))) == []


def test_without_the_plugin_nothing_is_checked_and_the_card_is_the_same() -> None:
    output = by_hand.signal_and_ttbar(nominal=[0, 20, 30], JESUp=[9, 90, 90], JESDown=[1, 1, 1])
    plugins = load_plugins(*DEFAULT_PLUGINS, block=["checks"])
    checked, unchecked = (
        by_hand.card(output, by_hand.shape("JES"), **options) for options in ({}, {"plugins": plugins})
    )
    assert set(by_hand.codes(checked)) == {"large-variation", "no-background-in-bin"}
    assert by_hand.codes(unchecked) == []
    assert checked.content() == unchecked.content()
