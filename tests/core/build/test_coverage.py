"""Findings on parts of an output that a card needs and has not, or has and leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    Effect,
    MCProcesses,
    Severity,
    Shape,
    StrictError,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from tests.support import outputs as by_hand
from tests.support.outputs import (
    Output,
    card,
    found,
    observation,
    problems,
    process,
    shape,
    signal_and_ttbar,
    simulated,
    template,
    two_years,
)
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator


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


class TestUnusedSamples:
    """Samples of the output that no declaration names."""

    def test_simulation(self) -> None:
        """Simulated samples that no process has are one notice."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        for sample in ("ZZ", "WW"):
            output.mc(sample, "2022", nominal=[1, 1, 1])
        (told,) = found(card(output), "unused-sample")
        assert told.startswith("notice [unused-sample] SR_2022: no process has samples 'WW', 'ZZ' of the output: ")

    def test_strict(self) -> None:
        """A strict card may leave samples out; strict with the code refuses them."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("WW", "2022", nominal=[1, 1, 1])
        assert found(card(output, strict=True), "unused-sample")
        with pytest.raises(StrictError, match="'WW'"):
            card(output, strict={"unused-sample"})

    def test_other_year(self) -> None:
        """A sample of years that the card leaves out is not told."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).mc("WW", "2023", nominal=[1, 1, 1])
        assert found(card(output, years=["2022"]), "unused-sample") == []

    @pytest.mark.parametrize(
        ("in_output", "declared", "told"),
        [
            (["VV", "VV__a", "VV__b"], ["VV__a", "VV__b"], None),
            (["VV", "VV__a", "VV__b"], ["VV"], None),
            (["VV__a", "VV__b"], ["VV__a"], "'VV__b'"),
            (["VV", "VVV"], ["VV"], "'VVV'"),
        ],
    )
    def test_parts_of_samples(self, in_output: list[str], declared: list[str], told: str | None) -> None:
        """A sample whose parts are used, or whose whole is, is not told; a part without the others is incomplete."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        for sample in in_output:
            output.mc(sample, "2022", nominal=[1, 1, 1])
        processes = by_hand.two_processes()
        processes["vv"] = process("vv", *declared)
        found_text = found(card(output, mc_processes=processes), "unused-sample")
        assert len(found_text) == (told is not None)
        assert told is None or told in found_text[0]

    def test_data_streams(self) -> None:
        """A stream of data beside the declared one is a notice on the data, and not on the simulation."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        for stream in ("Muon", "Egamma"):
            output.data(stream, "2022", [1, 2, 3])
        made = card(output, data_processes=by_hand.observation("Muon"))
        assert found(made, "unused-data") == [
            "notice [unused-data] SR_2022, data_obs: the data process has no sample 'Egamma' of the output"
        ]
        assert found(made, "unused-sample") == []

    def test_pseudo_data(self) -> None:
        """Pseudo-data of simulated samples lack no stream of data."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).data("Muon", "2022", [1, 2, 3])
        made = card(output, data_processes=by_hand.observation("Signal", "TTbar"))
        assert found(made, "unused-data") == []

    def test_blind_card(self) -> None:
        """A card without data tells no stream of data."""
        output = signal_and_ttbar(nominal=[1, 2, 3]).data("Muon", "2022", [1, 2, 3])
        assert card(output).findings == ()

    @pytest.mark.slow
    def test_categories_that_differ(self) -> None:
        """A sample or a variation that any category of an analysis uses is not told in the others."""
        output = signal_and_ttbar(nominal=[1, 2, 3], JESUp=[1, 2, 3], JESDown=[1, 2, 3], JERUp=[1, 2, 3])
        output.mc("WW", "2022", nominal=[1, 1, 1])
        output.mc("ZZ", "2022", nominal=[1, 1, 1])
        for datasets in output.histograms.values():
            for name, histogram in datasets.items():
                by_label = {label: histogram["SR", label, :].values() for label in histogram.axes[1]}
                datasets[name] = simulated(dict.fromkeys(("SR", "CR"), by_label))
        with_ww = by_hand.two_processes()
        with_ww["ww"] = process("ww", "WW")
        cards = Analysis(
            years=["2022"],
            mc_processes=by_hand.two_processes(),
            systematics=Systematics([shape("JES")]),
            categories={"SR": Category("m", exclude_systematics=["JES"]), "CR": Category("m", mc_processes=with_ww)},
            plugins=by_hand.PLUGINS,
        ).build(output.loaded, verbose=False)
        for made in cards.values():
            (sample,) = found(made, "unused-sample")
            assert "sample 'ZZ'" in sample
            (variation,) = found(made, "unused-variation")
            assert "variation 'JERUp'" in variation


class TestUnusedVariations:
    """Variations of the output that no systematic reads."""

    def test_one_notice(self) -> None:
        """Variations without systematic are one notice, an Up and a Down under their common name."""
        labels = ("JESUp", "JESDown", "JERUp", "JERDown", "pileupUp", "pileupDown", "genUp")
        output = signal_and_ttbar(nominal=[1, 2, 3], **{label: [1, 2, 3] for label in labels})
        assert found(card(output, shape("JES")), "unused-variation") == [
            "notice [unused-variation] SR_2022: no systematic reads variations 'JER', 'genUp', 'pileup' of the output"
        ]

    def test_alias(self) -> None:
        """A variation that is read under another name is used."""
        output = signal_and_ttbar(nominal=[1, 2, 3], JESUp=[1, 2, 3], JESDown=[1, 2, 3])
        made = card(output, shape("CMS_scale_j", coffea_name_alias="JES"))
        assert found(made, "unused-variation") == []

    def test_name_of_another_kind(self) -> None:
        """A systematic of this name that reads no variation does not count: it was meant as a shape, perhaps."""
        output = signal_and_ttbar(nominal=[1, 2, 3], JESUp=[1, 2, 3], JESDown=[1, 2, 3])
        made = card(output, SystematicUncertainty("JES", "lnN", ["ttbar"], ["2022"], 1.05))
        (told,) = found(made, "unused-variation")
        assert "'JES'" in told


class TestExactColumns:
    """Columns that no systematic covers."""

    def test_columns_are_grouped(self) -> None:
        """Processes without systematic, and years that a systematic lacks, are one notice."""
        systematic = SystematicUncertainty("lumi", "lnN", ["ttbar"], ["2022"], 1.02)
        made = card(two_years(), systematic, mc_processes=by_hand.two_processes(["2022", "2023"], has_rateParam=True))
        assert found(made, "no-systematic") == [
            "notice [no-systematic] SR_2022_2023, signal (2022, 2023); ttbar 2023: no systematic is declared for it"
        ]

    @pytest.mark.slow
    def test_all_covered(self) -> None:
        """A card whose columns are all covered has no notice, nor has one of the statistics alone."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        systematic = SystematicUncertainty("lumi", "lnN", ["signal", "ttbar"], ["2022"], 1.02)
        assert card(output, systematic).findings == ()
        assert card(output).findings == ()


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


class TestShifts:
    """Variations that the output has, and that change nothing."""

    @pytest.mark.slow
    def test_no_shift(self) -> None:
        """Up and Down that equal the nominal are a warning, where the output has them for a dataset."""
        output = signal_and_ttbar(nominal=[10, 20, 30], JESUp=[10, 20, 30], JESDown=[10, 20, 30])
        (finding,) = (finding for finding in card(output, shape("JES")).findings if finding.code == "no-shift")
        assert (finding.severity, finding.column, finding.systematic) == (Severity.WARNING, "ttbar_2022", "JES")
        assert found(card(output, shape("JES")), "no-variation") == []

    @pytest.mark.parametrize("other", [{"JESUp": [10, 21, 30]}, {"JESDown": [10, 20, 29.9]}], ids=["Up", "Down"])
    def test_one_shift(self, other: dict[str, list[float]]) -> None:
        """A variation that changes one direction is none of these."""
        labels: dict[str, list[float]] = {"JESUp": [10, 20, 30], "JESDown": [10, 20, 30], **other}
        assert found(card(signal_and_ttbar(nominal=[10, 20, 30], **labels), shape("JES")), "no-shift") == []

    def test_missing_variation(self) -> None:
        """The nominal in place of a variation that no dataset has is another finding."""
        made = card(signal_and_ttbar(nominal=[10, 20, 30]), shape("JES"))
        assert found(made, "no-shift") == []
        assert len(found(made, "no-variation")) == 1

    @pytest.mark.slow
    def test_templates_without_variations(self) -> None:
        """A kind may make templates of the nominal alone, which may equal it."""

        class Still(SystematicKind):
            typ = "still"

            def effects(self, target: Target) -> Iterator[Effect]:
                yield Shape(target.positions, target.nominal, target.nominal, np.ones(len(target.positions)))

        still = SystematicUncertainty("still", "still", ["ttbar"], ["2022"], 1.0)
        plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Still()))
        made = card(signal_and_ttbar(nominal=[10, 20, 30]), still, plugins=plugins)
        assert [row.name for row in made.channel.nuisances] == ["still"]
        assert found(made, "no-shift") == []

    @pytest.mark.slow
    def test_some_columns(self) -> None:
        """The finding is a notice if the nuisance changes another column, and names the columns that stay the same."""
        output = two_years()
        output.mc("Signal", "2022", nominal=[1, 2]).mc("Signal", "2023", nominal=[1, 2])
        output.mc("TTbar", "2022", nominal=[10, 20], JESUp=[11, 21], JESDown=[9, 19])
        output.mc("TTbar", "2023", nominal=[10, 20], JESUp=[10, 20], JESDown=[10, 20])
        made = card(output, shape("JES", years=["2022", "2023"]))
        (finding,) = (finding for finding in made.findings if finding.code == "no-shift")
        assert (finding.severity, finding.column) == (Severity.NOTICE, "ttbar_2023")


def test_free_rate_of_signal() -> None:
    """A free rate of a signal is a warning and has no line."""
    processes = MCProcesses(
        [process("signal", "Signal", is_signal=True, has_rateParam=True), process("ttbar", "TTbar")]
    )
    made = card(signal_and_ttbar(nominal=[10, 20, 30]), mc_processes=processes)
    (told,) = found(made, "rateparam-on-signal")
    assert told.startswith("warning [rateparam-on-signal] SR_2022, signal: ")
    assert " rateParam " not in made.content()


class TestDataVariations:
    """An observation of which some samples give a variation."""

    def test_variation_of_one_sample(self) -> None:
        """The variation of a sample is in the place of its nominal, which a notice tells."""
        output = signal_and_ttbar(nominal=[10, 20, 30], JESUp=[12, 22, 33], JESDown=[9, 18, 27])
        made = card(output, data_processes=observation("TTbar", "Signal"), data_variations={"TTbar": "JESUp"})
        # 12 + 22 + 33, and 1 + 2 + 3 of the signal
        assert made.observation == 73
        assert made.rate("ttbar_2022") == 60
        (notice,) = found(made, "data-variation")
        assert "takes 'JESUp' of sample 'TTbar'" in notice

    def test_unknown_sample(self) -> None:
        """A sample that is not in the data process is an error with the closest match."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        (problem,) = problems(output, data_processes=observation("TTbar"), data_variations={"TTbr": "JESUp"})
        assert problem == "data_variations: sample 'TTbr' is not in the data process (did you mean 'TTbar'?)"

    def test_unknown_variation(self) -> None:
        """A variation that the histogram lacks is an error, and the nominal does not stand in."""
        output = signal_and_ttbar(nominal=[1, 2, 3])
        (problem,) = problems(output, data_processes=observation("TTbar"), data_variations={"TTbar": "JESUp"})
        assert "its variation axis has no 'JESUp', only nominal" in problem
