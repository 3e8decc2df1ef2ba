"""Findings about what the output lacks for the declarations, and where the nominal stands in."""

from __future__ import annotations

from datacard_core import MCProcesses, Severity
from tests.support import outputs as by_hand
from tests.support.outputs import Output, card, found, process, shape, signal_and_ttbar, simulated, template, two_years


class TestDatasets:
    """Samples, datasets and years without a counterpart."""

    def test_sample_without_dataset(self) -> None:
        """A sample without dataset in a year of its process is a warning."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).mc("VV", "2022", nominal=[1, 1, 1])
        output.mc("Signal", "2023", nominal=[1, 1, 1]).mc("TTbar", "2023", nominal=[1, 1, 1])
        processes = by_hand.two_processes(["2022", "2023"])
        processes["vv"] = process("vv", "VV", years=["2022", "2023"])
        (missing,) = found(card(output, mc_processes=processes), "no-dataset")
        assert "'VV'" in missing
        assert "2023" in missing

    def test_dataset_of_no_period(self) -> None:
        """A dataset that no data-taking period lists is named and left out."""
        output = signal_and_ttbar(nominal=[10, 20, 30])
        output.histograms["TTbar"]["TTbar_2099"] = simulated({"SR": {"nominal": [1, 1, 1]}})
        made = card(output)
        assert template(made, "ttbar_2022") == [10, 20, 30]
        (orphan,) = found(made, "orphan-dataset")
        assert "'TTbar_2099'" in orphan

    def test_data_of_no_period(self) -> None:
        """A dataset of data that no data-taking period lists is named and left out."""
        output = signal_and_ttbar(nominal=[10, 20, 30]).data("Egamma", "2022", [1, 2, 3])
        output.histograms["Egamma"]["Egamma_2099"] = by_hand.observed({"SR": [5, 5, 5]})
        made = card(output, data_processes=by_hand.observation("Egamma"))
        assert made.observation == 6
        (orphan,) = found(made, "orphan-dataset")
        assert "'Egamma_2099'" in orphan

    def test_year_without_data(self) -> None:
        """A year of the card without data is a warning."""
        output = two_years().data("Muon", "2022", [3, 4])
        made = card(output, data_processes=by_hand.observation("Muon"))
        (missing,) = found(made, "no-data")
        assert "2023" in missing

    def test_data_sample_without_year(self) -> None:
        """A sample of data that lacks a year is a warning."""
        output = two_years().data("Muon", "2022", [3, 4]).data("Muon", "2023", [5, 6])
        output.data("Egamma", "2022", [1, 1])
        made = card(output, data_processes=by_hand.observation("Muon", "Egamma", years=["2022", "2023"]))
        told = [str(finding) for finding in made.findings if finding.severity is Severity.WARNING]
        assert len(told) == 1
        assert "'Egamma'" in told[0]
        assert "2023" in told[0]


class TestVariations:
    """Variations that datasets or columns lack."""

    def test_one_direction_of_dataset(self) -> None:
        """A dataset with one direction only is a warning, and its nominal stands in for the other."""
        output = Output().mc("Signal", "2022", nominal=[1, 2])
        output.mc("TTbar", "2022", "both", nominal=[10, 20], JESUp=[13, 24], JESDown=[8, 15])
        output.mc("TTbar", "2022", "up", nominal=[100, 200], JESUp=[150, 250])
        made = card(output, shape("JES"))
        assert template(made, "ttbar_2022", "JESUp") == [163, 274]
        assert template(made, "ttbar_2022", "JESDown") == [108, 215]
        (warning,) = found(made, "partial-variation")
        assert (
            "dataset 'TTbar_up_2022' of sample 'TTbar' has no JESDown, but has other variations that the nuisance is "
            "made of" in warning
        )

    def test_one_direction_of_column(self) -> None:
        """A direction that no dataset has is a warning: the nuisance is too small."""
        made = card(signal_and_ttbar(nominal=[10, 20, 30], JESUp=[11, 22, 33]), shape("JES"))
        (warning,) = found(made, "no-variation")
        assert "'JESDown'" in warning
        assert "'JESUp'," not in warning
        assert "is too small here" in warning

    def test_misspelt_variation(self) -> None:
        """A variation that no dataset has is a warning with the closest label."""
        output = signal_and_ttbar(nominal=[10, 20, 30], JES_AbsoluteUp=[11, 21, 31], JES_AbsoluteDown=[9, 9, 9])
        made = card(output, shape("JES_Absolut"))
        assert template(made, "ttbar_2022", "JES_AbsolutUp") == [10, 20, 30]
        (warning,) = found(made, "no-variation")
        assert "'JES_AbsolutUp', 'JES_AbsolutDown' (did you mean 'JES_AbsoluteUp'?)" in warning
        assert "has no effect here" in warning
        assert "ttbar_2022" in warning
        assert all(finding.severity is Severity.WARNING for finding in made.findings if finding.code == "no-variation")

    def test_column_among_complete_ones(self) -> None:
        """The warning names the column without the variation and no complete one."""
        output = Output().mc("Signal", "2022", nominal=[1, 2]).mc("Signal", "2023", nominal=[1, 2])
        output.mc("TTbar", "2022", nominal=[10, 20], JESUp=[11, 21], JESDown=[9, 19])
        output.mc("TTbar", "2023", nominal=[100, 200])
        made = card(output, shape("JES", years=["2022", "2023"]))
        assert template(made, "ttbar_2022", "JESUp") == [11, 21]
        assert template(made, "ttbar_2023", "JESUp") == [100, 200]
        (warning,) = found(made, "no-variation")
        assert "ttbar_2023" in warning
        assert "ttbar_2022" not in warning


def test_free_rate_of_signal() -> None:
    """A free rate of a signal is a warning and has no line."""
    processes = MCProcesses(
        [process("signal", "Signal", is_signal=True, has_rateParam=True), process("ttbar", "TTbar")]
    )
    made = card(signal_and_ttbar(nominal=[10, 20, 30]), mc_processes=processes)
    (told,) = found(made, "rateparam-on-signal")
    assert told.startswith("warning [rateparam-on-signal] SR_2022, signal: ")
    assert " rateParam " not in made.content()
