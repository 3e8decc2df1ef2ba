"""Tests of the small output and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import DEFAULT_PLUGINS, SystematicUncertainty, load_plugins
from datacard_core.testing import small_card, small_output
from tests.support.conformance import Factor
from tests.support.plugins import Provider

if TYPE_CHECKING:
    import hist


def test_new_output_each_time() -> None:
    """A change of one output does not change the next."""
    one, other = small_output(), small_output()
    one["variables"]["x"]["Top"]["Top_2022"].view()["value"] = 0
    assert other["variables"]["x"]["Top"]["Top_2022"].values()[0, 0].tolist() == [30, 20, 10]


def test_documented_contents() -> None:
    """The small output has the contents that docs/plugins.md documents."""
    histograms = small_output()["variables"]["x"]
    # top: 30, 20 and 10 events in 2022, twice as many in 2023
    of_2023: hist.Hist[Any] = histograms["Top"]["Top_2023"]
    assert of_2023["SR", "nominal", :].values().tolist() == [60, 40, 20]  # type: ignore[union-attr]
    assert of_2023["SR", "jesUp", :].values().tolist() == [75, 40, 15]  # type: ignore[union-attr]
    assert of_2023["SR", "scale_1", :].variances().tolist() == [15, 15, 5]  # type: ignore[union-attr]
    assert [axis.name for axis in histograms["Data"]["Data_2022"].axes] == ["cat", "x"]


@pytest.mark.slow
def test_columns_and_data_of_the_card() -> None:
    """The small card has three processes in two years, and data."""
    card = small_card(SystematicUncertainty("lumi", "lnN", ["top"], ["2022"], 1.02))
    assert list(card.process_id) == ["signal_2022", "signal_2023", "top_2022", "top_2023", "vjets_2022", "vjets_2023"]
    assert card.observation == 2 * (60 + 45 + 31)
    assert [nuisance.name for nuisance in card.channel.nuisances] == ["lumi"]
    assert "SR_2022_2023 autoMCStats" in card.content()


@pytest.mark.slow
def test_arguments_of_the_card() -> None:
    """The small card takes the arguments of a Datacard."""
    plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Factor()))
    declared = SystematicUncertainty("mine", "factor", ["top"], ["2022"], 1.5, options={"power": 2})
    card = small_card(declared, plugins=plugins, mcstat=False, bin_suffix="mine")
    assert card.bin == "SR_mine"
    assert "2.25" in card.content()
    assert "autoMCStats" not in card.content()
