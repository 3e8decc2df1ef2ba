"""The built-in checks: warnings about channels that Combine accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacard_core import DEFAULT_PLUGINS, MCProcesses, Severity, SystematicUncertainty, load_plugins
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
    @pytest.mark.slow
    def test_threshold(self) -> None:
        """A ratio above 2 in either direction gives a warning, a ratio of exactly 2 none."""
        cases: list[tuple[float, bool]] = [
            (20, False),
            (20.001, True),
            (100, True),
            (5, False),
            (4.999, True),
            (0, True),
            (10, False),
        ]
        for up, large in cases:
            made = varied([10, 20, 30], [up, 20, 30], [10, 20, 30])
            assert len(findings(made, "large-variation")) == large, up

    def test_message(self) -> None:
        """The warning names column, nuisance, direction, and the bin with the largest difference."""
        made = varied([10, 20, 30], [21, 70, 30], [10, 20, 1])
        up, down = findings(made, "large-variation")
        assert (up.severity, up.column, up.systematic) == (Severity.WARNING, "ttbar_2022", "JES")
        assert "in 2 of 3 bins" in up.message
        assert "bin 2: 20 -> 70" in up.message
        assert (up.direction, down.direction) == ("Up", "Down")
        assert ", JESUp: differs" in str(up)
        assert "bin 3: 30 -> 1" in down.message

    def test_bin_empty_in_both_templates(self) -> None:
        """A bin that is empty in both templates gives no warning."""
        made = varied([10, 0, 30], [11, 0, 31], [9, 0, 29])
        assert findings(made, "large-variation") == []

    def test_bin_empty_in_the_nominal(self) -> None:
        """Content in a bin that is empty in the nominal gives a warning."""
        made = varied([10, 0, 30], [11, 0.5, 31], [9, 0, 29])
        (finding,) = findings(made, "large-variation")
        assert "bin 2: 0 -> 0.5" in finding.message

    def test_clipped_bins(self) -> None:
        """The check sees the templates after negative bins were clipped."""
        made = varied([10, -5, 30], [11, -1, 31], [9, -20, 29])
        assert findings(made, "large-variation") == []

    def test_content_below_0(self) -> None:
        """Contents below 0 that are kept pass where both are equal, and are told where they differ by more."""
        output = by_hand.signal_and_ttbar(nominal=[10, -5, 30], JESUp=[11, -5, 31], JESDown=[9, -11, 29])
        made = by_hand.card(output, by_hand.shape("JES"), policies={"negative_bins": "keep"})
        (finding,) = findings(made, "large-variation")
        assert (finding.direction, finding.bins) == ("Down", (2,))
        assert dict(finding.numbers) == {"events": -11, "nominal": -5, "limit": 2}

    def test_joined_bins(self) -> None:
        """The check sees the bins of the card, not those of the output."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[25, 10, 30], JESDown=[10, 20, 30])
        made = by_hand.card(output, by_hand.shape("JES"), bins_edges=[0, 2, 3])
        assert findings(made, "large-variation") == []

    def test_columns(self) -> None:
        """Every column is checked separately."""
        output = by_hand.Output()
        for year, up in (("2022", [30, 10]), ("2023", [11, 10])):
            output.mc("Signal", year, nominal=[10, 10], JESUp=[10, 10], JESDown=[10, 10])
            output.mc("TTbar", year, nominal=[10, 10], JESUp=up, JESDown=[10, 10])
        made = by_hand.card(output, by_hand.shape("JES", ["signal", "ttbar"], YEARS))
        assert [finding.column for finding in findings(made, "large-variation")] == ["ttbar_2022"]


class TestDirections:
    def test_equal_templates(self) -> None:
        """Up and Down that are equal, and not the nominal, give a warning with the yields."""
        (finding,) = findings(varied([10, 20, 30], [11, 22, 30], [11, 22, 30]), "shape.same-variations")
        assert (finding.code, finding.severity) == ("shape.same-variations", Severity.WARNING)
        assert (finding.column, finding.systematic) == ("ttbar_2022", "JES")
        assert finding.message.endswith("as 60 -> 63 and 63")

    def test_same_side(self) -> None:
        """Yields that are on one side of the nominal one by more than a permille give a warning."""
        cases: list[tuple[Sequence[float], Sequence[float], bool]] = [
            ([11, 20, 30], [12, 20, 30], True),
            ([9, 20, 30], [8, 20, 30], True),
            ([11, 20, 30], [9, 20, 30], False),
            ([10.05, 20, 30], [10.04, 20, 30], False),
            ([11, 19, 30], [9, 21, 30], False),
        ]
        for up, down, told in cases:
            assert by_hand.codes(varied([10, 20, 30], up, down)) == ["same-side"] * told, up

    def test_nominal_in_both_directions(self) -> None:
        """Templates that are equal to the nominal are told by the core, which knows where the nominal stands in."""
        assert by_hand.codes(varied([10, 20, 30], [10, 20, 30], [10, 20, 30])) == ["no-shift"]


class TestSharedFactors:
    """Log-normal nuisances that may be one uncertainty."""

    def made(self, *values: object, processes: Sequence[str] = ("ttbar",)) -> Datacard:
        names = ("lumi", "lumi_13TeV", "other")
        declared = [
            SystematicUncertainty(name, "lnN", processes, ["2022"], value)
            for name, value in zip(names, values, strict=False)
        ]
        return by_hand.card(by_hand.signal_and_ttbar(nominal=[10, 20, 30]), *declared)

    def test_same_factors(self) -> None:
        """A factor that is declared twice for one process is a notice that names both nuisances."""
        (finding,) = findings(self.made(1.014, 1.014), "shared-factors")
        assert (finding.severity, finding.column) == (Severity.NOTICE, "ttbar_2022")
        assert finding.systematic == "lumi_13TeV"
        assert "nuisance 'lumi' has the same factors" in finding.message

    def test_three_nuisances(self) -> None:
        """Each of two repetitions is told, with the first nuisance."""
        found = findings(self.made((0.9, 1.1), (0.9, 1.1), (0.9, 1.1), processes=["signal", "ttbar"]), "shared-factors")
        assert [finding.systematic for finding in found] == ["lumi_13TeV", "other"]
        assert all("'lumi'" in finding.message for finding in found)
        assert {finding.column for finding in found} == {"signal_2022, ttbar_2022"}

    def test_other_factors(self) -> None:
        """Other factors, or the same factors in the other direction, are none of these."""
        assert findings(self.made(1.014, 1.015, (0.9, 1.1)), "shared-factors") == []
        assert findings(self.made((0.9, 1.1), (1.1, 0.9)), "shared-factors") == []


class TestSharedTemplates:
    def test_one_variation_for_two_nuisances(self) -> None:
        """Two nuisances that read one variation of a column are told with the column."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 20, 30], JESDown=[9, 20, 30])
        made = by_hand.card(output, by_hand.shape("JES"), by_hand.shape("JES_2022", coffea_name_alias="JES"))
        (finding,) = findings(made, "shared-templates")
        assert (finding.code, finding.column, finding.systematic) == ("shared-templates", "ttbar_2022", "JES_2022")
        assert "nuisance 'JES' has the same templates" in finding.message

    def test_different_columns(self) -> None:
        """One variation for two nuisances of different years is no fault."""
        output = by_hand.Output()
        for year in YEARS:
            output.mc("Signal", year, nominal=[10, 10])
            output.mc("TTbar", year, nominal=[10, 10], JESUp=[11, 10], JESDown=[9, 10])
        shapes = [by_hand.shape(f"JES_{year}", years=[year], coffea_name_alias="JES") for year in YEARS]
        assert by_hand.codes(by_hand.card(output, *shapes)) == []

    def test_without_effect(self) -> None:
        """Templates that are equal to the nominal are no shared uncertainty."""
        contents = {name: [10, 20, 30] for name in ("nominal", "aUp", "aDown", "bUp", "bDown")}
        made = by_hand.card(by_hand.signal_and_ttbar(**contents), by_hand.shape("a"), by_hand.shape("b"))
        assert by_hand.codes(made) == ["no-shift", "no-shift"]


class TestEmptyBackground:
    @pytest.mark.slow
    def test_signal_without_background(self) -> None:
        """The warning names the bins that have signal but no background."""
        made = by_hand.card(by_hand.signal_and_ttbar(nominal=[0, 20, 0]))
        (finding,) = findings(made, "shape.data-no-background")
        assert finding.severity is Severity.WARNING
        assert "in bins 1, 3: " in finding.message

    def test_data_without_background(self) -> None:
        """The warning names the bins that have data but no background."""
        output = by_hand.Output().mc("Signal", "2022", nominal=[0, 1]).mc("TTbar", "2022", nominal=[0, 20])
        output.data("Muon", "2022", [1, 20])
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
        (finding,) = findings(made, "shape.data-no-background")
        assert "in bin 1: " in finding.message

    def test_card_of_signals_alone(self) -> None:
        """A card without backgrounds is told once, by the card and not for its bins."""
        made = by_hand.card(
            by_hand.Output().mc("Signal", "2022", nominal=[1, 2]),
            mc_processes=MCProcesses([by_hand.process("signal", "Signal", is_signal=True)]),
        )
        assert by_hand.codes(made) == ["no-background"]

    def test_empty_bin(self) -> None:
        """A bin without signal, data and background gives no warning."""
        output = by_hand.Output().mc("Signal", "2022", nominal=[0, 1]).mc("TTbar", "2022", nominal=[0, 20])
        assert by_hand.codes(by_hand.card(output)) == []

    def test_one_background_of_several(self) -> None:
        """One background process with content is enough."""
        output = by_hand.signal_and_ttbar(nominal=[0, 20, 0]).mc("VV", "2022", nominal=[1, 0, 1])
        processes = by_hand.two_processes()
        processes["vv"] = by_hand.process("vv", "VV")
        assert by_hand.codes(by_hand.card(output, mc_processes=processes)) == []

    def test_clipped_background(self) -> None:
        """A background that clipping removed does not count."""
        made = by_hand.card(by_hand.signal_and_ttbar(nominal=[-3, 20, 30]))
        assert by_hand.codes(made) == ["clipped", "shape.data-no-background"]


class TestWeightedData:
    def test_counts(self) -> None:
        """Contents that are not whole numbers, beyond rounding, give a warning."""
        cases: list[tuple[Sequence[float], bool]] = [
            ([3, 0, 4], False),
            ([3, 0.5, 4], True),
            ([1e6, 7, 0], False),
            ([3.0000000001, 1, 1], False),
        ]
        for values, weighted in cases:
            output = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", values)
            made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
            assert len(findings(made, "weighted-data")) == weighted, values

    def test_message(self) -> None:
        """The warning names the bin and its content."""
        output = by_hand.signal_and_ttbar(nominal=[10, 20, 30]).data("Muon", "2022", [3, 0.5, 4])
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"))
        (finding,) = findings(made, "weighted-data")
        assert (finding.column, finding.severity) == ("data_obs", Severity.WARNING)
        assert "bin 2 holds 0.5" in finding.message

    def test_channel_without_data(self) -> None:
        """Without data there is no warning for the sum of the backgrounds."""
        assert by_hand.codes(by_hand.card(by_hand.signal_and_ttbar(nominal=[10.5, 20.25, 30.125]))) == []

    def test_blind_bins(self) -> None:
        """Expected events in blind bins need not be whole numbers."""
        output = by_hand.signal_and_ttbar(nominal=[10.5, 20.25, 30.125]).data("Muon", "2022", [3, 4, 5])
        made = by_hand.card(output, data_processes=by_hand.observation("Muon"), blind=lambda axis: axis.edges[1:] > 1)
        assert made.observation == 53.375  # 3 + 20.25 + 30.125
        assert findings(made, "weighted-data") == []


@pytest.mark.slow
def test_card_without_the_plugin() -> None:
    """Without the plugin there are no findings of its checks, and the card is the same."""
    output = by_hand.signal_and_ttbar(nominal=[0, 20, 30], JESUp=[9, 90, 90], JESDown=[1, 1, 1])
    plugins = load_plugins(*DEFAULT_PLUGINS, block=["checks"])
    checked, unchecked = (
        by_hand.card(output, by_hand.shape("JES"), **options) for options in ({}, {"plugins": plugins})
    )
    assert set(by_hand.codes(checked)) == {"large-variation", "shape.data-no-background"}
    assert by_hand.codes(unchecked) == []
    assert checked.content() == unchecked.content()
