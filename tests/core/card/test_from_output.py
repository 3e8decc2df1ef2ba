"""Views of a card and its output under PocketCoffea's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from datacard_core import Datacard, DeclarationError, MCProcesses
from tests.support.outputs import PLUGINS, Output, bins, card, process, shape, signal_and_ttbar, simulated, written
from tests.support.rich import rich, rich_arguments, rich_card

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_datasets() -> None:
    """Datasets of a sample are those of a year, or of all years of the card."""
    made = rich_card()
    assert made.get_datasets_by_sample("VV", "2023") == ["VV_2023", "VV_ZZ_2023"]
    assert made.get_datasets_by_sample("TTbar") == ["TTbar_2022", "TTbar_2023"]
    with pytest.raises(DeclarationError, match=r"no datasets in 2023 of sample 'TTbr'.*did you mean 'TTbar'"):
        made.get_datasets_by_sample("TTbr", "2023")


@pytest.mark.slow
def test_empty_dataset() -> None:
    """A dataset without events in the preselection is empty."""
    made = rich_card()
    assert made.is_empty_dataset("VV_ZZ_2022")
    assert not made.is_empty_dataset("VV_2022")


@pytest.mark.slow
def test_templates_by_name(tmp_path: Path) -> None:
    """Templates by name are those of the file."""
    made = rich_card()
    file = written(made, tmp_path)
    named = {**made.create_shape_histogram_dict(), **made.create_shape_histogram_dict(is_data=True)}
    assert list(made.create_shape_histogram_dict(is_data=True)) == ["data_obs_nominal"]
    assert set(named) == set(file)
    for name, histogram in named.items():
        np.testing.assert_array_equal(histogram.values(), file[name][0])
        np.testing.assert_array_equal(histogram.variances(), file[name][1])


@pytest.mark.slow
def test_rearranged() -> None:
    """Rearranged histograms are in the card's bins, with flow, and before any treatment."""
    output = signal_and_ttbar(nominal=[10, -4, 30], JESUp=[12, 1, -3], JESDown=[9, 1, 1])
    # The edges are 0, 1, 2 and 3: the first bin becomes underflow.
    made = card(output, shape("JES"), bins_edges=[1, 2, 3])
    histogram = made.rearrange_histograms()
    assert histogram.axes.name == ("process", "variation", "events.m")
    assert histogram["ttbar_2022", "nominal", :].values(flow=True).tolist() == [10, -4, 30, 0]
    assert histogram["ttbar_2022", "JESUp", :].values().tolist() == [1, -3]
    assert histogram["signal_2022", "JESUp", :].values().tolist() == [2, 3]


@pytest.mark.slow
def test_rearranged_data() -> None:
    """Rearranged data have one process and no variation."""
    output = rich()
    made = Datacard(output.histograms, output.metadata, output.cutflow, **rich_arguments())
    data = made.rearrange_histograms(is_data=True)
    assert data.axes.name == ("process", "events.m")
    # 1 and 2 are underflow and overflow, in each of two years.
    assert data["data_obs", :].values(flow=True).tolist() == [2, 22, 30, 4]
    assert made.rearrange_histograms(is_data=True, category="CR")["data_obs", :].values().tolist() == [34, 26]


class TestShapeOnly:
    """Factors that keep totals, for a signal as for a background."""

    @staticmethod
    def output(categories: tuple[str, ...] = ("CR", "SR")) -> Output:
        """Return one signal: 10 in CR and 20 in SR, of which Up makes 24."""
        contents = {"CR": {"nominal": [10, 0], "JESUp": [10, 0], "JESDown": [10, 0]}}
        contents["SR"] = {"nominal": [0, 20], "JESUp": [0, 24], "JESDown": [0, 20]}
        return Output().add("Signal", "2022", simulated({name: contents[name] for name in categories}, bins(0, 1, 2)))

    @staticmethod
    def signal() -> MCProcesses:
        return MCProcesses([process("signal", "Signal", is_signal=True, has_rateParam=True)])

    def made(self, output: Output, **options: object) -> Datacard:
        arguments = {"mc_processes": self.signal(), "shape_only_for_rateparam": True, "plugins": PLUGINS, **options}
        return card(output, shape("JES", ["signal"]), rateparam_norm_categories=["CR", "SR"], **arguments)

    def test_signal(self) -> None:
        """The total of a signal with a free parameter stays nominal too, and it has no rateParam line."""
        made = self.made(self.output())
        # 10 + 20 over 10 + 24
        assert made.rateparam_shape_scale == {
            ("signal", "JES", "Up"): pytest.approx(30 / 34),
            ("signal", "JES", "Down"): 1,
        }
        assert made.rate("signal_2022", "JESUp") == pytest.approx(24 * 30 / 34)
        assert "rateParam" not in made.content()

    def test_factors_read_and_set(self) -> None:
        """A script may set the factors to those that the card has, as PocketCoffea's scripts do."""
        made = self.made(self.output())
        made.rateparam_shape_scale = made.compute_rateparam_shape_scales()  # type: ignore[misc]
        assert made.rateparam_shape_scale

    def test_histograms_of_another_variable(self) -> None:
        """Totals may come from a variable that is filled in all categories."""
        made = self.made(self.output(("SR",)), rateparam_norm_histograms=self.output().histograms)
        assert made.rateparam_shape_scale["signal", "JES", "Up"] == pytest.approx(30 / 34)

    def test_category_that_is_not_filled(self) -> None:
        """A category that the histograms lack is an error that names the argument."""
        with pytest.raises(ValueError, match=r"no category 'CR'.*as rateparam_norm_histograms"):
            self.made(self.output(("SR",)))
