"""Attributes of a finished card, under the names that PocketCoffea's scripts read."""

from __future__ import annotations

import pickle

import pytest

from datacard_core import Analysis, Category, Datacard
from tests.support.outputs import PLUGINS, signal_and_ttbar, two_processes
from tests.support.rich import rich, rich_arguments, rich_card


@pytest.mark.slow
def test_output() -> None:
    """Histograms, metadata and cutflow are those that the script gave."""
    output = rich()
    made = Datacard(output.histograms, output.metadata, output.cutflow, **rich_arguments())
    assert made.histograms is output.histograms
    assert made.datasets_metadata == output.metadata
    assert made.cutflow is output.cutflow


@pytest.mark.slow
def test_options() -> None:
    """Options are read back, and those of autoMCStats one by one."""
    made = rich_card(rateparam_norm_categories=["SR", "CR"])
    assert made.rateparam_norm_categories == ["SR", "CR"]
    assert made.shape_only_for_rateparam
    assert not made.verbose
    assert made.mcstat is True
    assert (made.threshold, made.include_signal, made.hist_mode) == (10, 0, 1)


@pytest.mark.slow
def test_suffix_of_years() -> None:
    """Without a suffix, the years are the suffix."""
    assert rich_card().bin_suffix == "2022_2023"


def test_card_of_an_analysis() -> None:
    """A card of an analysis says that it keeps no histograms."""
    output = signal_and_ttbar(nominal=[1, 2, 3])
    analysis = Analysis(
        years=["2022"],
        mc_processes=two_processes(),
        systematics=rich_arguments()["systematics"].__class__(),
        categories={"SR": Category("m")},
        plugins=PLUGINS,
    )
    parts = {"variables": {"m": output.histograms}, "datasets_metadata": output.metadata, "cutflow": output.cutflow}
    made = analysis.build(parts)["SR"]
    with pytest.raises(AttributeError, match="built by an Analysis, which keeps no histograms: 'cutflow'"):
        _ = made.cutflow


@pytest.mark.slow
def test_pickle() -> None:
    """A card arrives from another process as the same text."""
    made = rich_card()
    assert pickle.loads(pickle.dumps(made)).content() == made.content()
